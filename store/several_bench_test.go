package store

import (
	"fmt"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
)

// BenchmarkSeveral measures a first page of one project and of all, with the same entries in few
// projects or in many; an actor of each tenth project has acted in no other.
func BenchmarkSeveral(b *testing.B) {
	for _, projects := range []int{1, 50, 3000} {
		s := open(b, b.TempDir(), Options{Search: func(text string) (fulltext.Query, error) { return nil, nil }})
		const n = 300_000
		g := audittest.New(1, 34*time.Second)
		for i := 0; i < n; i += 10_000 {
			entries := g.Entries(10_000)
			for k, e := range entries {
				at := (i + k) * 7919 % projects
				e.Project = fmt.Sprintf("p%04d", at)
				if at == 10 && k%100 == 0 || projects == 1 && k == 7 {
					e.Actor.Email = "rare@example.com"
				}
			}
			if _, err := s.Record(b.Context(), entries); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Seal(); err != nil {
			b.Fatal(err)
		}
		all := audit.Query{Within: audit.AllProjects()}
		oldest := all
		oldest.Oldest = true
		middle := all
		middle.To = g.Entries(1)[0].CreatedAt.Add(-n / 2 * 34 * time.Second)
		outcome := all
		outcome.Is = audit.Terms{"outcome": {"error"}}
		rare := all
		rare.Is = audit.Terms{"actor": {"rare@example.com"}}
		never := all
		never.Is = audit.Terms{"actor": {"never@example.com"}}
		for _, q := range []struct {
			name string
			q    audit.Query
		}{{"one", audit.Query{Project: "p0000"}}, {"newest", all}, {"oldest", oldest}, {"middle", middle}, {"errors", outcome}, {"rare", rare}, {"never", never}} {
			b.Run(fmt.Sprintf("%d/%s", projects, q.name), func(b *testing.B) {
				for b.Loop() {
					if _, err := audittest.List(b.Context(), s, q.q, audit.Paging{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
