package store

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"

	"auditlog/audit"
	"auditlog/store/format"
)

func (q *prepared) encodeCursor(p audit.Position) string { return format.EncodePage(q.hash, p) }

func (q *prepared) decodeCursor(cursor string) (audit.Position, error) {
	hash, p, ok := format.DecodePage(cursor)
	if ok && hash != q.hash {
		return audit.Position{}, audit.FieldErrorf("cursor", "belongs to another project or other filters: page with the filters that it came from")
	}
	if from, to := q.query.Bounds(); !ok || p.At < from || p.At >= to {
		return audit.Position{}, audit.FieldErrorf("cursor", "is not a cursor of this log: use the nextCursor of an answer")
	}
	return p, nil
}

// queryHash returns what tells normalized queries apart.
func queryHash(q *audit.Query) [format.HashSize]byte {
	sum := sha256.Sum256(appendQuery(make([]byte, 0, 256), q))
	return [format.HashSize]byte(sum[:])
}

// appendQuery appends every part of q, each so that none can be taken for another.
func appendQuery(b []byte, q *audit.Query) []byte {
	b = strconv.AppendQuote(append(b, '['), q.Project)
	for _, terms := range []audit.Terms{q.Is, q.Not} {
		b = append(b, '[')
		for _, name := range slices.Sorted(maps.Keys(terms)) {
			b = strconv.AppendQuote(b, name)
			for _, v := range terms[name] {
				b = strconv.AppendQuote(append(b, ' '), v)
			}
			b = append(b, ',')
		}
		b = append(b, ']')
	}
	from, to := q.Bounds()
	b = append(strconv.AppendInt(append(b, '"'), from, 10), '"', ' ')
	b = append(strconv.AppendInt(append(b, '"'), to, 10), '"', ' ')
	return append(strconv.AppendQuote(b, q.Text), ']')
}
