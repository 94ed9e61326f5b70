package format

import (
	"encoding/binary"
	"fmt"
)

const followerCursorVersion = 1

// EncodeCursor returns version, position (varint) and a checksum over key and
// value.
func EncodeCursor(name []byte, at int64) []byte {
	return appendSum(name, binary.AppendVarint([]byte{followerCursorVersion}, at))
}

func DecodeCursor(name, value []byte) (at int64, err error) {
	body, err := cutSum(name, value, 2)
	if err != nil {
		return 0, fmt.Errorf("cursor %q: %w", name, err)
	}
	at, n := binary.Varint(body[1:])
	if body[0] != followerCursorVersion || n != len(body)-1 {
		return 0, fmt.Errorf("cursor %q: %w: version %d, %d bytes", name, ErrCorrupt, body[0], len(body))
	}
	return at, nil
}
