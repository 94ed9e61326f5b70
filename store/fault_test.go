package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
)

// faulty makes one write of a store fail, or copies the database as it is at
// that moment, which is what a kill leaves.
type faulty struct {
	point point
	phase phase
	armed bool
	err   error
	copy  func() error
}

func (f *faulty) hook(at point, p phase) error {
	if !f.armed || at != f.point || p != f.phase {
		return nil
	}
	f.armed = false
	if f.copy != nil {
		return f.copy()
	}
	return f.err
}

// scene is an operation that writes, and how to tell whether it took place.
type scene struct {
	name  string
	point point
	setup func(*testing.T, *Store)
	run   func(context.Context, *Store) error
	done  func(*testing.T, *Store) bool
}

func scenes() []scene {
	mustRecord := func(t *testing.T, s *Store) {
		for i := range 30 {
			if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i), entry("globex", i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	mustDelete := func(t *testing.T, s *Store) {
		mustRecord(t, s)
		if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), 0); err != nil {
			t.Fatal(err)
		}
	}
	state := func(want State) func(*testing.T, *Store) bool {
		return func(t *testing.T, s *Store) bool {
			p, err := s.Project("acme")
			if err != nil {
				t.Fatal(err)
			}
			return p.State == want
		}
	}
	all := []scene{
		{"record", pointRecord, mustRecord, func(ctx context.Context, s *Store) error {
			e := entry("initech", 1)
			e.Key = "k"
			_, err := s.Record(ctx, []*audit.Entry{e, entry("acme", 99)})
			return err
		}, func(t *testing.T, s *Store) bool {
			_, err := s.Project("initech")
			return err == nil
		}},
		{"token", pointRecord, mustRecord, func(ctx context.Context, s *Store) error {
			return s.ChangeTokens(ctx, map[string][]byte{"t": []byte("x")}, nil, entry("acme", 1))
		}, func(t *testing.T, s *Store) bool {
			tokens, err := s.Tokens()
			if err != nil {
				t.Fatal(err)
			}
			return len(tokens) > 0
		}},
		{"delete", pointRecord, mustRecord, func(ctx context.Context, s *Store) error {
			_, err := s.Delete(ctx, "acme", entry("acme", 0), time.Hour)
			return err
		}, state(Deleting)},
		{"restore", pointRecord, mustDelete, func(ctx context.Context, s *Store) error {
			_, err := s.Restore(ctx, "acme", entry("acme", 0))
			return err
		}, state(Active)},
		{"seal", pointSeal, mustRecord, func(_ context.Context, s *Store) error { return s.Seal() },
			func(t *testing.T, s *Store) bool { return len(s.recent.entries) == 0 }},
	}
	return append(all, purgeScenes(mustDelete)...)
}

// purgeScenes are the steps of a purge, each with those before it done.
func purgeScenes(mustDelete func(*testing.T, *Store)) (all []scene) {
	step := func(ctx context.Context, s *Store) error {
		_, err := s.PurgeStep(ctx, "acme")
		return err
	}
	for n := range 5 {
		at := pointPurge
		if n == 1 {
			at = pointSeal
		}
		all = append(all, scene{fmt.Sprintf("purge step %d", n), at, func(t *testing.T, s *Store) {
			mustDelete(t, s)
			for range n {
				if err := step(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
		}, step, nil})
	}
	return all
}

// TestFaults goes through the matrix: each write, failed and absent, failed but
// on disk, and killed before or after; then opens again, checks, and goes on.
func TestFaults(t *testing.T) {
	for _, sc := range scenes() {
		t.Run(sc.name+"/absent", func(t *testing.T) { testAbsent(t, sc) })
		t.Run(sc.name+"/persisted", func(t *testing.T) { testPersisted(t, sc) })
		for _, p := range []phase{beforeCommit, afterCommit} {
			t.Run(fmt.Sprintf("%s/killed %d", sc.name, p), func(t *testing.T) { testKilled(t, sc, p) })
		}
	}
}

func openFaulty(t *testing.T, sc scene, f *faulty) (*Store, string) {
	dir := t.TempDir()
	s := open(t, dir, Options{SealAfter: time.Hour, fault: f.hook})
	sc.setup(t, s)
	f.armed = true
	return s, dir
}

// testAbsent wants a write that failed and left nothing to be as if it was never
// tried, and the store to go on.
func testAbsent(t *testing.T, sc scene) {
	f := &faulty{point: sc.point, phase: beforeCommit, err: syscall.ENOSPC}
	s, _ := openFaulty(t, sc, f)
	if err := sc.run(t.Context(), s); audit.KindOf(err) != audit.Unavailable || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a write on a full disk: %v", err)
	}
	if sc.done != nil && sc.done(t, s) {
		t.Error("it failed and took place")
	}
	if err := s.Err(); err != nil {
		t.Fatalf("the store does not go on: %v", err)
	}
	if err := sc.run(t.Context(), s); err != nil {
		t.Fatalf("the second try: %v", err)
	}
	proceed(t, sc, s)
}

// testPersisted wants a store that cannot know what is on disk to stop writing,
// and the next start to find the write whole.
func testPersisted(t *testing.T, sc scene) {
	f := &faulty{point: sc.point, phase: afterCommit, err: syscall.EIO}
	s, dir := openFaulty(t, sc, f)
	if err := sc.run(t.Context(), s); audit.KindOf(err) != audit.Unavailable {
		t.Fatalf("a write with an unknown end: %v", err)
	}
	if s.Err() == nil {
		t.Fatal("the store goes on without knowing what is on disk")
	}
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); audit.KindOf(err) != audit.Unavailable {
		t.Fatalf("recording to a broken store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{SealAfter: time.Hour})
	if sc.done != nil && !sc.done(t, s) {
		t.Error("it was on disk and is gone")
	}
	proceed(t, sc, s)
}

func testKilled(t *testing.T, sc scene, p phase) {
	left := t.TempDir()
	f := &faulty{point: sc.point, phase: p}
	s, dir := openFaulty(t, sc, f)
	f.copy = func() error { return copyFile(filepath.Join(left, FileName), filepath.Join(dir, FileName)) }
	if err := sc.run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if f.armed {
		t.Fatal("it never wrote")
	}
	s = open(t, left, Options{SealAfter: time.Hour})
	if sc.done != nil && sc.done(t, s) != (p == afterCommit) {
		t.Errorf("killed in phase %d and done: %t", p, sc.done(t, s))
	}
	proceed(t, sc, s)
}

// proceed uses a store after a fault: it checks, finishes a purge that was under
// way, records and seals, and checks again.
func proceed(t *testing.T, sc scene, s *Store) {
	t.Helper()
	checkClean(t, s)
	if p, err := s.Project("acme"); err == nil && slices.Contains([]State{Deleting, Purging}, p.State) && sc.point != pointRecord {
		for done := false; !done; {
			if done, err = s.PurgeStep(t.Context(), "acme"); err != nil {
				t.Fatal(err)
			}
		}
		checkClean(t, s)
		page, err := s.List(t.Context(), Listing{Query: audit.Query{Project: "acme"}})
		if err != nil || len(page.Entries) != 2 || page.Entries[0].Action != actionPurge ||
			page.Entries[0].Metadata["entries"] != "30" || page.Entries[0].Seq != 32 || page.Entries[1].Seq != 31 {
			t.Fatalf("after the purge: %+v, %v", page, err)
		}
	}
	before := s.LastID()
	got, err := s.Record(t.Context(), []*audit.Entry{entry("hooli", 1), entry("hooli", 2)})
	if err != nil || got[0].ID != before+1 || got[1].ID != before+2 {
		t.Fatalf("recorded %v behind %d: %v", got, before, err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	checkClean(t, s)
}

// What a seal that failed had in mind is not in the cache afterwards.
func TestFailedSealIsNotCached(t *testing.T) {
	f := &faulty{point: pointSeal, phase: beforeCommit, err: syscall.ENOSPC}
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour, fault: f.hook,
		sizes: sizes{blockRows: 4, indexableRows: 2, indexableBytes: 1 << 20, span: 4, ahead: 1}})
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rec := func(from, to int) {
		for i := from; i < to; i += 2 {
			e := entry("acme", i)
			e.CreatedAt = at.Add(time.Duration(i) * time.Second)
			if _, err := s.Record(t.Context(), []*audit.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
	}
	rec(0, 60)
	f.armed = true
	if err := s.Seal(); err == nil {
		t.Fatal("the seal did not fail")
	}
	rec(1, 60)
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	page, err := s.List(t.Context(), Listing{Query: audit.Query{Project: "acme"}, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range page.Entries {
		if want := at.Add(time.Duration(59-i) * time.Second); !e.CreatedAt.Equal(want) {
			t.Fatalf("entry %d of the page is of %v, want %v", i, e.CreatedAt, want)
		}
	}
}

func checkClean(t testing.TB, s *Store) Summary {
	t.Helper()
	sum, err := s.Check(context.Background(), func(problem string) { t.Error("check: " + problem) })
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
