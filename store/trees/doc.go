// Package trees keeps the Merkle trees of the projects, and of the master log, in the database:
// tiles, heads and leaves, as package format has them.
//
// It knows a transaction and nothing else: when a tree grows, who signs it and what it is over
// is package notary's, which writes through it. Package check reads through it.
package trees
