// Package notary makes the log's history provable: it hashes what is recorded into a tree for
// each project, puts the state of all trees under one head a minute, signs that, and hands
// out proofs. What a proof is package proof says, and package trees where it is kept.
//
// It never changes an entry, and never signs what is not on disk: a checkpoint is committed
// together with what it is over. Two checkpoints that it signs are of one history, or of
// two logs with names of their own: a log that has lost entries, and is gone on with, has
// another name, and so has one that was restored from a backup.
//
// The server has one, which its worker runs and its API asks.
//
// # Words
//
//	covered  of an entry: below the size that the newest head has of its project
//	anchor   what leads from a project's checkpoint to one of the master log
package notary
