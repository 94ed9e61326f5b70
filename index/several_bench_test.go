package index

import (
	"fmt"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store"
)

// BenchmarkSeveral measures a page of what words and ids find in 3,000 projects at once, most of
// which have nothing of it: in small blocks, of which the index is not told yet, or is told, and in
// such as it knows at once.
func BenchmarkSeveral(b *testing.B) {
	const projects = 3000
	for _, m := range []struct {
		name  string
		each  int
		quiet time.Duration
	}{{"new", 100, time.Hour}, {"quiet", 100, time.Millisecond}, {"one", 1, time.Millisecond}, {"large", 600, time.Hour}, {"both", 600, time.Millisecond}} {
		b.Run(m.name, func(b *testing.B) { benchSeveral(b, projects, m.each, m.quiet) })
	}
}

func benchSeveral(b *testing.B, projects, each int, quiet time.Duration) {
	var ix *running
	s, cfg := openLog(b, store.Options{QuietAfter: quiet}, &ix)
	g := audittest.New(1, time.Second)
	for i := 0; i < projects*each; i += 10_000 {
		entries := g.Entries(min(10_000, projects*each-i))
		for k, e := range entries {
			e.Project = fmt.Sprintf("p%04d", (i+k)*7919%projects)
			if e.Project == "p0010" && i+k < projects*each/2 {
				e.Actor.Email = "rare@example.com"
				e.Detail, e.Request.ID = "a needle", "0b7c9a52-1f5e-4d0e-9a55-6b1d3c2e0f11"
			}
		}
		if _, err := s.Record(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		b.Fatal(err)
	}
	ix = start(b, cfg)
	if quiet < time.Second {
		ix.until("told of all", func(s Status) bool { return s.Blocks >= projects })
	}
	ix.caughtUp()
	all := audit.AllProjects()
	for _, q := range []struct {
		name string
		q    audit.Query
	}{
		{"word", audit.Query{Within: all, Text: "needle"}},
		{"no word", audit.Query{Within: all, Text: "nowhere"}},
		{"phrase", audit.Query{Within: all, Text: `"a needle"`}},
		{"id", audit.Query{Within: all, Is: audit.Terms{"requestId": {"0b7c9a52-1f5e-4d0e-9a55-6b1d3c2e0f11"}}}},
		{"no id", audit.Query{Within: all, Is: audit.Terms{"requestId": {"1b7c9a52-1f5e-4d0e-9a55-6b1d3c2e0f11"}}}},
		{"common", audit.Query{Within: all, Text: "deployed"}},
		{"actor", audit.Query{Within: all, Is: audit.Terms{"actor": {"rare@example.com"}}}},
		{"no actor", audit.Query{Within: all, Is: audit.Terms{"actor": {"never@example.com"}}}},
		{"common actor", audit.Query{Within: all, Is: audit.Terms{"actor": {g.Entries(1)[0].Actor.Email}}}},
		{"type", audit.Query{Within: all, Is: audit.Terms{"resourceType": {"Deployment"}}}},
	} {
		b.Run(q.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				page, err := audittest.List(b.Context(), s, q.q, audit.Paging{})
				if err != nil {
					b.Fatal(err)
				}
				n = len(page.Entries)
			}
			b.ReportMetric(float64(n), "entries")
			b.ReportMetric(float64(ix.Status().Bytes)/float64(projects*each), "index-B/entry")
		})
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
