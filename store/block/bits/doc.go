// Package bits is the arithmetic below a block: sets of rows, packed lists of integers, bit
// planes, and a scanner of bytes that nobody trusts.
//
// It knows no block, no column and no entry, imports nothing of this module, and holds no
// bytes: what a list was scanned from is given to it again with each read. Package column, and
// what stands on it, may use it.
//
// A list is scanned once, with every offset checked, and then read where it lies. What lies
// behind a checked offset can be wrong, but not out of bounds, provided that Slack zero bytes
// follow everything that is scanned.
//
// Words: a frame is 64 integers that share a base and a width; a plane is one bit of the
// index of every element; rank is how many elements before one have the same index.
package bits
