package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"auditlog/audit"
)

// A cursor is the position of the last entry of a page, bound to the query that
// it was made for: base64url of version, 8 bytes of a hash of the query, time
// and id.
const (
	cursorVersion = 1
	cursorSize    = 1 + 8 + 8 + 8
)

func encodeCursor(q *audit.Query, p audit.Position) string {
	b := append(make([]byte, 0, cursorSize), cursorVersion)
	b = append(b, queryHash(q)...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.At))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ID))
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(q *audit.Query, cursor string) (audit.Position, error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != cursorSize || b[0] != cursorVersion {
		return audit.Position{}, audit.FieldErrorf("cursor", "is not a cursor of this log: use the nextCursor of an answer")
	}
	if !slices.Equal(b[1:9], queryHash(q)) {
		return audit.Position{}, audit.FieldErrorf("cursor", "belongs to another project or other filters: page with the filters that it came from")
	}
	p := audit.Position{At: int64(binary.BigEndian.Uint64(b[9:])), ID: int64(binary.BigEndian.Uint64(b[17:]))}
	if from, to := q.Bounds(); p.ID < 1 || p.At < from || p.At >= to {
		return audit.Position{}, audit.FieldErrorf("cursor", "is not a cursor of this log: use the nextCursor of an answer")
	}
	return p, nil
}

// queryHash returns 8 bytes that tell normalized queries apart.
func queryHash(q *audit.Query) []byte {
	from, to := q.Bounds()
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []any{
		q.Project, q.ResourceType, q.ResourceID, q.Action, q.Outcomes, q.Actor,
		string(q.ActorType), string(q.Channel), fmt.Sprint(from), fmt.Sprint(to), q.Text,
	}))
	return sum[:8]
}
