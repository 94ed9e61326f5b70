//go:build linux

package store

import (
	"bytes"
	"fmt"
	"math"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/kv/pgkv/pgtest"
)

// trips counts round trips that somebody waits for: what is sent up to where the server answers
// but the ends of readers, whose answers come along with the next.
type trips struct {
	n    atomic.Int64
	mu   sync.Mutex
	told string // the statements of each
	end  bool   // what is sent ends a transaction alone
}

func (c *trips) see(m pgtest.Message) bool {
	if !m.ToServer {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.Type {
	case 'B':
		name := string(bytes.SplitN(m.Body, []byte{0}, 3)[1])
		c.end = name == "rollback"
		c.told += name + "; "
	case 'S':
		if !c.end {
			c.n.Add(1)
		}
		c.told += "\n"
	}
	return false
}

// taken returns how many there were since it was asked last, and what was in them.
func (c *trips) taken() (int64, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := c.told
	c.told = ""
	return c.n.Swap(0), told
}

// TestRoundTrips holds what the log asks of a database that is far away against what it may take.
func TestRoundTrips(t *testing.T) {
	server := pgtest.StartServer(t)
	proxy, err := pgtest.NewProxy(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	u, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = proxy.Address(), ""
	s, err := Connect(u.String(), Options{SealAfter: time.Hour, SealRows: math.MaxInt32})
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
	var count trips
	proxy.CloseAt(count.see)
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
		most int64
		do   func()
	}{
		{"the newest 50", 2, list(audit.Query{})},
		{"those again", 2, list(audit.Query{})},
		{"50 of an actor", 4, list(audit.Query{Is: audit.Terms{"actor": {actor}}})},
		{"a commit of 1,000 with keys", 2, func() { record(1000) }},
		{"a seal of 4,000 in 50 projects", 20, func() {
			record(3000)
			count.taken()
			if err := s.Seal(); err != nil {
				t.Error(err)
			}
		}},
		{"the newest 50 of the tail", 2, func() {
			record(projects * 50)
			count.taken()
			list(audit.Query{})()
		}},
	} {
		n, told := c.most+1, ""
		for range 5 { // the node looks by itself, now and then, whether another has committed
			count.taken()
			c.do()
			if n, told = count.taken(); n <= c.most {
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
