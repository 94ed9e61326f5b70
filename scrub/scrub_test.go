package scrub_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/audit/audittest"
	"auditlog/scrub"
	"auditlog/store"
	"auditlog/store/check"
)

// pieces is a log of some pieces, one of which may be damaged.
type pieces struct {
	n, damaged int
	reads      []string
	err        error
	lacking    time.Time     // when a part goes missing
	slow       time.Duration // how long a check takes
}

func (p *pieces) ReadSome(_ context.Context, at check.At, _ int, report func(string)) (check.At, int, error) {
	if p.err != nil {
		return check.At{}, 0, p.err
	}
	i := len(at.After)
	p.reads = append(p.reads, at.Bucket+string(at.After))
	if i == p.damaged {
		report("piece is damaged")
	}
	if i+1 == p.n {
		return check.At{}, 1 << 20, nil
	}
	return check.At{Bucket: "b", After: append(at.After[:i:i], 'x')}, 1 << 20, nil
}

func (p *pieces) ReadStructure(report func(string)) error {
	if !p.lacking.IsZero() && !time.Now().Before(p.lacking) {
		report("a part of it is missing")
	}
	return nil
}

func (p *pieces) CheckTold(ctx context.Context, report func(string), progress func(float64)) (check.Summary, error) {
	progress(0.5)
	if p.slow > 0 {
		select {
		case <-time.After(p.slow):
		case <-ctx.Done():
			return check.Summary{}, ctx.Err()
		}
	}
	if p.damaged >= 0 {
		report("the check finds it")
	}
	return check.Summary{Entries: 7}, nil
}

func (p *pieces) Size() (total, free int64, err error) { return int64(p.n) << 20, 0, nil }

// Everything is read once a period, and each part of it after another; a restart goes on
// where the one before was.
func TestRoundTakesThePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &pieces{n: 10, damaged: 4}
		opts := scrub.Options{Period: 10 * time.Hour, Path: filepath.Join(t.TempDir(), "scrub.json")}
		run := func(d time.Duration) scrub.Status {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			w := scrub.New(log, opts)
			if err := w.Run(ctx); err != nil {
				t.Fatal(err)
			}
			return w.Status()
		}
		st := run(5*time.Hour + 30*time.Minute)
		if st.Last != nil || st.Slow == nil || st.Slow.Problems != 1 || st.Progress < 0.5 || st.Progress > 0.7 {
			t.Errorf("halfway: %+v, %+v", st, st.Slow)
		}
		st = run(5 * time.Hour)
		if st.Last == nil || st.Last.Problems != 1 || st.Last.Whole || len(log.reads) < 10 {
			t.Errorf("in the end: %+v after %d reads", st, len(log.reads))
		}
		seen := make(map[string]bool)
		for _, r := range log.reads[:10] {
			if seen[r] {
				t.Errorf("%q is read twice", r)
			}
			seen[r] = true
		}
	})
}

// A check runs when it is asked for, one at a time; a round that cannot go on says why.
func TestCheckAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &pieces{n: 3, damaged: -1, err: errors.New("the disk fails")}
		w := scrub.New(log, scrub.Options{Period: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		if !w.Start() || w.Start() {
			t.Error("a second check is begun while one is under way")
		}
		synctest.Wait()
		if st := w.Status(); st.Check != nil || st.Last == nil || !st.Last.Whole || st.Last.Entries != 7 {
			t.Errorf("after the check: %+v", st)
		}
		time.Sleep(time.Hour)
		if st := w.Status(); st.Last == nil || st.Last.Err != "the disk fails" {
			t.Errorf("after the disk failed: %+v", st.Last)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A check tells how much of it is done, and can be stopped: nothing is told of it then, and
// another can follow.
func TestStopACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &pieces{n: 3, damaged: -1, slow: time.Minute}
		w := scrub.New(log, scrub.Options{Period: -1})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		if w.Stop() {
			t.Error("no check is stopped")
		}
		w.Start()
		time.Sleep(time.Second)
		if st := w.Status(); st.Check == nil || st.Checked != 0.5 {
			t.Errorf("under way: %+v", st)
		}
		if !w.Stop() {
			t.Error("the check is not stopped")
		}
		synctest.Wait()
		if st := w.Status(); st.Check != nil || st.Last != nil {
			t.Errorf("stopped: %+v", st)
		}
		w.Start()
		time.Sleep(2 * time.Minute)
		if st := w.Status(); st.Check != nil || st.Last == nil || st.Last.Entries != 7 {
			t.Errorf("the next: %+v", st)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// In a real log the reader comes across every value, and damage in one is told.
func TestReadsAStore(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	entries := audittest.New(1, time.Minute).Entries(3000)
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	read := func() (bytes int, faults []string) {
		t.Helper()
		at := check.At{}
		for {
			next, n, err := s.ReadSome(t.Context(), at, 4<<10, func(p string) { faults = append(faults, p) })
			if err != nil {
				t.Fatal(err)
			}
			bytes += n
			if at = next; at.Bucket == "" {
				return bytes, faults
			}
		}
	}
	if n, faults := read(); n < 20_000 || len(faults) > 0 {
		t.Errorf("%d bytes of a sound log: %q", n, faults)
	}
	damage(t, filepath.Join(dir, store.FileName))
	if _, faults := read(); len(faults) == 0 {
		t.Error("damage goes unseen")
	}
	if err := s.Close(); err == nil {
		_, err = store.Check(t.Context(), dir, func(string) {})
		if err != nil {
			t.Error(err)
		}
	}
}

// What each part by itself does not tell is found in the first minute, and once all of them were read.
func TestStructure(t *testing.T) {
	for _, tt := range []struct {
		lackingFrom, run time.Duration
		problems         int
	}{{0, 2 * time.Minute, 1}, {30 * time.Minute, 90 * time.Minute, 1}, {24 * time.Hour, 90 * time.Minute, 0}} {
		synctest.Test(t, func(t *testing.T) {
			log := &pieces{n: 5, damaged: -1, lacking: time.Now().Add(tt.lackingFrom)}
			w := scrub.New(log, scrub.Options{Period: time.Hour})
			ctx, cancel := context.WithTimeout(t.Context(), tt.run)
			defer cancel()
			if err := w.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if last := w.Status().Last; last == nil || last.Problems != tt.problems || last.Err != "" {
				t.Errorf("lacking after %v: %+v", tt.lackingFrom, last)
			}
		})
	}
}

// damage turns a bit in the middle of the page that has most in it.
func damage(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	for at := 2 * page; at+page <= len(b); at += page {
		if b[at+8] == 2 && b[at+12] > 1 { // a leaf of several pages: blocks
			if _, err := f.WriteAt([]byte{b[at+2*page] ^ 1}, int64(at+2*page)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
