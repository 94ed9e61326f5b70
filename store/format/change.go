package format

import (
	"encoding/binary"
	"fmt"

	"auditlog/fulltext"
)

// What has become of a block, in the last byte of a change.
const (
	changeWritten = iota
	changeDeleted
	changeMerged
)

// ParseChange reads what EncodeChange wrote under a sequence.
func ParseChange(k, v []byte) (BlockChange, error) {
	if len(k) != 8 || len(v) != fulltext.BlockKeySize+1 {
		return BlockChange{}, fmt.Errorf("change %x: %w", k, ErrCorrupt)
	}
	key, err := fulltext.ParseBlockKey(v[:fulltext.BlockKeySize])
	how := v[fulltext.BlockKeySize]
	if err == nil && how > changeMerged {
		err = fmt.Errorf("change %x: %w", k, ErrCorrupt)
	}
	return BlockChange{Seq: binary.BigEndian.Uint64(k), Key: key, Deleted: how != changeWritten, Merged: how == changeMerged}, err
}

// EncodeChange returns the value of a change under its sequence.
func EncodeChange(c BlockChange) []byte {
	v := c.Key.Append(make([]byte, 0, fulltext.BlockKeySize+1))
	switch {
	case c.Merged:
		return append(v, changeMerged)
	case c.Deleted:
		return append(v, changeDeleted)
	}
	return append(v, changeWritten)
}
