package store

import (
	"testing"
	"time"

	"auditlog/audit"
)

func FuzzCursor(f *testing.F) {
	q := audit.Query{Project: "acme"}
	f.Add(encodeCursor(&q, audit.Position{At: 5, ID: 7}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := decodeCursor(&q, cursor)
		if err != nil {
			if audit.KindOf(err) != audit.Invalid {
				t.Errorf("%q: %v", cursor, err)
			}
			return
		}
		if again, err := decodeCursor(&q, encodeCursor(&q, p)); err != nil || again != p {
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
	first, err := s.List(t.Context(), Listing{Query: audit.Query{Project: "acme"}, Limit: 3})
	if err != nil || first.Next == "" {
		t.Fatal(first, err)
	}
	for _, l := range []Listing{
		{Query: audit.Query{Project: "globex"}, Cursor: first.Next},
		{Query: audit.Query{Project: "acme", Actor: "ada@example.com"}, Cursor: first.Next},
		{Query: audit.Query{Project: "acme", RecordedBy: "dev"}, Cursor: first.Next},
		{Query: audit.Query{Project: "acme", From: time.Now().Add(-time.Hour)}, Cursor: first.Next},
		{Query: audit.Query{Project: "acme"}, Cursor: first.Next + "A"},
		{Query: audit.Query{Project: "acme"}, Cursor: "none"},
		{Query: audit.Query{Project: "acme"}, Limit: MaxLimit + 1},
		{Query: audit.Query{Project: "acme"}, Limit: -1},
	} {
		if _, err := s.List(t.Context(), l); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if _, err := s.List(t.Context(), Listing{Query: audit.Query{Project: "acme"}, Limit: 5, Cursor: first.Next}); err != nil {
		t.Errorf("the same filters with another limit: %v", err)
	}
}
