package store

import (
	"errors"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/queue"
)

// used returns what a project and a token have used, in all and on the day of a time.
func used(s *Store, project, token string, at time.Time) [4]int64 {
	p := s.meter.Used(queue.Party{Kind: queue.Project, Name: project})
	k := s.meter.Used(queue.Party{Kind: queue.Token, Name: token})
	return [4]int64{p.Total, p.On(at), k.Total, k.On(at)}
}

// What is counted is the same before and after a crash, sealed or not, over midnight, and
// gone with a purge.
func TestUsageSurvives(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 5, 4, 23, 59, 0, 0, time.UTC)
	opts := Options{Now: func() time.Time { return now }, SealAfter: time.Hour}
	s := open(t, dir, opts)
	record := func(project string, n int) {
		t.Helper()
		var batch []*audit.Entry
		for i := range n {
			e := entry(project, i)
			e.RecordedBy = "tok"
			batch = append(batch, e)
		}
		mustRecordAll(t, s, batch)
	}
	same := func(when string) {
		t.Helper()
		before := used(s, "acme", "tok", now)
		checkClean(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, opts)
		if after := used(s, "acme", "tok", now); after != before || before[0] == 0 {
			t.Errorf("%s: used are %v, after a restart %v", when, before, after)
		}
	}
	record("acme", 10)
	one := used(s, "acme", "tok", now)
	if one[0] < 10*50 || one[0] > 10*120 || one != [4]int64{one[0], one[0], one[0], one[0]} {
		t.Errorf("ten small entries use %v", one)
	}
	same("in the tail")
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	same("sealed")
	record("acme", 10)
	record("other", 10)
	now = now.Add(2 * time.Minute)
	record("acme", 10)
	u := used(s, "acme", "tok", now)
	if u[0] != 3*one[0] || u[1] != one[0] || u[3] != one[0] || u[2] <= u[0] {
		t.Errorf("after midnight %v, of which each ten are %v", u, one)
	}
	same("partly sealed, after midnight")
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	same("all sealed, after midnight")

	if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = s.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if left := used(s, "acme", "tok", now); left[0] >= one[0] || left[2] != u[2] {
		t.Errorf("after the purge used are %v, the token had %v", left, u)
	}
	same("purged")
}

// A limit refuses what is over it, and neither the log's own entries nor those of others.
func TestLimitsOfAStore(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	s := open(t, t.TempDir(), Options{Now: func() time.Time { return now }, Limits: []audit.Limit{
		{Name: "small", Each: audit.EachProject, Only: []string{"acme"}, BytesPerDay: 500},
	}})
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		_, err = s.Record(t.Context(), []*audit.Entry{entry("acme", n)})
	}
	var over *audit.Exceeded
	if !errors.As(err, &over) || over.Amount != audit.AmountPerDay || over.Name != "acme" || over.After != 12*time.Hour || n < 4 || n > 10 {
		t.Fatalf("entry %d: %v", n, err)
	}
	mustRecordAll(t, s, []*audit.Entry{entry("other", 1)})
	if err := s.RecordOwn(t.Context(), entry("acme", 1)); err != nil {
		t.Error(err)
	}
	// A repeated one is no more than what is there, but is counted until that is known.
	if p, err := s.Project("acme"); err != nil || p.Entries != int64(n) {
		t.Errorf("%d entries are there, %v", p.Entries, err)
	}
	now = now.Add(12 * time.Hour)
	mustRecordAll(t, s, []*audit.Entry{entry("acme", n)})
	checkClean(t, s)
}
