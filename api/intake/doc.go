// Package intake reads the entries that a call brings: one, several in each way that programs
// write several of them, or a stream of lines of any length that is committed chunk by chunk.
//
// An rpc.Scanner reads what well-behaved clients send. What it does not expect is
// read again by decodeEntry and decodeBatch, which are strict and word what is
// wrong: the one place where that is decided. What is held of a body comes out of the call's
// memory, and grows with what has arrived.
//
// It also tells which entries are of read-only actions, and so are not recorded. It records
// nothing itself and decides nothing about the caller. Package api alone uses it.
package intake
