package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// BenchmarkLate measures entries that come in order behind those of a project, and ones that are
// scattered over all of these: how many a second, and until all is merged in what processor time,
// and how many bytes are written for each; then a first page, and one of an actor's, with as many
// layers as there may be.
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
				late := func(e *audit.Entry) {
					if name == "late" {
						e.CreatedAt = begin.Add(time.Duration(draw.Int64N(int64(before * gap))))
					}
				}
				written, used := writtenBytes(), processorTime()
				began := time.Now()
				recordBatches(b, s, g, more, late)
				b.ReportMetric(more/time.Since(began).Seconds(), "entries/s")
				waitMerged(s)
				b.ReportMetric((processorTime()-used).Seconds()*1e6/more, "cpu-µs/entry")
				b.ReportMetric(float64(writtenBytes()-written)/more, "written/entry")
				for range 20 {
					if name == "late" && len(s.mem.Projects["acme"].Rec.Late) < s.opts.sizes.Layers {
						recordBatches(b, s, g, 2000, late)
					}
				}
				waitMerged(s)
				b.ReportMetric(float64(len(s.mem.Projects["acme"].Rec.Late)), "layers")
				listBench(b, s, "newest", audit.Query{Project: "acme"})
				listBench(b, s, "actor", audit.Query{Project: "acme", Is: audit.Terms{"actor": {g.Entries(1)[0].Actor.Email}}})
			}
		})
	}
}

// listBench measures the median of a first page.
func listBench(b *testing.B, s *Store, name string, q audit.Query) {
	var took []time.Duration
	for range 2000 {
		began := time.Now()
		if _, err := audittest.List(b.Context(), s, q, audit.Paging{}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, name+"-p50-µs")
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
