package read

import (
	"time"

	"auditlog/audit"
	"auditlog/store/format"
)

func (q *prepared) encodeCursor(p audit.Position) string {
	from, to := q.query.Bounds()
	return format.EncodePage(format.Page{Hash: q.hash, Epoch: q.s.epoch.Load(), From: from, To: to, Last: p})
}

// continued returns the selection that a page with a cursor is of, and where the page before
// ended. It has the times of the first page: programs that ask for the last hour work that
// out anew for each page.
func (q *prepared) continued(cursor string) (*prepared, audit.Position, error) {
	p, ok := format.DecodePage(cursor)
	if !ok {
		return nil, p.Last, audit.FieldErrorf("cursor", "is not a cursor of this log: use the nextCursor of an answer")
	}
	if p.Hash != q.hash {
		return nil, p.Last, audit.FieldErrorf("cursor", "belongs to other projects, other filters or another order: page with what it came from")
	}
	if p.Epoch != q.s.epoch.Load() {
		return nil, p.Last, audit.FieldErrorf("cursor", "is of a time before the log lost entries: begin with the first page")
	}
	if from, to := q.query.Bounds(); from == p.From && to == p.To {
		return q, p.Last, nil
	}
	first := *q
	first.query.From, first.query.To = time.UnixMicro(p.From).UTC(), time.UnixMicro(p.To).UTC()
	first.ready()
	return &first, p.Last, nil
}
