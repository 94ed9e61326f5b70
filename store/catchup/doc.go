// Package catchup brings what a store keeps in memory up to what other nodes have committed to the
// database: a memory that has taken in a delta (package memory) is as a start would have loaded it.
//
// It reads nothing, locks nothing and decides nothing. Package store alone uses it, with the locks
// held that guard the memory.
package catchup
