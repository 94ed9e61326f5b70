// Package format is the database in bytes: which buckets there are, what their keys and
// values hold, and how they are encoded and decoded.
//
// It is pure: it knows no database, no project in memory and no lock, and it never decides
// what is written. Package store does that. A decoder returns an error with ErrCorrupt in
// its chain for bytes that no encoder here wrote, and never panics.
//
// # The database, format 2
//
// All integers are big-endian unless said otherwise; varint is that of
// encoding/binary. A checksum is CRC-32C over key and value, 4 bytes at the end of
// the value: an engine may have none, and a bit that turned must not become an answer.
//
//	meta      format    8 bytes, 2
//	          identity  16 random bytes: tells derived indexes whose they are
//	          sealed    8 bytes: every id up to it is in a block, or purged
//	          blockSeq  8 bytes: newest sequence in changes
//	          project   8 bytes: last project number given
//
//	projects  name -> JSON: number, 32-byte secret (base64), state, deletion, how far
//	          a purge has come, counts and bounds of the blocks, spans
//
//	tail      id of the first entry (8) -> consecutive entries of one commit:
//	          version (1), recordedAt in microseconds (8), count (uvarint), body,
//	          checksum. The body, of version 2 an S2 block, is for each entry
//	          project number (uvarint), length (uvarint) and row.
//	          A row: flags (1), outcome (1), channel (1), createdAt (varint, flagged),
//	          then strings, each behind its length (uvarint): actor, action, resource
//	          type, id, name, location, detail, and what the flags announce
//
//	blocks    project (4), CreatedAt in microseconds with its sign bit turned (8) and
//	          id (8) of the first entry -> a block of package block
//
//	small     key of a block that is too small to be worth indexing -> nothing
//
//	changes   sequence (8) -> key of a block (20), 0, or 1 when it is gone. One key a
//	          block of indexable size, at the sequence in which it was written: what
//	          the full-text index follows. Those of deleted blocks stay
//
//	spans     project (4), field (1), start (16) -> which of up to 64 blocks hold which
//	          values of the field, by 32-bit hash: see Span.Encode. Field 17 has
//	          the combinations of type and actor that are in one row, and of rows
//	          that are no success those of outcome with type, actor and both
//
//	order     id / 896 (8) -> version (1), count (uvarint), for each id project
//	          number (uvarint; 0: purged) and CreatedAt in units of 2^20 microseconds
//	          less that of the id before (varint), checksum. Leads from an id to its
//	          block, and through the log in commit order
//
//	keys      project (4), idempotency key -> id (uvarint)
//
//	tokens    name -> record: package auth knows
//
//	cursors   name of a follower -> version (1), id or seq up to which it has come
//	          (varint), checksum
//
// History: 1 was never released: its keys of order had 1,024 ids each, its tail was
// not compressed and its spans had no combinations. It is refused.
//
// Each project has a random secret from its first entry on, and the canonical
// JSON of an entry is fixed: room for a tree of salted hashes over all entries that
// stays provable when a purge drops both.
package format
