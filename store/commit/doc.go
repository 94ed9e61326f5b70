// Package commit puts one commit of the log together: the entries of calls get their ids, seqs and
// times, go to their projects, which are made where they are not there, and into rows of the tail;
// what a call changes beside that is in the same transaction. A part that is refused leaves nothing
// and does not hold the others up.
//
// It begins and ends no transaction, locks nothing and waits for nobody. It changes the memory only in
// Apply, once all is on disk. Package store commits by it what is recorded, and package purge the
// entry that ends a purge.
package commit
