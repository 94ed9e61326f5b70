// Package memory is what a log keeps in memory of its database: its projects, with their records
// as they are on disk, and the tail, which are the entries that are in no block yet, of the whole
// log in commit order and of each project by position.
//
// It locks nothing. Package store guards all of it with one lock, and changes it only together
// with a commit, of its own or of another node (Delta); a reader may keep a slice that it took,
// which is never changed in place.
package memory
