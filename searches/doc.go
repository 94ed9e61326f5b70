// Package searches holds the searches that people save by name, for themselves or for all who may
// read a project: who may, what is kept, and the entry that tells of it. The API and the page are
// doors to this one room.
//
// A search of one's own is the person's who logged in, or the token's: no name that the maker of a
// token chose leads to those of somebody else. Whoever may read entries may save searches for
// themselves; those for a project are its admins' to save and to delete. They go with its purge.
//
// It runs no search and reads no entry.
package searches
