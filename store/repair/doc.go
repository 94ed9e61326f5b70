// Package repair makes a sound database of a damaged one, and of what else there is of the same
// log: backups, and files that entries were exported to.
//
// It trusts nothing that it does not find whole. What the damaged database still has is read
// around the damage; of each entry that is missing then, which the seqs, the order and the
// numbers of its neighbours tell, the others are asked. Entries keep id, seq and times, and all
// that leads to them is made anew: blocks, spans, seqs, order, keys. What stands for itself, as
// tokens do, is copied. What nobody has is lost, is named, and stays a gap in its project: its
// seqs and ids are not given again.
//
// Only the new database is written, and it is checked as any is. What becomes of it, and what
// is recorded of the repair, is the caller's.
//
// # Memory
//
// The entries of the overlap of a few blocks are in memory at a time, but of each id 16 bytes
// and of each entry of the project at hand some 60: a log of a hundred million in a hundred projects
// takes 2 GB.
package repair
