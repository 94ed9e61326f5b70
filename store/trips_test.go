//go:build linux

package store

import (
	"fmt"
	"math"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/kv/pgkv/pgtest"
)

// TestRoundTrips holds what the log asks of a database that is far away against what it may take.
func TestRoundTrips(t *testing.T) {
	server := pgtest.StartServer(t)
	proxy := server.Proxy(t)
	s, err := Connect(pgtest.At(t, server.Database(t), proxy.Address()), Options{SealAfter: time.Hour, SealRows: math.MaxInt32})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	const projects = 50
	g := audittest.New(1, 34*time.Second)
	entries := func(n int) []*audit.Entry {
		all := g.Entries(n)
		for i, e := range all {
			e.Project, e.Key = fmt.Sprintf("p%02d", i%projects), fmt.Sprint("key ", e.CreatedAt.UnixMicro(), " ", i)
		}
		return all
	}
	record := func(n int) {
		if _, err := s.Record(t.Context(), entries(n)); err != nil {
			t.Fatal(err)
		}
	}
	for range 15 {
		record(4000)
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	var count pgtest.Trips
	proxy.CloseAt(count.See)
	list := func(q audit.Query) func() {
		q.Project = "p07"
		return func() {
			if page, err := audittest.List(t.Context(), s, q, audit.Paging{Limit: 50}); err != nil || len(page.Entries) == 0 {
				t.Errorf("%d entries, %v", len(page.Entries), err)
			}
		}
	}
	actor := g.Entries(1)[0].Actor.Email
	for _, c := range []struct {
		what string
		most int
		do   func()
	}{
		{"the newest 50", 2, list(audit.Query{})},
		{"those again", 2, list(audit.Query{})},
		{"50 of an actor", 4, list(audit.Query{Is: audit.Terms{"actor": {actor}}})},
		{"a commit of 1,000 with keys", 2, func() { record(1000) }},
		{"a seal of 4,000 in 50 projects", 20, func() {
			record(3000)
			count.Taken()
			if err := s.Seal(); err != nil {
				t.Error(err)
			}
		}},
		{"the newest 50 of the tail", 2, func() {
			record(projects * 50)
			count.Taken()
			list(audit.Query{})()
		}},
	} {
		n, told := c.most+1, ""
		for range 5 { // the node looks by itself, now and then, whether another has committed
			count.Taken()
			c.do()
			if n, told = count.Taken(); n <= c.most {
				break
			}
		}
		if n > c.most {
			t.Errorf("%s took %d round trips, want %d at most:\n%s", c.what, n, c.most, told)
		} else {
			t.Logf("%s: %d round trips", c.what, n)
		}
	}
}
