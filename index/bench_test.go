package index

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"auditlog/index/lexicon"
)

var benchBlocks = flag.Int("blocks", 1000, "blocks in the index that searches are measured on")

// BenchmarkIndexing measures the follower on entries whose texts are at hand, and
// how large the index is.
func BenchmarkIndexing(b *testing.B) {
	const blocks = 256
	l := distinct(workload(blocks))
	var size int64
	for b.Loop() {
		cfg := testConfig(b.TempDir()+"/index", l)
		x := New(cfg)
		e, docs, err := x.openOnce(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		f := &follower{x: x, e: e, docs: docs}
		if err := f.catchUp(b.Context(), func(_, _ uint64) {}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := e.merge(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := e.finish(nil); err != nil {
			b.Fatal(err)
		}
		size = e.size()
		b.StartTimer()
	}
	n := float64(blocks * blockRows)
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(size)/n, "B/entry")
}

// BenchmarkDocument measures the index's own part of the work.
func BenchmarkDocument(b *testing.B) {
	l := distinct(workload(8))
	changes, _, err := l.BlockChanges(0, 8)
	if err != nil {
		b.Fatal(err)
	}
	terms := 0
	for b.Loop() {
		terms = 0
		for _, c := range changes {
			d := newDocument(lexicon.NewBuilder(), docID{Key: c.Key, Seq: c.Seq})
			l.BlockTexts(c.Key, d.add, d.addWhole)
			terms += d.Words() + len(d.Hashes())
		}
	}
	b.ReportMetric(8*blockRows*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(terms)/8, "terms/block")
}

// BenchmarkBlocks measures searches of the index. The first project, which is
// asked, has about a fifth of the blocks.
func BenchmarkBlocks(b *testing.B) {
	l := workload(*benchBlocks)
	cfg := testConfig(b.TempDir()+"/index", l)
	begin := time.Now()
	if err := Rebuild(context.Background(), cfg, func(_, _ uint64) {}); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d blocks rebuilt, entries made included, in %v", *benchBlocks, time.Since(begin))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin = time.Now()
	r := start(b, cfg)
	r.caughtUp()
	opened := time.Since(begin)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Logf("opened in %v, %d files, %d KiB in memory, %d KiB on disk", opened, len(r.segments(b)), int64(after.HeapAlloc-before.HeapAlloc)>>10, r.Status().Bytes>>10)
	rare := 0
	for changes, _, _ := l.BlockChanges(0, 1<<30); changes[rare].Key.Project != 1; rare++ {
	}
	for _, test := range []struct{ name, query string }{
		{"rare", fmt.Sprintf("needle-%d", rare)},
		{"none", "nowhere"},
		{"medium", "worker-17 rollback"},
		{"common", "deployed"},
		{"digest", "9f2c01ab77d0"},
		{"phrase", `"revision 377 of worker-17"`},
		{"prefix", "9f2*"},
		{"broad prefix", "www*"},
	} {
		q, err := Parse(test.query)
		if err != nil {
			b.Fatal(err)
		}
		s := r.Search(q)
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				keys, _, ok, err := inProject(context.Background(), s, 1, everything, 0)
				if !ok || err != nil {
					b.Fatal(ok, err)
				}
				n = len(keys)
			}
			b.ReportMetric(float64(n), "blocks")
		})
	}
}

func (r *running) segments(t testing.TB) []part {
	var parts []part
	if err := r.read(func(s *snapshot) error { parts = s.parts; return nil }); err != nil {
		t.Fatal(err)
	}
	return parts
}
