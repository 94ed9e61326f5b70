package store

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/format"
)

// hookContext calls do whenever it is asked whether it is over.
type hookContext struct {
	context.Context
	do func()
}

func (c hookContext) Err() error {
	c.do()
	return c.Context.Err()
}

// A follower that reads while the tail is sealed sees every entry.
func TestSinceMissesNothing(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour})
	seal := func() {
		if err := s.Seal(); err != nil {
			t.Error(err)
		}
	}
	for i := range 3 {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i)}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			seal()
		}
	}
	entries, err := s.Since(hookContext{t.Context(), seal}, "acme", 0, 10)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
}

// Who asks for what a small project has does not look through everybody else's entries.
func TestSinceOfSmallProjects(t *testing.T) {
	alone(t)
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour})
	record := func(project string, n int) {
		for i := range n {
			if _, err := s.Record(t.Context(), []*audit.Entry{entry(project, i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	record("small", 1)
	record("busy", 2000) // a look at each order row costs a look at the context, beside the first
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	record("fresh", 1) // nothing of it is sealed
	for project, most := range map[string]int{"fresh": 1, "small": 2, "unknown": 0} {
		looks := 0
		entries, err := s.Since(hookContext{t.Context(), func() { looks++ }}, project, 0, 100)
		if err != nil || looks > most || len(entries) != 1 && project != "unknown" {
			t.Errorf("%s: %d entries after %d looks, %v", project, len(entries), looks, err)
		}
	}
}

// meddler is a search for a part of a value, and does something when the index is asked.
type meddler struct {
	part string
	do   func()
}

func (m *meddler) Terms(value string) uint64 {
	if strings.Contains(value, m.part) {
		return 1
	}
	return 0
}

func (m *meddler) Whole(string) uint64 { return 0 }

func (m *meddler) Match(terms uint64) bool { return terms == 1 }

func (m *meddler) Clues() *fulltext.Clues { return nil }

func (m *meddler) Blocks(context.Context, []format.ProjectID, audit.Position, int64) ([][]format.BlockKey, uint64, bool, error) {
	m.do()
	return nil, 0, false, nil
}

// An entry older than all that comes in while a project is counted does no harm.
func TestStatsWhileOlderEntriesCome(t *testing.T) {
	m := &meddler{part: "Deployed"}
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour, Search: func(string) (fulltext.Query, error) { return m, nil },
		sizes: blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 4, Ahead: 1}})
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rec := func(i int) {
		e := entry("acme", i)
		e.CreatedAt = at.Add(time.Duration(i) * time.Hour)
		if _, err := s.Record(t.Context(), []*audit.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		rec(i)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	m.do = func() { rec(-1000) }
	stats, err := audittest.Stats(t.Context(), s, audit.Query{Project: "acme", Text: "Deployed"},
		audit.Counting{Bounds: []time.Time{at, at.Add(60 * time.Hour)}})
	if err != nil || stats.Buckets[0].Success != 60 {
		t.Fatalf("%+v, %v", stats, err)
	}
}

// Two who purge the same project do not get in each other's way: the project.delete
// entry stays as it was, and one project.purge follows.
func TestPurgedByTwo(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour})
	for i := range 50 {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{Grace: 0}); err != nil {
		t.Fatal(err)
	}
	deletion, err := s.Get(t.Context(), "acme", 51)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				done, err := s.PurgeStep(t.Context(), "acme")
				if err != nil {
					t.Error(err)
				}
				if done {
					return
				}
			}
		})
	}
	wg.Wait()
	again, err := s.Get(t.Context(), "acme", 51)
	if err != nil || string(again.AppendJSON(nil)) != string(deletion.AppendJSON(nil)) {
		t.Errorf("the project.delete entry has become %+v, %v", again, err)
	}
	purge, err := s.Get(t.Context(), "acme", 53)
	if err != nil || purge.Action != format.ActionPurge || s.LastID() != 54 {
		t.Errorf("the purge is %+v, %v, and the newest entry %d", purge, err, s.LastID())
	}
	checkClean(t, s)
}
