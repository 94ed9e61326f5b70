package store

import (
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
