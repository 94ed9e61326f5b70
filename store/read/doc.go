// Package read answers what is asked of a log: listings, counts, exports, what comes behind an
// entry in commit order, and single entries.
//
// It begins read transactions, never another, changes neither memory nor database, and asks
// nobody for permission. Package store alone uses it, whose methods the ones of Log are.
//
// A reader takes what it needs of the memory first, the tail among it, and begins its
// transaction second: what is sealed in between is in both, and the transaction's own word on how
// far a project is sealed tells what to leave out.
//
// # Words
//
//	view        one state of one project: its blocks as a transaction sees them, and what of
//	            the tail is in none of these
//	prepared    a query made ready to be read by
//	stretch     in commit order, what was read behind an id or a seq
package read
