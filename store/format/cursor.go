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
// that it was made for: base64url of version, a hash of the query but for its times, those
// times, the position's time and id, and the log's epoch.
const (
	pageVersion = 2
	// HashSize is the size of the hash of a query.
	HashSize = 8
	pageSize = 1 + HashSize + 8 + 8 + 8 + 8 + 4
)

// Page is where a page of a listing ends.
type Page struct {
	// Hash tells the query from others that differ by more than its times.
	Hash [HashSize]byte
	// From and To are the bounds of the query's times: see audit.Query.Bounds.
	From, To int64
	Last     audit.Position
	// Epoch is that of the log: ids may come again in the next.
	Epoch uint32
}

// EncodePage returns the cursor of a page.
func EncodePage(p Page) string {
	b := append(make([]byte, 0, pageSize), pageVersion)
	b = append(b, p.Hash[:]...)
	for _, v := range []int64{p.From, p.To, p.Last.At, p.Last.ID} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, p.Epoch))
}

// DecodePage reads what EncodePage made; ok is false for what it cannot have made.
func DecodePage(cursor string) (p Page, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) != pageSize || b[0] != pageVersion {
		return p, false
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[1+HashSize+8*i:])) }
	p = Page{[HashSize]byte(b[1:]), at(0), at(1), audit.Position{At: at(2), ID: at(3)}, binary.BigEndian.Uint32(b[pageSize-4:])}
	return p, p.Last.ID >= 1 && p.From <= p.Last.At && p.Last.At < p.To
}
