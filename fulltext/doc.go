// Package fulltext holds what a log and its full-text index say to each other, so
// that neither has to know the other: the query that an index makes for a log, the
// clues of its words, and the blocks that an index follows.
//
// A block is a part of a project's entries, next to each other in time, that the log
// keeps together; an index has a document of each. The log stays the truth: an index
// only says which blocks need not be looked into, and the entries of the others are
// checked one by one. So no answer depends on how far an index has come.
//
// It stands on package audit alone and does no I/O.
package fulltext
