package store

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/found"
)

func FuzzCursor(f *testing.F) {
	query := audit.Query{Project: "acme"}
	q := &prepared{query: query, hash: found.QueryHash(&query)}
	f.Add(q.encodeCursor(audit.Position{At: 5, ID: 7}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := q.decodeCursor(cursor)
		if err != nil {
			if audit.KindOf(err) != audit.Invalid {
				t.Errorf("%q: %v", cursor, err)
			}
			return
		}
		if again, err := q.decodeCursor(q.encodeCursor(p)); err != nil || again != p {
			t.Errorf("%q became %v, then %v: %v", cursor, p, again, err)
		}
	})
}

func TestCursorOfAnotherListing(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for i := range 9 {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i), entry("globex", i)}); err != nil {
			t.Fatal(err)
		}
	}
	first, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 3})
	if err != nil || first.Next == "" {
		t.Fatal(first, err)
	}
	for _, wrong := range []struct {
		query  audit.Query
		paging audit.Paging
	}{
		{audit.Query{Project: "globex"}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme", Actor: "ada@example.com"}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme", RecordedBy: "dev"}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme", From: time.Now().Add(-time.Hour)}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme"}, audit.Paging{Cursor: first.Next + "A"}},
		{audit.Query{Project: "acme"}, audit.Paging{Cursor: "none"}},
		{audit.Query{Project: "acme"}, audit.Paging{Limit: audit.MaxLimit + 1}},
		{audit.Query{Project: "acme"}, audit.Paging{Limit: -1}},
	} {
		if _, err := audittest.List(t.Context(), s, wrong.query, wrong.paging); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if _, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 5, Cursor: first.Next}); err != nil {
		t.Errorf("the same filters with another limit: %v", err)
	}
}
