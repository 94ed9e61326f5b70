package lexicon_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"auditlog/index/lexicon"
)

var benchDocs = flag.Int("docs", 1000, "documents in the section that look-ups are measured on")

// merged returns a section of so many documents with a thousand ids and keys each, merged
// out of ten, and how many bytes an id it takes.
func merged(b *testing.B, docs int) (s *lexicon.Section, size float64) {
	r := rand.New(rand.NewPCG(1, 2))
	var sources []lexicon.Source
	for i := range 10 {
		some := large(1, docs/10, 2048, r)
		for k := range some {
			some[k].id = id(1, int64(10*k+i), 1)
		}
		sources = append(sources, lexicon.Source{Segment: open(b, build(some...))})
	}
	var out bytes.Buffer
	if _, _, err := lexicon.Merge(&out, sources, nil); err != nil {
		b.Fatal(err)
	}
	return open(b, out.Bytes()).Section(1), float64(out.Len()) / float64(docs) / 2048
}

// BenchmarkLookup measures how long it takes to find out which of so many documents may have an
// id, a word, or words that begin so, and how many they are.
func BenchmarkLookup(b *testing.B) {
	s, size := merged(b, *benchDocs)
	b.Run("id", func(b *testing.B) {
		r := rand.New(rand.NewPCG(3, 4))
		named, cells := 0, 0
		for b.Loop() {
			docs, seen, err := s.Hash(r.Uint32())
			if err != nil {
				b.Fatal(err)
			}
			docs.Each(func(int) { named++ })
			cells += seen
		}
		b.ReportMetric(float64(named)/float64(b.N), "docs")
		b.ReportMetric(float64(cells)/float64(b.N), "cells")
		b.ReportMetric(size, "B/id")
	})
	b.Run("word", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, _, err := s.Word(fmt.Appendf(nil, "few-%d", i%100)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("prefix", func(b *testing.B) {
		for b.Loop() {
			docs, n := lexicon.NewSet(s.Docs()), 0
			for w := s.Words([]byte("few-1")); w.Next() && bytes.HasPrefix(w.Word(), []byte("few-1")); n++ {
				w.AddTo(docs)
			}
		}
	})
}
