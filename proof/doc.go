// Package proof is the mathematics by which a history is proved to people who trust nobody
// with it: commitments to entries, Merkle trees over them, checkpoints that are signed, and
// proofs that are checked offline.
//
// It invents nothing: trees are those of RFC 6962, and everything that leaves the program is
// in the formats of C2SP (signed-note, tlog-checkpoint, tlog-tiles, tlog-proof), so that
// tools of others read it. What is computed is computed by golang.org/x/mod/sumdb.
//
// It knows no entry, no store and no network, and keeps nothing. Anybody may use it: the
// store to make trees, those who check to check them.
//
// # Words
//
//	commitment  32 bytes that stand for an entry in a tree: SHA-256 of a salt and of the
//	            entry's canonical JSON. Without the salt it tells nothing of the entry
//	leaf        a commitment in a tree; its hash is SHA-256 of a zero byte and it
//	tile        up to 256 consecutive hashes of a level of a tree, each level being eight of
//	            the tree's own
//	checkpoint  origin, size and root of a tree. Signed it is what an outsider keeps
//	origin      the name of a tree: that of the log, of which every tree's is an extension
//	head        one state of all projects: the root of a tree over their checkpoints
//	master log  the tree whose leaves are the heads
package proof
