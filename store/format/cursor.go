package format

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"auditlog/audit"
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

// The cursor of a listing is the position of the last entry of a page, bound to the query
// that it was made for: base64url of version, a hash of the query, the log's epoch, time and id.
const (
	pageVersion = 1
	// HashSize is the size of the hash of a query.
	HashSize = 8
	pageSize = 1 + HashSize + 4 + 8 + 8
)

// EncodePage returns the cursor of a page of a query that ends at a position.
func EncodePage(hash [HashSize]byte, epoch uint32, p audit.Position) string {
	b := append(make([]byte, 0, pageSize), pageVersion)
	b = append(b, hash[:]...)
	b = binary.BigEndian.AppendUint32(b, epoch)
	b = binary.BigEndian.AppendUint64(b, uint64(p.At))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ID))
	return base64.RawURLEncoding.EncodeToString(b)
}

// DecodePage reads what EncodePage made; ok is false for what it cannot have made.
func DecodePage(cursor string) (hash [HashSize]byte, epoch uint32, p audit.Position, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != pageSize || b[0] != pageVersion {
		return hash, 0, p, false
	}
	n := b[1+HashSize:]
	p = audit.Position{At: int64(binary.BigEndian.Uint64(n[4:])), ID: int64(binary.BigEndian.Uint64(n[12:]))}
	return [HashSize]byte(b[1:]), binary.BigEndian.Uint32(n), p, p.ID >= 1
}
