package store

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// After gives every entry once, in commit order, whichever part of the log it lies in,
// and counts what was purged as known.
func TestAfter(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour,
		sizes: blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 4, Ahead: 1}})
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	want := make(map[int64]string)
	projects := []string{"acme", "doomed", "globex", "initech"}
	for i := range 400 {
		e := entry(projects[i*7%11%4], i)
		e.CreatedAt = at.Add(time.Duration(i*7919%1009) * time.Second)
		got, err := s.Record(t.Context(), []*audit.Entry{e})
		if err != nil {
			t.Fatal(err)
		}
		if e.Project != "doomed" {
			want[got[0].ID] = e.Detail
		}
		if i%37 == 0 && i < 350 {
			if err := s.Seal(); err != nil {
				t.Fatal(err)
			}
		}
	}
	deletion := entry("doomed", 0)
	if _, err := s.Delete(t.Context(), "doomed", deletion, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	want[deletion.ID] = deletion.Detail   // outlives the purge
	want[deletion.ID+1] = deletion.Detail // its copy in the log's own project
	if _, err := s.PurgeStep(t.Context(), "doomed"); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 7, 100, 1000} {
		if got := follow(t, s, limit); !maps.Equal(got, want) {
			t.Errorf("%d at a time: %d entries, want %d", limit, len(got), len(want))
		}
	}
	for done := false; !done; {
		var err error
		if done, err = s.PurgeStep(t.Context(), "doomed"); err != nil {
			t.Fatal(err)
		}
	}
	got := follow(t, s, 33)
	for id, detail := range want {
		if got[id] != detail {
			t.Errorf("entry %d is %q after the purge, want %q", id, got[id], detail)
		}
	}
	entries, through, err := s.After(t.Context(), s.LastID()+5, 10)
	if err != nil || len(entries) != 0 || through != s.LastID()+5 {
		t.Errorf("behind the end: %d entries through %d, %v", len(entries), through, err)
	}
}

// AfterSeq gives a project's entries in the order of their seqs, those that purges left
// and the tail included.
func TestAfterSeq(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour,
		sizes: blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 4, Ahead: 1}})
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	record := func(n int) {
		for i := range n {
			e := entry("acme", i)
			e.CreatedAt = at.Add(time.Duration(i*7919%1009) * time.Second)
			if _, err := s.Record(t.Context(), []*audit.Entry{e, entry("globex", i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	record(30)
	if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = s.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	record(300)
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	record(3)
	want := []int64{31, 32} // project.delete and project.purge
	for seq := int64(33); seq < 33+303; seq++ {
		want = append(want, seq)
	}
	for _, limit := range []int{1, 7, 1000} {
		var got []int64
		for seq := int64(0); ; seq = got[len(got)-1] {
			entries, err := s.AfterSeq(t.Context(), "acme", seq, limit)
			if err != nil || len(entries) > limit {
				t.Fatalf("%d entries, %v", len(entries), err)
			}
			for _, e := range entries {
				got = append(got, e.Seq)
			}
			if len(entries) == 0 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d at a time: seqs %v", limit, got)
		}
	}
}

// follow reads the whole log and returns the details of its entries by id.
func follow(t *testing.T, s *Store, limit int) map[int64]string {
	t.Helper()
	got := make(map[int64]string)
	for through := int64(0); through < s.LastID(); {
		before := through
		entries, next, err := s.After(t.Context(), through, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.ID <= before || e.ID > next {
				t.Fatalf("entry %d in an answer behind %d, through %d", e.ID, through, next)
			}
			before = e.ID
			got[e.ID] = e.Detail
		}
		if next <= through || len(entries) > limit {
			t.Fatalf("%d entries behind %d, through %d", len(entries), through, next)
		}
		through = next
	}
	return got
}

// A follower's cursor is durable, its own, and not believed when it was damaged.
func TestCursors(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{SealAfter: time.Hour})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1), entry("acme", 2)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", strings.Repeat("x", audit.MaxCursorName+1)} {
		if err := s.SaveCursor(t.Context(), name, 1); audit.KindOf(err) != audit.Invalid {
			t.Errorf("a name of %d bytes: %v", len(name), err)
		}
	}
	for name, at := range map[string]int64{"siem": 2, "alerts": 1, "gone": 1} {
		if _, ok, err := s.Cursor(name); ok || err != nil {
			t.Errorf("%s is there before it is saved: %v", name, err)
		}
		if err := s.SaveCursor(t.Context(), name, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteCursor(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	checkClean(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{SealAfter: time.Hour})
	if at, ok, err := s.Cursor("siem"); at != 2 || !ok || err != nil {
		t.Errorf("siem is at %d, %t, %v", at, ok, err)
	}
	got, err := s.Cursors()
	if err != nil || !maps.Equal(got, map[string]int64{"siem": 2, "alerts": 1}) {
		t.Errorf("cursors are %v, %v", got, err)
	}
	err = s.db.Update(func(tx kv.Tx) error { // one that another's value stands under
		b := tx.Bucket(format.Cursors)
		return b.Put([]byte("siem"), bytes.Clone(b.Get([]byte("alerts"))))
	})
	if err != nil {
		t.Fatal(err)
	}
	if at, ok, err := s.Cursor("siem"); err == nil || ok {
		t.Errorf("a damaged cursor is at %d", at)
	}
	problems := 0
	if _, err := s.Check(t.Context(), func(string) { problems++ }); err != nil || problems != 1 {
		t.Errorf("the check finds %d problems, %v", problems, err)
	}
}
