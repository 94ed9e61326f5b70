package format

import (
	"encoding/binary"
	"fmt"
)

// BlockChange tells a follower of the blocks that a block of indexable size was
// written or is gone.
type BlockChange struct {
	Seq     uint64
	Key     BlockKey
	Deleted bool
}

// ParseChange reads what Encode wrote under a sequence.
func ParseChange(k, v []byte) (BlockChange, error) {
	if len(k) != 8 || len(v) != BlockKeySize+1 {
		return BlockChange{}, fmt.Errorf("change %x: %w", k, ErrCorrupt)
	}
	key, err := ParseBlockKey(v[:BlockKeySize])
	return BlockChange{Seq: binary.BigEndian.Uint64(k), Key: key, Deleted: v[BlockKeySize] != 0}, err
}

// Encode returns the value of c under its sequence.
func (c BlockChange) Encode() []byte {
	v := c.Key.Append(make([]byte, 0, BlockKeySize+1))
	if c.Deleted {
		return append(v, 1)
	}
	return append(v, 0)
}
