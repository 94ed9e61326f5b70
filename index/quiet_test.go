package index

import (
	"fmt"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
	"auditlog/store"
)

// vanish has a block be gone, of which the log says nothing.
func (l *memoryLog) vanish(key fulltext.BlockKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.blocks, key)
}

// merge has a block be gone whose entries are in others.
func (l *memoryLog) merge(key fulltext.BlockKey) { l.change(key, memoryBlock{merged: true}) }

// Documents of blocks that went without a word are found by and by, and at once where the words of a
// purged project must go.
func TestSweep(t *testing.T) {
	l := newMemoryLog()
	for at := range int64(20) {
		l.put(key(1, 1+at), "web")
		l.put(key(2, 1+at), "secret")
	}
	r := start(t, testConfig(t.TempDir()+"/index", l))
	r.caughtUp()
	for at := range int64(10) {
		l.vanish(key(1, 1+at))
		l.vanish(key(2, 1+at))
	}
	for at := int64(100); at < 100+sweepFrom; at++ {
		l.put(key(1, at), "new")
	}
	r.until("rid of what vanished", func(s Status) bool { return s.Behind == 0 && s.Blocks == 20+sweepFrom })
	for at := int64(10); at < 15; at++ {
		l.vanish(key(2, 1+at))
	}
	for at := int64(100); at < 105; at++ {
		l.merge(key(1, at))
	}
	r.until("rid of what was merged", func(s Status) bool { return s.Behind == 0 && s.Blocks == 15+sweepFrom })
	l.put(key(1, 1), "new") // which is taken after what was merged, and what that brought with it
	r.until("rid of nothing else", func(s Status) bool { return s.Behind == 0 && s.Blocks == 16+sweepFrom })
	for at := int64(15); at < 20; at++ {
		l.set(key(2, 1+at), nil) // purged
	}
	r.until("rid of what was purged", func(s Status) bool { return s.Behind == 0 && s.Blocks == 6+sweepFrom })
	r.mustFind(2, "secret")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, r.cfg)
}

// Projects with a few entries are in the index once they are quiet, and searches over all of them are
// right before, meanwhile and after, when they grow and when they are purged.
func TestManySmallProjects(t *testing.T) {
	const projects = 300
	var ix *running
	s, cfg := openLog(t, store.Options{SealAfter: time.Millisecond, QuietAfter: 20 * time.Millisecond}, &ix)
	ix = start(t, cfg)
	name := func(i int) string { return fmt.Sprintf("p%03d", i) }
	g := audittest.New(1, time.Second)
	want := 0
	record := func(each, needles int) {
		t.Helper()
		entries := g.Entries(each)
		for i, e := range entries {
			if e.Project = name(i % projects); i < needles {
				e.Detail, e.Request.ID = "a needle", fmt.Sprintf("request-%d", i)
				e.Actor.Email, e.Action = "Rare@example.com", "needle.find"
			}
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		want += needles
	}
	search := func(q audit.Query, want int) {
		t.Helper()
		q.Within = audit.AllProjects()
		page, err := audittest.List(t.Context(), s, q, audit.Paging{Limit: 1000})
		if err != nil || len(page.Entries) != want {
			t.Fatalf("%+v finds %d entries, want %d, %v", q, len(page.Entries), want, err)
		}
	}
	searches := func() {
		t.Helper()
		search(audit.Query{Text: "needle"}, want)
		search(audit.Query{Text: `"a needle"`, Oldest: true}, want)
		search(audit.Query{Text: "nowhere"}, 0)
		search(audit.Query{Is: audit.Terms{"requestId": {"request-0"}}}, want/2)
		search(audit.Query{Is: audit.Terms{"actor": {"Rare@example.com"}}}, want)
		search(audit.Query{Is: audit.Terms{"actor": {"Rare@example.com"}, "action": {"needle.find"}}, Oldest: true}, want)
		search(audit.Query{Is: audit.Terms{"actor": {"Rare@example.com"}, "action": {"needle.*"}}}, want)
		search(audit.Query{Is: audit.Terms{"actor": {"Rare@example.com", "nobody"}}}, want)
		search(audit.Query{Is: audit.Terms{"actor": {"rare@example.com"}}}, 0)
		search(audit.Query{Is: audit.Terms{"actor": {"Rare"}}}, 0)
		search(audit.Query{Is: audit.Terms{"action": {"needle"}}}, 0)
		q := audit.Query{Within: audit.AllProjects(), Is: audit.Terms{"actor": {"Rare@example.com"}}}
		if st, err := audittest.Stats(t.Context(), s, q, audit.Counting{}); err != nil || st.Total != int64(want) {
			t.Fatalf("%d counted, want %d, %v", st.Total, want, err)
		}
	}
	indexed := func() {
		t.Helper()
		ix.until("told of small projects", func(st Status) bool { return st.Blocks >= projects && st.Behind == 0 })
	}
	record(3*projects, 2)
	searches()
	indexed()
	searches()
	for range 5 {
		record(projects, 2)
		searches()
	}
	indexed()
	searches()
	e := g.Entries(1)[0]
	e.CreatedAt = time.Time{}
	if _, err := s.Delete(t.Context(), name(7), e, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = s.PurgeStep(t.Context(), name(7)); err != nil {
			t.Fatal(err)
		}
		searches()
	}
	if err := ix.stop(); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, ix.cfg)
}
