package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// BenchmarkLate measures entries that come in order behind those of a project, and ones that are
// scattered over all of these: how many a second, in what processor time, and how many bytes
// are written for each; then a first page, and one of an actor's, of what came of it.
func BenchmarkLate(b *testing.B) {
	for _, name := range []string{"ordered", "late"} {
		b.Run(name, func(b *testing.B) {
			const before, more, gap = 300_000, 300_000, 34 * time.Second
			g := audittest.New(1, gap)
			draw := rand.New(rand.NewPCG(1, 2))
			for range b.N {
				s := open(b, b.TempDir(), Options{})
				recordBatches(b, s, g, before, func(*audit.Entry) {})
				begin := g.Entries(1)[0].CreatedAt.Add(-before * gap)
				written, used := writtenBytes(), processorTime()
				began := time.Now()
				recordBatches(b, s, g, more, func(e *audit.Entry) {
					if name == "late" {
						e.CreatedAt = begin.Add(time.Duration(draw.Int64N(int64(before * gap))))
					}
				})
				took := time.Since(began)
				b.ReportMetric(more/took.Seconds(), "entries/s")
				b.ReportMetric((processorTime()-used).Seconds()*1e6/more, "cpu-µs/entry")
				b.ReportMetric(float64(writtenBytes()-written)/more, "written/entry")
				waitMerged(s)
				b.ReportMetric((processorTime()-used).Seconds()*1e6/more, "merged-cpu-µs/entry")
				b.ReportMetric(float64(writtenBytes()-written)/more, "merged-written/entry")
				p := s.mem.Projects["acme"]
				b.ReportMetric(float64(len(p.Rec.Late)), "layers")
				for name, q := range map[string]audit.Query{"newest": {Project: "acme"}, "actor": {Project: "acme", Is: audit.Terms{"actor": {g.Entries(1)[0].Actor.Email}}}} {
					began := time.Now()
					for range 2000 {
						if _, err := audittest.List(b.Context(), s, q, audit.Paging{}); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(time.Since(began).Microseconds())/2000, name+"-µs")
				}
			}
		})
	}
}

// recordBatches records n entries of acme by four loaders, and seals them. with changes each.
func recordBatches(b *testing.B, s *Store, g *audittest.Generator, n int, with func(*audit.Entry)) {
	batches := make(chan []*audit.Entry, 4)
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for batch := range batches {
				if _, err := s.Record(b.Context(), batch); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range n / 1000 {
		batch := g.Entries(1000)
		for _, e := range batch {
			e.Project = "acme"
			with(e)
		}
		batches <- batch
	}
	close(batches)
	done.Wait()
	if err := s.Seal(); err != nil {
		b.Fatal(err)
	}
}

// writtenBytes returns how many bytes the process has written, 0 where nothing tells.
func writtenBytes() (n int64) {
	data, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	var read int64
	if _, err := fmt.Sscanf(string(data), "rchar: %d\nwchar: %d", &read, &n); err != nil {
		return 0
	}
	return n
}

// processorTime returns what the process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
