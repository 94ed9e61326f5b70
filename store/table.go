package store

import (
	"encoding/binary"

	"auditlog/fulltext"
)

// The buckets of the database. doc.go says what each holds, to the byte.
const (
	bucketMeta     = "meta"
	bucketProjects = "projects"
	bucketTail     = "tail"
	bucketBlocks   = "blocks"
	bucketSmall    = "small"
	bucketSpans    = "spans"
	bucketOrder    = "order"
	bucketSeqs     = "seqs"
	bucketChanges  = "changes"
	bucketKeys     = "keys"
	bucketTokens   = "tokens"
)

func allBuckets() []string {
	return []string{
		bucketMeta, bucketProjects, bucketTail, bucketBlocks, bucketSmall, bucketSpans,
		bucketOrder, bucketSeqs, bucketChanges, bucketKeys, bucketTokens,
	}
}

// risingBuckets are those whose keys mostly come in their order.
func risingBuckets() []string {
	return []string{bucketTail, bucketOrder, bucketSeqs, bucketChanges, bucketBlocks}
}

// The keys of the meta bucket.
var (
	metaFormat   = []byte("format")   // uint64: format version
	metaIdentity = []byte("identity") // 16 random bytes
	metaSealed   = []byte("sealed")   // uint64: every id up to it is in a block, or purged
	metaBlockSeq = []byte("blockSeq") // uint64: newest sequence of the changes bucket
	metaProject  = []byte("project")  // uint64: last project number given
)

// ProjectID numbers a project's incarnation, and BlockKey names a block: both as the
// full-text index knows them.
type (
	ProjectID = fulltext.ProjectID
	BlockKey  = fulltext.BlockKey
)

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func u32(n ProjectID) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// getU64 reads a value of eight bytes; an absent one is 0.
func getU64(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
