package found

import (
	"crypto/sha256"
	"strconv"

	"auditlog/audit"
	"auditlog/store/format"
)

// QueryHash returns what tells normalized queries apart, for the cursors of their pages.
func QueryHash(q *audit.Query) [format.HashSize]byte {
	sum := sha256.Sum256(appendQuery(make([]byte, 0, 256), q))
	return [format.HashSize]byte(sum[:])
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
