package store

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/format"
)

// BenchmarkKeys measures what idempotency keys of each kind cost: four loaders of batches of
// 1,000, each durable when answered. To compare the kinds: -benchtime 1000000x -count 3.
func BenchmarkKeys(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []struct {
		name string
		key  func(i int, e *audit.Entry) string
	}{
		{"none", func(int, *audit.Entry) string { return "" }},
		{"uuid", func(int, *audit.Entry) string { return uuid(random) }},
		{"counted", func(i int, _ *audit.Entry) string { return fmt.Sprintf("evt-%09d", i) }},
		{"natural", func(i int, e *audit.Entry) string { return fmt.Sprintf("%s/%s/%d", e.Action, e.Resource.Name, i) }},
	} {
		b.Run(kind.name, func(b *testing.B) { benchmarkKeys(b, kind.key) })
	}
}

// uuid returns one of version 4.
func uuid(random *rand.Rand) string {
	var u [16]byte
	for i := range u {
		u[i] = byte(random.Uint32())
	}
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// cpu returns how long processors have worked for this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// pagesOf returns the bytes of the pages that hold something.
func pagesOf(b *testing.B, s *Store) (n int) {
	b.Helper()
	path := s.Path()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		for _, name := range format.Buckets() {
			st := tx.Bucket([]byte(name)).Stats()
			n += st.LeafAlloc + st.BranchAlloc
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func benchmarkKeys(b *testing.B, key func(i int, e *audit.Entry) string) {
	s := open(b, b.TempDir(), Options{})
	const loaders, size = 4, 1000
	g := audittest.New(1, 34*time.Second)
	batches := make(chan []*audit.Entry, 16)
	var done sync.WaitGroup
	for range loaders {
		done.Go(func() {
			for batch := range batches {
				if _, err := s.Record(b.Context(), batch); err != nil {
					b.Error(err)
				}
			}
		})
	}
	n := max(1, b.N/size)
	var paused, made time.Duration // time of the clock, and of processors, that entries are made in
	spent := cpu()
	b.ResetTimer()
	for done := 0; done < n; {
		started, before := time.Now(), cpu() // made in portions: a million at once would be half a gigabyte
		var ready [][]*audit.Entry
		for ; done < n && len(ready) < 100; done++ {
			batch := g.Entries(size)
			for i, e := range batch {
				e.Key = key(done*size+i, e)
			}
			ready = append(ready, batch)
		}
		runtime.GC()
		paused += time.Since(started)
		made += cpu() - before
		for _, batch := range ready {
			batches <- batch
		}
		for len(batches) > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	close(batches)
	done.Wait()
	if err := s.Seal(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	entries := float64(n * size)
	b.ReportMetric(entries/(b.Elapsed()-paused).Seconds(), "entries/s")
	file, free, _ := s.Size()
	b.ReportMetric(float64(file-free)/entries, "B/entry")
	b.ReportMetric(float64(file)/entries, "file-B/entry")
	b.ReportMetric((cpu()-spent-made).Seconds()*1e6/entries, "cpu-µs/entry")
	b.ReportMetric(float64(pagesOf(b, s))/entries, "pages-B/entry")
}
