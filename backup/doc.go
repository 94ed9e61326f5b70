// Package backup keeps copies of a log in a repository: a folder, a file or a bucket of
// objects, in which several backups share what they have in common.
//
// It reads a log's database through package kv, row by row, and knows nothing of entries,
// of blocks or of an engine: a backup is every bucket of the database as it was at one
// moment, and so ids, seqs, tokens and cursors are in it without being known. What is taken
// from one engine can be put into another. It never writes a log: package copies does.
//
// # The moment
//
// A backup is exactly one state of the database. [Take] first reads the database in many
// short transactions, each of a part, and stores what is new: rehearsals, whose
// sum is no state at all. Then it reads everything once more in a single transaction, the
// moment of the backup, hashes it, and keeps aside (in memory, beyond 8 MiB in a temporary
// file) only what the rehearsals did not see. Nothing is sent or stored while this
// transaction lasts, so it lasts as long as the machine takes to read and hash the
// database, whatever a slow network does: what writers free meanwhile is not used again
// until then, and nothing else is held up.
//
// This was chosen over copying blocks by key and sequence behind a transaction of the small
// buckets, with blocks that a purge or a merge replaces held back meanwhile: that has to
// know how each bucket may change, to reach into purge and sealing, and to be undone after
// a crash. Here nothing else knows that a backup is made.
//
// # The repository
//
//	repository.json              {"format": 1}: the version of what follows
//	parts/ab/abcd…               a part: consecutive rows of a bucket, named by their hash
//	snapshots/TIME-HASH.json     a backup, written last
//
// What a name stands for is final: a part that is written again says the same. Each file is written
// under a temporary name, synced and renamed, and a snapshot only once its parts are there
// and were read back: whatever is killed, the repository holds whole backups, and perhaps
// parts that no backup names, which [Prune] removes. A backup in one file is a tar archive
// of the same files, the snapshot last.
//
// A part is rows, each the length of its key (uvarint), the key, the length of the value
// (uvarint), the value; compressed as one zstd frame; and that encrypted with age if the
// backup is. Its name is 64 hexadecimal digits: the SHA-256 of the rows, or, where it is
// encrypted, the HMAC-SHA256 of "auditlog backup part\n" and the rows under a secret of the
// log, so that names tell nobody who does not have it what is in a part. The sizes of parts
// are in the open.
//
// Parts end where the rows themselves say so: behind a row whose key has an FNV-1a hash
// (64 bits, and mixed) below 2^64 times the row's size over 128 KiB, or once they have 512 KiB. So a
// row that changes changes one part, wherever it stands, and all others are shared: blocks
// of entries never change under their key.
//
// A snapshot is JSON in the open, without anything of the log but when, how much and which
// log: format, number, moment, log (its identity), program, entries, lastId, bytes, encrypted, index
// (the name of a part) and parts (the names of all, index included, each once and sorted).
// The HASH in its name is the first 16 digits of the SHA-256 of the file; TIME is the
// moment in UTC, for people. Which backup is the newer one is said by the number, one more than
// that of any before it in the repository, and not by clocks, which may be set. [Prune] needs nothing else, and no key.
//
// The index is a part that holds JSON instead of rows: format, moment, log, secret (that of
// the names, where the backup is encrypted), key (that which signs the log's checkpoints, where the backup is
// encrypted and for those alone who are to have it) and buckets, in an order: each its name and
// parts, in the order of keys: name, first (key), rows and bytes (of the rows). It leads to the part
// that a key is in: [Open] makes a database of it that can be read like any other, so that a log can be
// opened on a backup, and an entry be found by id or by seq without restoring it.
//
// # What is trusted
//
// Hashes lead from a snapshot's name to every byte. Who can write to the repository can
// delete backups, and put back older ones; who has only the recipients' public keys can make
// a part that decrypts, but not one with the right name.
package backup
