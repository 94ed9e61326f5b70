package retention_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/retention"
	"auditlog/store"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// untilPurged is a store that ends a Worker's Run once a purge is done.
type untilPurged struct {
	*store.Store
	end context.CancelFunc
}

func (u untilPurged) PurgeStep(ctx context.Context, project string) (bool, error) {
	done, err := u.Store.PurgeStep(ctx, project)
	if done {
		u.end()
	}
	return done, err
}

// purge runs a Worker until one project is purged.
func purge(t testing.TB, s *store.Store) retention.Stats {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := retention.New(untilPurged{s, cancel}, retention.Options{})
	if err := w.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return w.Stats()
}

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// words are what entries vary in.
var words = []string{"quartz", "zephyr", "vow", "jinx", "glyph", "fjord", "waltz", "nymph", "sphinx", "bramble"}

// batch returns n entries of a project like those of a busy service.
func batch(r *rand.Rand, project string, n int) []*audit.Entry {
	entries := make([]*audit.Entry, n)
	word := func() string { return words[r.IntN(len(words))] }
	for i := range entries {
		id := r.Uint64()
		entries[i] = &audit.Entry{
			Project: project, Action: "deployment.deploy", Outcome: audit.Success,
			Actor:    audit.Actor{Email: word() + "@example.com"},
			Resource: audit.Resource{Type: "Deployment", ID: fmt.Sprint(id), Name: word() + "-" + word()},
			Detail:   fmt.Sprintf("Deployed revision %d of %s", r.IntN(500), word()),
			Request:  audit.Request{IP: fmt.Sprintf("192.0.2.%d", r.IntN(250)), ID: fmt.Sprintf("%x", id)},
		}
	}
	return entries
}

// fill records n entries, with idempotency keys where keyed is set.
func fill(t testing.TB, s *store.Store, project string, n int, keyed bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(len(project)), uint64(n)))
	for n > 0 {
		size := min(n, 1000)
		entries := batch(r, project, size)
		for _, e := range entries {
			if keyed {
				e.Key = "evt-" + e.Resource.ID
			}
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		n -= size
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
}

func deleteProject(t testing.TB, s *store.Store, name string) {
	t.Helper()
	e := batch(rand.New(rand.NewPCG(1, 1)), name, 1)[0]
	e.Action, e.Resource = "project.delete", audit.Resource{Type: "Project", ID: name, Name: name}
	if _, err := s.Delete(t.Context(), name, e, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
}

// view reads the database of a store that is closed.
func view(t *testing.T, dir string, fn func(kv.Tx) error) {
	t.Helper()
	db, err := boltkv.OpenReadOnly(filepath.Join(dir, store.FileName), boltkv.Options{Summed: format.Summed()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.View(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// numberOf returns the number of a project's present incarnation.
func numberOf(t *testing.T, dir, project string) uint32 {
	t.Helper()
	var record struct{ ID uint32 }
	view(t, dir, func(tx kv.Tx) error {
		return json.Unmarshal(tx.Bucket("projects").Get([]byte(project)), &record)
	})
	return record.ID
}

// blockBytes returns the blocks of an incarnation as they are in the database.
func blockBytes(t *testing.T, dir string, number uint32) (blocks [][]byte) {
	t.Helper()
	view(t, dir, func(tx kv.Tx) error {
		prefix := binary.BigEndian.AppendUint32(nil, number)
		for _, v := range kv.Prefix(tx.Bucket("blocks"), prefix) {
			blocks = append(blocks, bytes.Clone(v))
		}
		return nil
	})
	return blocks
}

// TestPurgedBlocksAreGone looks for what entries are on disk, which is compressed:
// pieces of their blocks. After compact, the file must hold none.
func TestPurgedBlocksAreGone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, "doomed", 5000, true)
	fill(t, s, "kept", 3000, true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	doomed := numberOf(t, dir, "doomed")
	blocks := blockBytes(t, dir, doomed)
	if len(blocks) < 4 {
		t.Fatalf("%d blocks", len(blocks))
	}

	s = open(t, dir)
	deleteProject(t, s, "doomed")
	if got := purge(t, s); got.Purged != 1 || got.Failures != 0 || got.Steps < 2 {
		t.Errorf("stats %+v", got)
	}
	if page, err := audittest.List(t.Context(), s, audit.Query{Project: "doomed"}, audit.Paging{}); err != nil ||
		len(page.Entries) != 2 || page.Entries[0].Action != "project.purge" || page.Entries[0].Metadata["entries"] != "5000" {
		t.Errorf("after the purge %+v, %v", page, err)
	}
	if p, err := s.Project("kept"); err != nil || p.Entries != 3000 {
		t.Errorf("the other project is %+v, %v", p, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if sum, err := store.Check(t.Context(), dir, func(problem string) { t.Error(problem) }); err != nil || sum.Purged != 5000 {
		t.Errorf("check: %+v, %v", sum, err)
	}
	if left := blockBytes(t, dir, doomed); len(left) != 0 {
		t.Errorf("%d blocks are left", len(left))
	}
	if n := found(t, dir, blocks); n == 0 {
		t.Error("freed pages hold no piece of a block even before compacting: the test of that tests nothing")
	}
	if _, _, err := store.Compact(dir); err != nil {
		t.Fatal(err)
	}
	if n := found(t, dir, blocks); n != 0 {
		t.Errorf("%d pieces of purged blocks are in the file after compacting", n)
	}
}

// found returns how many pieces of blocks are anywhere in the database file.
func found(t *testing.T, dir string, blocks [][]byte) (n int) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	const piece = 32
	for _, b := range blocks {
		for at := len(b) / 4; at+piece < len(b); at += len(b) / 4 {
			if bytes.Contains(file, b[at:at+piece]) {
				n++
			}
		}
	}
	return n
}

// A Worker that is stopped between any two steps leaves the rest to the next one.
func TestPurgeInPieces(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, "doomed", 3000, false)
	deleteProject(t, s, "doomed")
	for runs := 1; len(s.Purges()) > 0; runs++ {
		if runs > 100 {
			t.Fatal("the purge does not end")
		}
		ctx, cancel := context.WithCancel(t.Context())
		w := retention.New(stepwise{s, cancel}, retention.Options{})
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
	if p, err := s.Project("doomed"); err != nil || p.State != audit.Purged || p.Entries != 2 {
		t.Errorf("at the end %+v, %v", p, err)
	}
}

// stepwise is a store that ends a Worker's Run with each step.
type stepwise struct {
	*store.Store
	end context.CancelFunc
}

func (s stepwise) PurgeStep(ctx context.Context, project string) (bool, error) {
	defer s.end()
	return s.Store.PurgeStep(ctx, project)
}

// BenchmarkPurge purges many entries while two writers record to another project,
// an entry a commit, and tells the writers' latency.
func BenchmarkPurge(b *testing.B) {
	b.Run("million", func(b *testing.B) { benchmarkPurge(b, 1_000_000, false) })
	b.Run("keyed", func(b *testing.B) { benchmarkPurge(b, 200_000, true) })
}

func benchmarkPurge(b *testing.B, entries int, keyed bool) {
	for b.Loop() {
		b.StopTimer()
		s := open(b, b.TempDir())
		fill(b, s, "doomed", entries, keyed)
		idle := writeWhile(b, s, func() { time.Sleep(2 * time.Second) })
		deleteProject(b, s, "doomed")
		b.StartTimer()
		var stats retention.Stats
		busy := writeWhile(b, s, func() { stats = purge(b, s) })
		b.StopTimer()
		b.ReportMetric(quantile(idle, 0.99), "idle-p99-ms")
		b.ReportMetric(quantile(busy, 0.5), "p50-ms")
		b.ReportMetric(quantile(busy, 0.99), "p99-ms")
		b.ReportMetric(quantile(busy, 1), "max-ms")
		b.ReportMetric(float64(stats.Steps), "steps")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// writeWhile returns how long each of the commits took that were made while work
// ran.
func writeWhile(b *testing.B, s *store.Store, work func()) (took []time.Duration) {
	done := make(chan struct{})
	var mu sync.Mutex
	var writers sync.WaitGroup
	for i := range 2 {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 0))
			for {
				select {
				case <-done:
					return
				default:
				}
				began := time.Now()
				if _, err := s.Record(context.Background(), batch(r, "busy", 1)); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	work()
	close(done)
	writers.Wait()
	return took
}

// quantile returns the q-quantile in milliseconds.
func quantile(took []time.Duration, q float64) float64 {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return float64(took[int(q*float64(len(took)-1))]) / float64(time.Millisecond)
}
