package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// Many projects are listed as one, in either order, page by page, and of those that are not
// asked for nothing shows: neither entries nor counts, and no cursor depends on them.
func testSeveralProjects(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	var all []*audit.Entry
	const projects = 40
	for i := range 1200 {
		e := plainEntry(fmt.Sprintf("p%02d", i*i%projects))
		e.CreatedAt = start.Add(time.Duration(i*7919%1200) * time.Second)
		if i%400 == 0 {
			e.Actor.Email = "rare@example.com"
		}
		all = append(all, e)
	}
	for part := range slices.Chunk(all, 300) {
		if _, err := log.Record(t.Context(), part); err != nil {
			t.Fatal(err)
		}
		if s, ok := log.(Settler); ok && len(part) > 0 && part[0].ID < 900 {
			if err := s.Settle(); err != nil {
				t.Fatal(err)
			}
		}
	}
	rare := audit.Terms{"actor": {"rare@example.com"}}
	for _, q := range []audit.Query{
		{Within: audit.AllProjects()},
		{Within: audit.AllProjects(), Oldest: true},
		{Within: audit.AllProjects("p00", "p01"), Oldest: true},
		{Within: audit.TheseProjects("p00", "p09", "p16", "ghost")},
		{Within: audit.AllProjects(), Is: rare},
		{Within: audit.AllProjects(), Not: rare, From: start.Add(time.Minute), To: start.Add(10 * time.Minute)},
		{Within: audit.TheseProjects("p00", "p09"), Oldest: true, Text: "Deployment"},
	} {
		var want []int64
		for _, e := range all {
			if selects(q, e) {
				want = append(want, e.ID)
			}
		}
		position := func(id int64) audit.Position { return all[id-1].Position() }
		slices.SortFunc(want, func(a, b int64) int {
			if q.Oldest {
				a, b = b, a
			}
			return position(b).Compare(position(a))
		})
		if got := pageThrough(t, log, q, 37); !slices.Equal(got, want) {
			t.Errorf("%+v: pages have %v, want %v", q, got, want)
		}
		checkExtent(t, log, q, all)
		stats, err := audittest.Stats(t.Context(), log, q, audit.Counting{})
		if err != nil {
			t.Fatalf("counts of %+v: %v", q, err)
		}
		if stats.Total != int64(len(want)) {
			t.Errorf("%+v: %d are counted, want %d", q, stats.Total, len(want))
		}
	}
}

// checkExtent wants a log to know when the first and the last entry was made of the projects that
// a query looks into.
func checkExtent(t *testing.T, log Log, q audit.Query, all []*audit.Entry) {
	t.Helper()
	q = audit.Query{Project: q.Project, Within: q.Within}
	var times []time.Time
	for _, e := range all {
		if selects(q, e) {
			times = append(times, e.CreatedAt)
		}
	}
	first, last, ok := log.Extent(q)
	if !ok || !first.Equal(slices.MinFunc(times, time.Time.Compare)) || !last.Equal(slices.MaxFunc(times, time.Time.Compare)) {
		t.Errorf("%+v reaches from %v to %v, %t", q, first, last, ok)
	}
	if _, _, ok := log.Extent(audit.Query{Project: "ghost"}); ok {
		t.Error("there is an entry of a project that was never recorded to")
	}
}

// pageThrough returns what a query selects, in pages of so many.
func pageThrough(t *testing.T, log Log, q audit.Query, limit int) (ids []int64) {
	t.Helper()
	for p := (audit.Paging{Limit: limit}); ; {
		page, err := audittest.List(t.Context(), log, q, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			ids = append(ids, e.ID)
		}
		if p.Cursor = page.Next; p.Cursor == "" {
			return ids
		}
	}
}
