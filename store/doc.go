// Package store is the log itself: entries in an ordered key-value store (package kv),
// acknowledged only once they are on disk, listed newest first.
//
// It knows the engine through package kv alone, but for where a folder is opened and
// compacted. It never looks into full text (package index supplies a [Text]), never
// decides who may do what, and never deletes an entry but with its whole project.
//
// # How it works
//
// Recording appends to the tail and nothing else. One committer takes every call
// that waits, gives ids, and writes them in one transaction; a call is answered
// after the fsync. The tail is in memory too, by project and sorted, and bounded.
//
// The sealer moves the tail into blocks: up to 1,024 entries of one project,
// sorted by (CreatedAt, ID), in columns (package block). The blocks of a project
// do not overlap. New entries go into the last ones, which grow by merging in a
// geometric way; late ones are merged into the block that they belong to. It does
// its work on a read transaction, and holds the writer up for the last, short step.
//
// A listing merges the tail and the blocks from the newest down and stops when the
// page is full. Blocks say without being decoded which values they hold; spans say
// so for 64 blocks at once, and which values are in the same row. What was found out
// about an opened block is kept; its bytes mostly are not, but are read from the
// database again, and their checksum checked. A search checks the newest blocks
// itself and asks the index which of the others to look into; what the index does
// not know yet is looked into directly, so an answer is exact however far it is behind.
//
// # Who locks what
//
// Store.maintenance is held by whoever changes blocks (sealer, purge), then
// Store.writing by every write from its transaction to the change of the memory
// that goes with it, then Store.mu for moments. A reader takes the tail first and
// begins its transaction second: what is sealed in between is in both, and the
// transaction's own word on how far it is sealed tells what to leave out.
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
//	          values of the field, by 32-bit hash: see spanRecord.encode. Field 17 has
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
//
// # Crashes
//
// A commit is one transaction: after a crash all of it is there or nothing.
// Sealing moves entries from the tail to blocks in one transaction, each step of a
// purge is one that also says how far the purge has come. A new database is made
// under a temporary name and linked into place.
//
// A commit that failed and, as the engine knows, left nothing is answered with
// Unavailable, and the store goes on. After any other failure nobody
// knows what is on disk, and the store refuses to write until it is opened again.
package store
