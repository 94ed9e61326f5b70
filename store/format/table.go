package format

import (
	"encoding/binary"
	"fmt"

	"auditlog/audit"
)

// The buckets of the database. doc.go says what each holds, to the byte.
const (
	Meta     = "meta"
	Projects = "projects"
	Tail     = "tail"
	Blocks   = "blocks"
	Small    = "small"
	Spans    = "spans"
	Order    = "order"
	Changes  = "changes"
	Keys     = "keys"
	Tokens   = "tokens"
	Cursors  = "cursors"
)

// Buckets returns the names of all buckets.
func Buckets() []string {
	return []string{
		Meta, Projects, Tail, Blocks, Small, Spans,
		Order, Changes, Keys, Tokens, Cursors,
	}
}

// Rising are those whose keys mostly come in their order.
func Rising() []string {
	return []string{Tail, Order, Changes, Blocks}
}

// The keys of the meta bucket.
var (
	MetaFormat   = []byte("format")   // uint64: format version
	MetaIdentity = []byte("identity") // 16 random bytes
	MetaSealed   = []byte("sealed")   // uint64: every id up to it is in a block, or purged
	MetaBlockSeq = []byte("blockSeq") // uint64: newest sequence of the changes bucket
	MetaProject  = []byte("project")  // uint64: last project number given
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

// BlockKeySize is the size of a block's key.
const BlockKeySize = 20

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
	if len(b) != BlockKeySize {
		return BlockKey{}, fmt.Errorf("block key of %d bytes, want %d", len(b), BlockKeySize)
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
