package store

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
	"auditlog/store/kv"
)

// fill records n realistic entries in batches and seals them.
func fill(b *testing.B, s *Store, n int) {
	g := audittest.New(1, 34*time.Second)
	for ; n > 0; n -= 1000 {
		if _, err := s.Record(b.Context(), g.Entries(min(n, 1000))); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRecordBatches measures four loaders, each entry durable when answered.
func BenchmarkRecordBatches(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	const loaders, size = 4, 1000
	batches := make(chan []*audit.Entry, 64)
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
	g := audittest.New(1, 34*time.Second)
	var ready [][]*audit.Entry
	for range max(1, b.N/size) {
		ready = append(ready, g.Entries(size))
	}
	b.ResetTimer()
	for _, batch := range ready {
		batches <- batch
	}
	close(batches)
	done.Wait()
	if err := s.Seal(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	n := float64(len(ready) * size)
	b.ReportMetric(n/b.Elapsed().Seconds(), "entries/s")
	file, free, _ := s.Size()
	b.ReportMetric(float64(file-free)/n, "B/entry")
}

// BenchmarkRecordSingles measures 64 clients that record an entry at a time.
func BenchmarkRecordSingles(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	g := audittest.New(1, 34*time.Second)
	entries := g.Entries(b.N)
	var next atomic.Int64
	var done sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				if _, err := s.Record(b.Context(), entries[i:i+1]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	done.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkList(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	fill(b, s, 300_000)
	month := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		q    audit.Query
	}{
		{"newest", audit.Query{}},
		{"type", audit.Query{Is: audit.Terms{"resourceType": {"Domain"}}}},
		{"outcome", audit.Query{Is: audit.Terms{"outcome": {string(audit.Forbidden)}}}},
		{"actor", audit.Query{Is: audit.Terms{"actor": {"somchai.c@example.com"}}}},
		{"all three", audit.Query{Is: audit.Terms{"resourceType": {"Deployment"}, "outcome": {string(audit.Error)}, "actor": {"ada.a@example.com"}}}},
		{"month", audit.Query{From: month, To: month.AddDate(0, 1, 0)}},
		{"month, type", audit.Query{From: month, To: month.AddDate(0, 1, 0), Is: audit.Terms{"resourceType": {"Route"}}}},
		{"nothing", audit.Query{Is: audit.Terms{"actor": {"nobody"}}}},
	} {
		for _, project := range []int{0, 5} {
			c.q.Project = fmt.Sprintf("project-%d", project)
			b.Run(fmt.Sprintf("%s/%d", c.name, project), func(b *testing.B) {
				n := 0
				for b.Loop() {
					page, err := audittest.List(b.Context(), s, c.q, audit.Paging{})
					if err != nil {
						b.Fatal(err)
					}
					n = len(page.Entries)
				}
				b.ReportMetric(float64(n), "rows")
			})
		}
	}
}

// statsEntries is the size of the project that BenchmarkStats counts: ten million take a minute
// or two to record.
var statsEntries = flag.Int("stats-entries", 300_000, "how many entries BenchmarkStats counts")

// BenchmarkStats counts one large project, as the charts and the lists of the console ask for
// it: 100 bars, and one filter on each field that is counted ahead of time. What is asked of
// others is counted by row.
func BenchmarkStats(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	g := audittest.New(1, 4*time.Second)
	var first, last *audit.Entry
	for n := 0; n < *statsEntries; n += 5000 {
		entries := g.Entries(min(5000, *statsEntries-n))
		for _, e := range entries {
			e.Project = "acme"
		}
		if first == nil {
			first = entries[0]
		}
		last = entries[len(entries)-1]
		if _, err := s.Record(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		b.Fatal(err)
	}
	bounds := make([]time.Time, 101)
	for i := range bounds {
		bounds[i] = first.CreatedAt.Add(last.CreatedAt.Sub(first.CreatedAt) / 100 * time.Duration(i))
	}
	for _, c := range []struct {
		name string
		q    audit.Query
	}{
		{"all", audit.Query{}},
		{"half of the time", audit.Query{From: bounds[20].Add(time.Hour), To: bounds[70].Add(time.Minute)}},
		{"an actor", audit.Query{Is: audit.Terms{"actor": {"ada.a@example.com"}}}},
		{"failures", audit.Query{Is: audit.Terms{"outcome": {"forbidden", "error"}}}},
		{"a type", audit.Query{Is: audit.Terms{"resourceType": {"Deployment"}}}},
		{"other actions", audit.Query{Not: audit.Terms{"action": {"deployment.*"}}}},
		{"a channel", audit.Query{Is: audit.Terms{"channel": {"cli"}}}},
		{"a resource, by row", audit.Query{Is: audit.Terms{"resourceId": {last.Resource.ID}}}},
		{"all, by row", byRow(audit.Query{})},
	} {
		c.q.Project = "acme"
		b.Run(c.name, func(b *testing.B) {
			var st *audit.Stats
			var err error
			spent := cpu()
			for b.Loop() {
				if st, err = audittest.Stats(b.Context(), s, c.q, audit.Counting{Bounds: bounds}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(st.Total), "entries")
			b.ReportMetric((cpu()-spent).Seconds()*1e3/float64(b.N), "cpu-ms/op")
		})
	}
}

// benchProjects is how many projects BenchmarkManyProjects has.
var benchProjects = flag.Int("many-projects", 10_000, "how many projects BenchmarkManyProjects has")

// BenchmarkManyProjects opens a log of many projects with two entries each, and lists them: what
// both take, and the memory that the projects have.
func BenchmarkManyProjects(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir, Options{})
	g := audittest.New(1, time.Second)
	spent := cpu()
	for n := range 2 * *benchProjects / 1000 {
		entries := g.Entries(1000)
		for i, e := range entries {
			e.Project = fmt.Sprintf("tenant-%06d", (1000*n+i)%*benchProjects)
		}
		if _, err := s.Record(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		b.Fatal(err)
	}
	recorded := cpu() - spent
	var opened, listed time.Duration
	var memory uint64
	for b.Loop() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		before := heapBytes()
		spent := cpu()
		s = open(b, dir, Options{})
		opened += cpu() - spent
		memory = heapBytes() - before
		spent = cpu()
		if got := len(s.Projects()); got != *benchProjects {
			b.Fatalf("%d projects", got)
		}
		listed += cpu() - spent
	}
	b.ReportMetric(recorded.Seconds()*1e6/float64(2**benchProjects), "record-cpu-µs/entry")
	b.ReportMetric(opened.Seconds()*1e3/float64(b.N), "open-cpu-ms")
	b.ReportMetric(listed.Seconds()*1e3/float64(b.N), "list-cpu-ms")
	b.ReportMetric(float64(memory)/(1<<20), "MiB")
}

// heapBytes returns how many bytes are in use.
func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkMerge measures the planning of what a seal merges: new entries into the last
// block of a project, and late ones into one in the middle.
func BenchmarkMerge(b *testing.B) {
	for _, name := range []string{"new", "late"} {
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			entries := audittest.New(1, 34*time.Second).Entries(3600)
			for _, e := range entries {
				e.Project = "acme"
			}
			recorded, added := entries[:3300], entries[3300:]
			if name == "late" {
				recorded, added = append(slices.Clone(entries[:1500]), entries[1800:]...), entries[1500:1800]
			}
			for i, e := range added {
				e.ID, e.RecordedAt = int64(len(entries)+i), e.CreatedAt
			}
			if _, err := s.Record(b.Context(), recorded); err != nil {
				b.Fatal(err)
			}
			if err := s.Seal(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				err := s.db.View(func(tx kv.Tx) error {
					seq := s.BlockSeq()
					plan, _, err := s.blocks.PlanMerge(&s.opts.sizes, blocks.NewCursor(tx, s.mem.Projects["acme"].ID), "acme", added, blocks.Unbounded(), &seq)
					if err == nil && (len(plan.Put) == 0 || len(plan.Drop) == 0) {
						b.Fatalf("%d blocks come and %d go", len(plan.Put), len(plan.Drop))
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
