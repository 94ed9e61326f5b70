// Package sink is the contract of the destinations that entries are shipped to, with its
// words: a Batch is what is delivered at once, a Kind describes a sort of destination, and
// three errors say what a destination wants to be done.
//
// Each destination is a package below this one, which knows its protocol and nothing of where
// entries are read, of cursors, of pauses or of dead letters: those are the shipper's, in the
// server or outside. Package kinds has the table of all, and opens them. What a destination
// must do is package sinktest's examination.
//
// A destination writes a batch in the program's Scratch, and holds nothing of it between two: there may be
// a thousand.
//
// A destination delivers at least once and in order: Deliver returns nil once the other side
// has confirmed the whole batch as far as its protocol can, and a batch that failed may be
// delivered again, whole, cut otherwise, or with others behind it. Where a protocol has ids,
// a destination uses audit.Lineage.Key, so that twice is once.
package sink
