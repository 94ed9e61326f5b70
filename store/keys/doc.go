// Package keys knows which idempotency keys the projects of a log have, and what came with
// them: whether an entry that is to be recorded was there before, is another one with the
// same key, or is new. It never decides what is recorded, and never takes a lock of the log's.
// Package store owns the index, the packages that commit, seal, load and repair change and read it by
// their transactions, and package check uses its hasher.
//
// # What a key is known by
//
// A keyed hash (SipHash-2-4, 128 bits) under a key that is derived, with a label, from the
// secret of the project's incarnation: made with its first entry, gone with its purge. Nobody
// without it can make two keys that collide, or learn from the database which keys there
// were. Beside it lie 4 bytes of another such hash, of all that the caller sent: the row of
// the entry but for who recorded it. An entry with the same sum is a duplicate, one with
// another a conflict, and nothing else of the first entry is asked. Two entries that differ have one sum
// by chance once in four billion keys that are used twice.
//
// # Where keys are
//
// Keys of the tail, and of what was sealed since keys were moved last, are in memory by all
// 128 bits (Recent), at most Sizes.MoveAt of them beside the tail. They are on disk in the tail's
// rows, and from the seal on in rows of fresh keys, which the start reads: bounded, however
// many keys there are. Then they move to runs, a run a project, sorted by hash and packed in
// rows: 32 bits of the hash, the entry's seq and the sum, in 8.5 bytes a key. Sizes.Fan runs of one
// level merge into one of the next, so that a key is written once a level, and a project has a
// few runs a level. Random keys are as cheap as counted ones, for the hash makes all random.
//
// A merge goes on in bounded steps, each one transaction. The runs that are merged have the
// hashes from some hash on, the one that they become those before it; a step takes the next
// rows from the ones to the other, and moves the bound. A crash between steps leaves the bound
// where it is.
//
// # Looking up
//
// A caller looks its keys up in its own goroutine (Index.Look), before its entries go to the
// committer, which reads nothing. Filters in memory, made of rows as they are written or read, tell of
// nearly every new key that it is in no run. What a run seems to have is read, and since 32
// bits say little, the key of the entry found is compared: so a collision costs one read of an
// entry, and is never an answer. Only then is a key known. What Look found is as of a count of
// moves; when the committer sees another, keys have moved from memory to runs in
// between, and the caller looks again.
//
// # What was tried
//
// A tree of all keys as they are costs 100 bytes for a UUID, half-filled pages and as many page
// writes as there are keys. A hash of 96 bits in the runs would need no entry to be compared,
// and 4 bytes more a key. Filters on disk would cost a byte and a half a key, and save reading
// rows once after a start.
package keys
