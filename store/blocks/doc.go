// Package blocks is the sealed part of a log in a database: the blocks of its projects, found
// by position, opened through a cache, merged with what is new, and written with everything
// that tells of them, which are the marks of small ones, the changes that followers read, the
// spans, by which a filter skips blocks, the order of ids and seqs, and the idempotency keys.
//
// It works on transactions of package kv that others begin, in the bytes of package format,
// and knows neither the tail nor a project but its number, and that of the layer. What it plans is worked out in a
// read transaction; writing a plan takes no decision and reads no block.
//
// # Words
//
//	position  (createdAt, id) of an entry, by which a project's entries are sorted
//	layer     blocks of a project that do not overlap: the first has most, those of late entries
//	          are merged by and by
//	key       of a block: its layer and the position of its first entry
//	small     a block that followers are not told of: it grows, and is looked into directly
//	quiet     of a small block: it has not changed for a while. Of many followers are told all the same
//	span      up to 64 blocks of which one record a field tells which hold a value
//	region    a span, or the gap between two
//	loose     a block behind the last span
//	extent    how far a layer's spans reach, and how many blocks are loose
//	section   how many entries of a span have which values: counts kept ahead of time
//	part      of a section, the range of positions that was a block's
//	late      entries that came into the range of a section after it was made
//	plan      which blocks and records go and come
//	move      the oldest entries of some layers get into another
//	front     of a layer: its oldest blocks, whose entries are moved
//	source    gives blocks one after the other, the newest first
package blocks
