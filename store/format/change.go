package format

import (
	"encoding/binary"
	"fmt"

	"auditlog/fulltext"
)

// ParseChange reads what EncodeChange wrote under a sequence.
func ParseChange(k, v []byte) (BlockChange, error) {
	if len(k) != 8 || len(v) != fulltext.BlockKeySize+1 {
		return BlockChange{}, fmt.Errorf("change %x: %w", k, ErrCorrupt)
	}
	key, err := fulltext.ParseBlockKey(v[:fulltext.BlockKeySize])
	return BlockChange{Seq: binary.BigEndian.Uint64(k), Key: key, Deleted: v[fulltext.BlockKeySize] != 0}, err
}

// EncodeChange returns the value of a change under its sequence.
func EncodeChange(c BlockChange) []byte {
	v := c.Key.Append(make([]byte, 0, fulltext.BlockKeySize+1))
	if c.Deleted {
		return append(v, 1)
	}
	return append(v, 0)
}
