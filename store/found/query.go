package found

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"

	"auditlog/audit"
	"auditlog/store/format"
)

// QueryHash returns what tells normalized queries apart, whatever their times, for the cursors
// of their pages.
func QueryHash(q *audit.Query) [format.HashSize]byte {
	sum := sha256.Sum256(appendQuery(make([]byte, 0, 256), q))
	return [format.HashSize]byte(sum[:])
}

// appendQuery appends every part of q but its times, each so that none can be taken for another.
func appendQuery(b []byte, q *audit.Query) []byte {
	b = strconv.AppendQuote(append(b, '['), q.Project)
	if q.Project == "" {
		b = appendScope(b, q.Within)
	}
	if q.Oldest {
		b = append(b, '^')
	}
	for _, terms := range []audit.Terms{q.Is, q.Not} {
		b = append(b, '[')
		var names []string
		if len(terms) > 0 {
			names = slices.Sorted(maps.Keys(terms))
		}
		for _, name := range names {
			b = strconv.AppendQuote(b, name)
			for _, v := range terms[name] {
				b = strconv.AppendQuote(append(b, ' '), v)
			}
			b = append(b, ',')
		}
		b = append(b, ']')
	}
	return append(strconv.AppendQuote(b, q.Text), ']')
}

func appendScope(b []byte, s audit.Scope) []byte {
	names, all := s.Names()
	b = strconv.AppendBool(b, all)
	for _, name := range names {
		b = strconv.AppendQuote(b, name)
	}
	return b
}
