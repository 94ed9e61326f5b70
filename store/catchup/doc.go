// Package catchup keeps what a store has in memory as the database is: it loads it when the store is
// opened, takes in what a commit has added, and what other nodes have committed: a memory that has
// taken in a delta (package memory) is as a start would have loaded it.
//
// It writes nothing, locks nothing and decides nothing. Packages store and commit use it, with the
// locks held that guard the memory.
package catchup
