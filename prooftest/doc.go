// Package prooftest has the log's history checked by programs that its authors did not write: the
// fsck of tessera, and the proofs of transparency-dev/merkle. They read a real server over
// HTTP. It is a module of its own, so that what they need is nothing that the log needs.
package prooftest
