package store

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

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
		{audit.Query{Project: "acme", Is: audit.Terms{"actor": {"ada@example.com"}}}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme", Is: audit.Terms{"recordedBy": {"dev"}}}, audit.Paging{Cursor: first.Next}},
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

// Programs that ask for the last hour work out its bounds anew for each page. Those of the first
// page count.
func TestCursorKeepsTheTimes(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	var all []*audit.Entry
	for i := range 20 {
		e := entry("acme", i)
		e.CreatedAt = time.Date(2026, 5, 4, 8, 0, i, 0, time.UTC)
		all = append(all, e)
	}
	if _, err := s.Record(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	q := audit.Query{Project: "acme", From: all[3].CreatedAt, To: all[17].CreatedAt}
	want, err := audittest.List(t.Context(), s, q, audit.Paging{})
	if err != nil || len(want.Entries) != 14 {
		t.Fatalf("%d entries, %v", len(want.Entries), err)
	}
	var got []int64
	for cursor, page := "", 0; page == 0 || cursor != ""; page++ {
		moved := q
		moved.From, moved.To = q.From.Add(time.Duration(page)*2*time.Second), q.To.Add(time.Duration(page)*time.Second)
		p, err := audittest.List(t.Context(), s, moved, audit.Paging{Limit: 3, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Entries {
			got = append(got, e.ID)
		}
		cursor = p.Next
	}
	for i, e := range want.Entries {
		if i >= len(got) || got[i] != e.ID {
			t.Fatalf("pages have %v, want %d at %d", got, e.ID, i)
		}
	}
	if len(got) != len(want.Entries) {
		t.Errorf("pages have %d entries, want %d", len(got), len(want.Entries))
	}
}
