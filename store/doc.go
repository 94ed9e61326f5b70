// Package store is the log itself: entries in an ordered key-value store (package kv),
// acknowledged only once they are on disk, listed newest first.
//
// It knows the engine through package kv alone, but for where a folder is opened and
// compacted. It never looks into full text (package index does, behind Options.Search), never
// decides who may do what, and never deletes an entry but with its whole project.
//
// # How it works
//
// Recording appends to the tail and nothing else. One committer takes the calls that
// wait, each token's and each project's in turn (package queue), gives ids, and writes them
// in one transaction; a call is answered after the fsync. The tail is in memory too, by
// project and sorted. It is bounded, and so is what one project or token has of it.
//
// The sealer moves the tail into blocks (package seal): up to 1,024 entries of one project,
// sorted by (CreatedAt, ID), in columns (package block). The blocks of a project
// do not overlap: late entries are merged into the block that they belong to, or where they are
// scattered over many come into layers of their own, and are merged later. It does
// its work on a read transaction, and holds the writer up for the last, short step.
//
// A listing merges the tail and the layers of blocks from the newest down and stops when the
// page is full. Blocks say without being decoded which values they hold; spans say
// so for 64 blocks at once, and which values are in the same row. What was found out
// about an opened block is kept; its bytes mostly are not, but are read from the
// database again, and their checksum checked. A search checks the newest blocks
// itself and asks the index which of the others to look into; what the index does
// not know yet is looked into directly, so an answer is exact however far it is behind.
//
// # Words
//
//	submission  one call on its way through the committer; several make one commit
//	tail        the entries that are in no block yet: of the whole log in commit order,
//	            and of each project by position
//	seal        moves the tail into blocks; a step of one is a transaction
//	layer       blocks of a project that do not overlap; there may be some for late entries
//	slot        what is known of an id of the tail, whether it is sealed or not
//	place       where an id lies: its project, and its time to about a second
//	own         of an entry: recorded by the log itself
//
// Packages read, walk and blocks have their own, and package format says what lies where.
//
// # Follow it through the files
//
// An entry that is recorded: commit.go (Record, prepare), format/rows.go and row.go, queue, commit.go
// again in the committer, update.go, commit/commit.go with project.go, format/tail_row.go, package kv's
// engine; later seal.go, seal/plan.go, seal/write.go, blocks/plan.go and span_plan.go, package block,
// blocks/writer.go; a late one by seal/late.go, and later again by seal/merge.go and blocks/move.go.
// A listing: read/prepare.go, read/list.go, read/walk.go, read/view.go, whose transaction catchup.go
// begins; walk/walker.go and walk/merge.go, blocks/source.go with its cursor, which skips by format/span.go,
// blocks/reader.go with its cache, package block, found/page.go. What changes in memory follows its
// commit, in the apply functions.
//
// # Who locks what
//
// Store.maintenance is held by whoever changes blocks (sealer, purge), then
// Store.writing by every write from its transaction to the change of the memory
// that goes with it, then memory.State.Mu for moments. A reader (package read) takes the tail
// first and begins its transaction second.
//
// # Seqs and purges
//
// A seq is given at the commit: dense in its project, never twice. A purge begins another
// incarnation of its project, with a number of its own: its first entry is the
// project.purge one, whose seq follows that of the project.delete before. The pairs of
// these that purges leave are moved to the incarnation that begins, and named in its record:
// their seqs are below its first, and in no key of seqs.
//
// # Several nodes
//
// On an engine that several nodes share, each has a store of its own, and a memory that may be
// behind. The engine numbers its states (kv.Tx.Version): where a transaction is of a later one
// than the memory, what was committed in between is read in it (memory.Delta) and taken in
// (package catchup), in an Update before anything is decided, in a reader before it takes anything
// from the memory. A commit is refused whose state is not the newest any more, and run again.
// What was worked out beside the writer, as a seal, is written only if no other node has
// changed blocks since. So all nodes answer as one would, whoever writes.
//
// Answers of those who follow the log wait until what they give cannot be lost (Store.Confirm). What
// one node does for all, the one on duty does (package duty).
//
// # Crashes
//
// A commit is one transaction: after a crash all of it is there or nothing.
// Sealing moves entries from the tail to blocks, each step in one transaction; a project
// that needs several has its record say which of the tail's entries are in blocks as well.
// The tail's rows go once all that is in them is sealed. Each step of a
// purge is one: what it has not deleted yet says how far it has come, and the last one
// records its end as well. A new database is made
// under a temporary name and linked into place.
//
// A commit that failed and, as the engine knows, left nothing is answered with
// Unavailable, and the store goes on. After any other failure nobody
// knows what is on disk, and the store refuses to write until it is opened again.
package store
