package store

import (
	"encoding/binary"
	"fmt"

	"auditlog/audit"
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
	bucketChanges  = "changes"
	bucketKeys     = "keys"
	bucketTokens   = "tokens"
	bucketCursors  = "cursors"
)

func allBuckets() []string {
	return []string{
		bucketMeta, bucketProjects, bucketTail, bucketBlocks, bucketSmall, bucketSpans,
		bucketOrder, bucketChanges, bucketKeys, bucketTokens, bucketCursors,
	}
}

// risingBuckets are those whose keys mostly come in their order.
func risingBuckets() []string {
	return []string{bucketTail, bucketOrder, bucketChanges, bucketBlocks}
}

// The keys of the meta bucket.
var (
	metaFormat   = []byte("format")   // uint64: format version
	metaIdentity = []byte("identity") // 16 random bytes
	metaSealed   = []byte("sealed")   // uint64: every id up to it is in a block, or purged
	metaBlockSeq = []byte("blockSeq") // uint64: newest sequence of the changes bucket
	metaProject  = []byte("project")  // uint64: last project number given
)

// ProjectID numbers a project's incarnation: a name that is recorded to again
// after its purge gets a new one.
type ProjectID uint32

// BlockKey names a block: its project and the position of its first entry. Keys
// sort as the bucket does: by project, then oldest first.
type BlockKey struct {
	Project ProjectID
	audit.Position
}

const blockKeySize = 20

// signBit makes two's complement sort as unsigned bytes do.
const signBit = 1 << 63

// Append appends the 20 bytes of k: project, time and id, big-endian, the time
// with its sign bit turned so that times before 1970 sort first.
func (k BlockKey) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(k.Project))
	b = binary.BigEndian.AppendUint64(b, uint64(k.At)^signBit)
	return binary.BigEndian.AppendUint64(b, uint64(k.ID))
}

// ParseBlockKey reads what Append wrote.
func ParseBlockKey(b []byte) (BlockKey, error) {
	if len(b) != blockKeySize {
		return BlockKey{}, fmt.Errorf("block key of %d bytes, want %d", len(b), blockKeySize)
	}
	return BlockKey{
		Project:  ProjectID(binary.BigEndian.Uint32(b)),
		Position: positionAt(b),
	}, nil
}

// positionAt reads the position out of a block key.
func positionAt(key []byte) audit.Position {
	return audit.Position{
		At: int64(binary.BigEndian.Uint64(key[4:]) ^ signBit),
		ID: int64(binary.BigEndian.Uint64(key[12:])),
	}
}

// String returns k as error messages and the check name a block.
func (k BlockKey) String() string {
	return fmt.Sprintf("block %d/%d/%d", k.Project, k.At, k.ID)
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func u32(n ProjectID) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// getU64 reads a value of eight bytes; an absent one is 0.
func getU64(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
