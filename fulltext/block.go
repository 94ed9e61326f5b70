package fulltext

import (
	"encoding/binary"
	"errors"
	"fmt"

	"auditlog/audit"
)

// ProjectID numbers a project's incarnation: a name that is recorded to again
// after its purge gets a new one.
type ProjectID uint32

// BlockKey names a block: its project and the position of its first entry. Its
// encoding sorts by project, then oldest first.
type BlockKey struct {
	Project ProjectID
	audit.Position
}

// BlockKeySize is the length of an encoded BlockKey.
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
	return BlockKey{ProjectID(binary.BigEndian.Uint32(b)), PositionAt(b)}, nil
}

// PositionAt reads the position out of an encoded BlockKey.
func PositionAt(key []byte) audit.Position {
	return audit.Position{
		At: int64(binary.BigEndian.Uint64(key[4:]) ^ signBit),
		ID: int64(binary.BigEndian.Uint64(key[12:])),
	}
}

// String returns k as error messages and the check name a block.
func (k BlockKey) String() string {
	return fmt.Sprintf("block %d/%d/%d", k.Project, k.At, k.ID)
}

// ErrDamaged says of a block of a log that what it holds cannot be read any more.
var ErrDamaged = errors.New("the block is damaged")

// BlockChange tells that a block was written or is gone, of those that an index is told of.
type BlockChange struct {
	Seq uint64
	Key BlockKey
	// Deleted says that the block is gone, and Merged of such a one that its entries are in others
	// since: nothing of it is to be forgotten.
	Deleted, Merged bool
}
