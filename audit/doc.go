// Package audit holds the words of this log: the entry, the query that selects
// entries, their validation, their canonical JSON, and the kinds of error that
// every other package answers with.
//
// It stands on the standard library alone, does no I/O, and never knows how an
// entry is stored, indexed or sent. Every other package may import it.
package audit
