package store

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
)

// TestGraceIsTimeThatPassed deletes a project and then opens the log with clocks that are wrong by
// years: its grace is over when so much time has passed while the log was open, in pieces, and
// not before. What was not kept when the log stopped has not passed.
func TestGraceIsTimeThatPassed(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	var passed time.Duration
	reopen := func(years int) *Store {
		passed = 0
		return open(t, dir, Options{Now: func() time.Time { return now.AddDate(years, 0, 0) }, Open: func() time.Duration { return passed }})
	}
	left := func(s *Store, want time.Duration) {
		t.Helper()
		if got, ok := s.Purges()["gone"]; !ok || got != want {
			t.Errorf("the purge begins in %v (%t), want %v", got, ok, want)
		}
	}
	s := reopen(0)
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("gone", 1)}); err != nil {
		t.Fatal(err)
	}
	passed = 20 * time.Minute
	if err := s.Pass(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(t.Context(), "gone", entry("gone", 2), audit.DeletionOrder{Grace: time.Hour}); err != nil {
		t.Fatal(err)
	}
	left(s, time.Hour)
	for i, years := range []int{10, -10, 0} {
		passed += 15 * time.Minute
		left(s, time.Hour-time.Duration(i+1)*15*time.Minute)
		if err := s.Pass(); err != nil {
			t.Fatal(err)
		}
		passed += 40 * time.Second // which nobody keeps
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = reopen(years)
		left(s, time.Hour-time.Duration(i+1)*15*time.Minute)
		p, err := s.Project("gone")
		want := now.AddDate(years, 0, 0).Add(time.Hour - time.Duration(i+1)*15*time.Minute)
		if err != nil || p.Deletion.PurgeAt.Sub(want).Abs() > life.ExpectedSlack {
			t.Errorf("the purge is told to begin at %v, want %v: %v", p.Deletion.PurgeAt, want, err)
		}
	}
	passed = 15 * time.Minute
	left(s, 0)
	if _, err := s.Restore(t.Context(), "gone", entry("gone", 3)); err != nil || len(s.Purges()) != 0 {
		t.Errorf("restored, and purged in %v: %v", s.Purges(), err)
	}
}

// TestGraceByTheClock opens a log in which a deletion has nothing but a time.
func TestGraceByTheClock(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	opts := Options{Now: func() time.Time { return now }, Open: func() time.Duration { return 0 }}
	s := open(t, dir, opts)
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("gone", 1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(t.Context(), "gone", entry("gone", 2), audit.DeletionOrder{Grace: time.Hour}); err != nil {
		t.Fatal(err)
	}
	err := s.db.Update(func(tx kv.Tx) error {
		rec, err := memory.ReadProject(tx, "gone")
		if err != nil {
			return err
		}
		rec.PurgeAfter = 0
		value, err := rec.Encode()
		if err != nil {
			return err
		}
		return tx.Bucket(format.Projects).Put([]byte("gone"), value)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(20 * time.Minute)
	s = open(t, dir, opts)
	if got := s.Purges()["gone"]; got != 40*time.Minute {
		t.Errorf("the purge begins in %v, want 40 minutes", got)
	}
}
