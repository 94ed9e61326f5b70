// Package format is the database in bytes: which buckets there are, what their keys and
// values hold, and how they are encoded and decoded.
//
// It is pure: it knows no database, no project in memory and no lock, and it never decides
// what is written. Packages store and those below it do that. A decoder returns an error with ErrCorrupt in
// its chain for bytes that no encoder here wrote, and never panics.
//
// # The database, format 4
//
// All integers are big-endian unless said otherwise; varint is that of
// encoding/binary. A checksum is CRC-32C over key and value, 4 bytes at the end of
// the value: an engine may have none, and a bit that turned must not become an answer.
//
// In the bbolt file every value has 4 bytes more at its end, which package boltkv puts
// there and takes off: CRC-32C over the name of the bucket, the key and the value, or over name
// and key alone in the buckets that Summed names, whose values have the checksum told below.
// The empty bucket _commit has the stamp of the newest commit; a file without one gets it when it is
// opened. Beside the file lies its mark, auditlog.db.mark: see package boltkv.
//
//	meta      format    8 bytes, 4
//	          identity  16 random bytes: tells derived indexes whose they are
//	          sealed    8 bytes: every id up to it is in a block, or purged
//	          blockSeq  8 bytes: newest sequence in changes
//	          project   8 bytes: last project number given
//	          passed    8 bytes: nanoseconds in which the log was open, as far as it was worth
//	                    keeping; absent: none
//	          epoch     8 bytes: how often a loss of commits was accepted; absent: never
//	          tokens    8 bytes: how often tokens were changed where several nodes share the
//	                    database, so that each sees that another has; absent: never
//	          nodes     JSON: which nodes have the database open, where several may, and which of
//	                    them does what one does for all: see Nodes. Absent: none
//	          proofs    JSON: lineage of the master log, the public keys that signed it, a
//	                    secret of 32 bytes that fills the heads' trees, number of leaves;
//	                    absent: no head was made yet
//	          checkpoint  the newest checkpoint of the master log, a signed note
//	          cosigned    the newest one that a witness has signed, absent where none has
//
//	projects  name -> JSON: number, 32-byte secret (base64), state, deletion, hold, how far
//	          a purge has come, number and first seq of the incarnation, newest seq
//	          up to which all is in blocks, how far a seal has come that takes
//	          several steps, the entries that purges left, counts and bounds of the
//	          blocks and how far their spans reach, the same of each layer of late
//	          entries by its number ("late", absent: there is none), and which of these
//	          are being merged into which ("merging")
//
//	tail      id of the first entry (8) -> consecutive entries of one commit, some
//	          of which may be in blocks already, as the projects' records say:
//	          version (1), recordedAt in microseconds (8), count (uvarint), body,
//	          checksum. The body, of version 2 an S2 block, is for each entry
//	          project number · 2 (uvarint), length (uvarint) and row. The number is
//	          one more, and the seq (uvarint) follows it, with the first entry of a
//	          project and where a seq does not follow the one before.
//	          A row: flags (1), outcome (1: success, 2: forbidden, 3: error), channel
//	          (0: none, 1: api, 2: console, 3: cli, 4: mcp), createdAt (varint,
//	          flagged), then strings, each behind its length (uvarint): actor,
//	          action, resource type, id, name, location, detail, recordedBy, and
//	          what the flags announce
//
//	blocks    layer (4), CreatedAt in microseconds with its sign bit turned (8) and
//	          id (8) of the first entry -> a block of package block. A layer is the project's
//	          number, with the number of a layer of late entries in the upper 4 bits, which
//	          are 0 for the project's first layer: see Layer
//
//	small     key of a block that is too small to be worth indexing, until it has not
//	          changed for a while and there are many such blocks -> its sequence (8), or nothing
//	          where format 3 put it
//
//	changes   sequence (8) -> key of a block (20), 0, or 1 when it is gone, or 2 when
//	          it is gone because its entries are in other blocks (before format 4: 1). One key a
//	          block that is not in small, at the sequence in which it was written: what
//	          the full-text index follows. Those of blocks that are gone stay. A
//	          block that was in small before and came into another has none then
//
//	spans     layer (4), field (1), start (16) -> which of up to 64 blocks hold which
//	          values of the field, by 32-bit hash: see Span.Encode. Field 17 has
//	          the combinations of type and actor that are in one row, and of rows
//	          that are no success those of outcome with type, actor and both
//
//	          Under field 18 is the section of a span: how many of its entries have which
//	          values together in the fields that are counted, by part, which is a range of
//	          positions, that of a block when the span was made. Under field 19, which may be
//	          absent, those that came late and are not in it yet: see Section.Encode. A span
//	          has no section where it would be too large
//
//	order     id / 1,024 (8) -> version (1), count (uvarint), number of projects
//	          (uvarint), for each its number and the seq of its first id here
//	          (uvarints), for each id which of these, from 1, as ints of package block;
//	          checksum. 0 is an id that was purged. The seqs of a project's other ids
//	          follow its first; where one does not, the project is there again. Leads
//	          from an id to its project and seq, and through the log in commit order
//
//	seqs      project (4), (seq less the incarnation's first) / 256 (8) -> version (1),
//	          count (uvarint), unit (1), ids as ints, CreatedAt in units of 2^unit
//	          microseconds as ints, checksum. Leads from a seq to its entry's block
//
//	keys      Idempotency keys of sealed entries, by a hash of 128 bits with a secret that is
//	          derived from the project's (package keys). They come in rows of two kinds:
//	          0 (4), greatest id (8) -> the keys that a seal has sealed: version (1), and for
//	          each project its number, how many (uvarints), and of each key the hash (16),
//	          how far id and seq are above those before (uvarints), and the sum (4), a hash
//	          of what the caller sent; checksum. They are few, and in memory.
//	          project (4), run (4), row (4) -> keys whose hash begins with the row's number
//	          in as many bits as the run has: version (1), count, least seq (uvarints),
//	          width of a seq above it (1), then packed from the lowest bit, each list to a
//	          whole byte: the next bits of the hashes in unary (as many high parts as the
//	          greatest power of two up to the count: a 1 a key, a 0 behind each part), the
//	          rest of 32 bits of each, the seqs; and the sums (4 each); checksum. Every
//	          row of a run is there, also an empty one. Which runs there are, and which
//	          hashes are looked for in which while two become one, is in the
//	          project's record
//
//	tokens    name -> record of a token or a session: package auth knows
//
//	usage     p and project (4), or t and recordedBy -> version (1), bytes of rows that
//	          are sealed, day since 1970, bytes of that day (uvarints), checksum
//
//	cursors   name of a follower -> version (1), id or seq up to which it has come
//	          (varint), checksum
//
//	searches  name of a row -> what package searches keeps there, as JSON: a search that somebody
//	          saved. Names of those for a project begin with it, as audit.SearchesFor says
//	sinks     name of a row -> what package shipping keeps there: settings of sinks, how
//	          far each has come, and the ids of what was refused
//
//	tiles     project (4), level (1), number (8) -> a tile of the project's tree, of its
//	          present incarnation: version (1), up to 256 hashes (32 each) of the level that
//	          is 8 times as high, checksum. Level 0, the leaves, is computed from the entries;
//	          hash n of level 1 is over those of the key n of seqs, once that is full. Project
//	          0 is the master log
//
//	heads     project (4) -> the project's tree as the newest head has it: version (1), size
//	          (uvarint), root (32), checksum
//
//	master    number (8) -> a leaf of the master log: version (1), its text (package proof:
//	          Head and Continuation), checksum
//
//	certificates  project name, 0, incarnation (4) -> what proves of an incarnation that was
//	          purged that it was: version (1), an evidence bundle, checksum
//
//	filling   identity of the log that is being copied to here (16) -> nothing: until that is
//	          done and the key gone, no log is opened. Only in databases that were made so
//
// History: 4 has tiles, heads, master, certificates, sinks and searches, which the step from 3 makes,
// empty. What is there already is hashed by and by, as what comes is. It has layers of late entries, of
// which a project of format 3 has none. 3 is the first that is released; from it on an older format is
// brought up to date by the steps of package upgrade. 1 and 2 were not: they had no seqs and no
// recordedBy, and outcomes and channels were indexes into lists. They are refused.
//
// Each project has a random secret from its first entry on, which the salts of its leaves are
// derived from, and a key of seqs holds as many entries as a tile has leaves. A purge drops
// secret and tiles: nobody can guess then what was in the tree, and its root still binds.
package format
