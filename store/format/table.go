package format

import (
	"encoding/binary"

	"auditlog/fulltext"
)

// Version is that of the database which this program reads and writes.
const Version = 4

// The buckets of the database. doc.go says what each holds, to the byte.
const (
	Meta     = "meta"
	Projects = "projects"
	Tail     = "tail"
	Blocks   = "blocks"
	Small    = "small"
	Spans    = "spans"
	Order    = "order"
	Seqs     = "seqs"
	Changes  = "changes"
	Keys     = "keys"
	Tokens   = "tokens"
	Cursors  = "cursors"
	Usages   = "usage"
	Sinks    = "sinks"
	Searches = "searches"

	Tiles        = "tiles"
	Heads        = "heads"
	Master       = "master"
	Certificates = "certificates"
)

// Filling is the bucket of a database that is made of a copy, which is in none of Buckets: while a key
// is in it, the identity of the log, not all of that is there.
const Filling = "filling"

// Buckets returns the names of all buckets of a log.
func Buckets() []string {
	return []string{
		Meta, Projects, Tail, Blocks, Small, Spans,
		Order, Seqs, Changes, Keys, Tokens, Cursors, Usages, Sinks, Searches,
		Tiles, Heads, Master, Certificates,
	}
}

// Rising are those whose keys mostly come in their order.
func Rising() []string {
	return []string{Tail, Order, Seqs, Changes, Blocks, Master}
}

// Summed are those whose values carry a checksum of their own, which their decoders check.
func Summed() []string {
	return []string{Tail, Blocks, Spans, Order, Seqs, Tiles, Heads, Master, Certificates}
}

// The keys of the meta bucket.
var (
	MetaFormat   = []byte("format")   // uint64: format version
	MetaIdentity = []byte("identity") // 16 random bytes
	MetaSealed   = []byte("sealed")   // uint64: every id up to it is in a block, or purged
	MetaBlockSeq = []byte("blockSeq") // uint64: newest sequence of the changes bucket
	MetaProject  = []byte("project")  // uint64: last project number given
	MetaPassed   = []byte("passed")   // uint64: nanoseconds that the log was open, in which graces are counted; absent: none
	MetaEpoch    = []byte("epoch")    // uint64: how often a loss of commits was accepted; absent: never
	MetaTokens   = []byte("tokens")   // uint64: how often tokens were changed where several nodes share the database; absent: never
	MetaNodes    = []byte("nodes")    // JSON: the nodes that have the database open, where several may; absent: none
	MetaProofs   = []byte("proofs")   // JSON: whose the master log is; absent: there is none yet

	// MetaCheckpoint is the newest checkpoint of the master log, as a signed note, with what
	// witnesses have signed of it.
	MetaCheckpoint = []byte("checkpoint")
	// MetaCosigned is the newest one that witnesses have signed, where it is an older one.
	MetaCosigned = []byte("cosigned")
)

// ProjectID numbers a project's incarnation, BlockKey names a block, and BlockChange tells of
// one: as the full-text index knows them.
type (
	ProjectID   = fulltext.ProjectID
	BlockKey    = fulltext.BlockKey
	BlockChange = fulltext.BlockChange
)

// Uint64 returns n as a key or value of eight bytes.
func Uint64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// ProjectPrefix returns what the keys of a project begin with.
func ProjectPrefix(n ProjectID) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// ReadUint64 reads a value of eight bytes; an absent one is 0.
func ReadUint64(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
