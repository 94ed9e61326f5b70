// Package audit holds the words of this log: the entry, the query that selects
// entries, their validation, their canonical JSON, the kinds of error that every
// other package answers with, and the contract of a log (Log, Selection) with its
// words: Page, Stats, Project.
//
// Whoever uses a log asks for the parts of Log that it needs, in an interface of its
// own; an engine implements all of it, and passes the examination of store/storetest.
//
// It stands on the standard library alone, does no I/O, and never knows how an
// entry is stored, indexed or sent. Every other package may import it.
package audit
