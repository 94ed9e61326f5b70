package cli

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/client"
	"auditlog/rpc"
	"auditlog/store/kv/pgkv/pgtest"
)

var (
	neighbours = flag.Int("neighbours", 300, "how many entries TestNeighboursSeeAtOnce records on one server and lists on another; 10,000 for an examination")
	rateFor    = flag.Duration("rate-for", 0, "for how long TestTwoRecordNoLessThanOne measures; 0 does not")
)

// startNodes starts servers on one database.
func startNodes(t *testing.T, n int) []*process {
	t.Helper()
	address, key := pgtest.Start(t), newKey(t)
	nodes := make([]*process, n)
	for i := range nodes {
		var err error
		nodes[i], err = startServer(os.Environ(), t.TempDir(), "--dev", "--allow-async", "--data", t.TempDir(), "--signing-key", key, "--store", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nodes[i].kill)
	}
	return nodes
}

// What one server has acknowledged, the others list at once.
func TestNeighboursSeeAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("records and lists many times")
	}
	t.Parallel()
	nodes := startNodes(t, 3)
	for i := range *neighbours {
		at, other := client.Client{URL: nodes[i%3].url}, client.Client{URL: nodes[(i+1+i/3%2)%3].url}
		detail := fmt.Sprint(i)
		res, err := at.Record(t.Context(), one(detail))
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range other.List(t.Context(), rpc.ListRequest{Query: rpc.Query{Project: "acme"}, Limit: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.ID != res.Entries[0].ID || e.Detail != detail {
				t.Fatalf("entry %d is acknowledged as %d, and another server lists %d as the newest", i, res.Entries[0].ID, e.ID)
			}
			break
		}
	}
}

// Two servers that record to one database record no less than one does.
func TestTwoRecordNoLessThanOne(t *testing.T) {
	if *rateFor == 0 {
		t.Skip("measures only when it is told to: -rate-for 10s")
	}
	nodes := startNodes(t, 2)
	rate(t, nodes[:1], time.Second) // what is measured first is cold
	alone, both := rate(t, nodes[:1], *rateFor), rate(t, nodes, *rateFor)
	t.Logf("one server records %.0f single entries a second, two %.0f", alone, both)
	if both < alone {
		t.Error("two record less")
	}
}

// rate has 64 clients record single entries, and returns how many they do a second.
func rate(t *testing.T, nodes []*process, d time.Duration) float64 {
	var done atomic.Int64
	var clients sync.WaitGroup
	until := time.Now().Add(d)
	for i := range 64 {
		c := &client.Client{URL: nodes[i%len(nodes)].url}
		clients.Go(func() {
			for time.Now().Before(until) {
				if _, err := c.Record(t.Context(), one("measured")); err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	clients.Wait()
	return float64(done.Load()) / d.Seconds()
}
