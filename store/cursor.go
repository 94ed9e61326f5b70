package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"auditlog/audit"
)

// A cursor is the position of the last entry of a page, bound to the query that
// it was made for: base64url of version, 8 bytes of a hash of the query, time
// and id.
const (
	cursorVersion = 1
	hashSize      = 8
	cursorSize    = 1 + hashSize + 8 + 8
)

func (q *prepared) encodeCursor(p audit.Position) string {
	b := append(make([]byte, 0, cursorSize), cursorVersion)
	b = append(b, q.hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.At))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ID))
	return base64.RawURLEncoding.EncodeToString(b)
}

func (q *prepared) decodeCursor(cursor string) (audit.Position, error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != cursorSize || b[0] != cursorVersion {
		return audit.Position{}, audit.FieldErrorf("cursor", "is not a cursor of this log: use the nextCursor of an answer")
	}
	if !bytes.Equal(b[1:1+hashSize], q.hash[:]) {
		return audit.Position{}, audit.FieldErrorf("cursor", "belongs to another project or other filters: page with the filters that it came from")
	}
	p := audit.Position{At: int64(binary.BigEndian.Uint64(b[9:])), ID: int64(binary.BigEndian.Uint64(b[17:]))}
	if from, to := q.query.Bounds(); p.ID < 1 || p.At < from || p.At >= to {
		return audit.Position{}, audit.FieldErrorf("cursor", "is not a cursor of this log: use the nextCursor of an answer")
	}
	return p, nil
}

// queryHash returns what tells normalized queries apart.
func queryHash(q *audit.Query) [hashSize]byte {
	sum := sha256.Sum256(appendQuery(make([]byte, 0, 256), q))
	return [hashSize]byte(sum[:])
}

// appendQuery appends every part of q, each so that none can be taken for another.
func appendQuery(b []byte, q *audit.Query) []byte {
	b = append(b, '[')
	for _, f := range audit.Fields() {
		if asked := f.Filter(q); asked != nil {
			b = append(strconv.AppendQuote(b, *asked), ' ')
		}
	}
	b = append(b, '[')
	for i, o := range q.Outcomes {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendQuote(b, string(o))
	}
	b = append(b, ']', ' ')
	from, to := q.Bounds()
	b = append(strconv.AppendInt(append(b, '"'), from, 10), '"', ' ')
	b = append(strconv.AppendInt(append(b, '"'), to, 10), '"', ' ')
	return append(strconv.AppendQuote(b, q.Text), ']')
}
