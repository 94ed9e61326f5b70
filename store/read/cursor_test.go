package read

import (
	"sync/atomic"
	"testing"

	"auditlog/audit"
	"auditlog/store/found"
)

func FuzzCursor(f *testing.F) {
	query := audit.Query{Project: "acme"}
	q := &prepared{query: query, s: &Log{epoch: new(atomic.Uint32)}, hash: found.QueryHash(&query)}
	f.Add(q.encodeCursor(audit.Position{At: 5, ID: 7}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		same, p, err := q.continued(cursor)
		if err != nil {
			if audit.KindOf(err) != audit.Invalid {
				t.Errorf("%q: %v", cursor, err)
			}
			return
		}
		if _, again, err := q.continued(same.encodeCursor(p)); err != nil || again != p {
			t.Errorf("%q became %v, then %v: %v", cursor, p, again, err)
		}
	})
}
