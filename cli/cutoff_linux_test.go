package cli

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/store/kv/pgkv/pgtest"
)

// A node that reaches the primary of before alone, which goes on answering, is not ready soon, says why, and
// lists nothing that may be old. It goes on by itself once it reaches the new one.
func TestNodeCutOff(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until a node doubts its database")
	}
	t.Parallel()
	c := newCluster(t, pgtest.Synchronous, "")
	c.must(c.record(1, "before"))
	cut, old := c.nodes[0], c.pair.Primary
	cut.ways[c.pair.Standby].Refuse()
	for _, n := range c.nodes[1:] {
		n.ways[old].Refuse()
	}
	c.must(c.pair.Promote())
	c.pair.Receive(t)
	c.until("a node that is not cut off records", func() bool { return c.record(1, "after") == nil })
	c.until("the node that is cut off is not ready", func() bool { return audit.KindOf(c.client(0).Ready(t.Context())) == audit.Unavailable })
	if _, err := c.newest(0); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("it lists all the same: %v", err)
	}
	cut.process.log.await(t, "this node is not ready")
	c.must(cut.ways[c.pair.Primary].Heal())
	c.until("it finds the new primary", func() bool { return c.client(0).Ready(t.Context()) == nil })
	if e, err := c.newest(0); err != nil || e.Detail != "after" {
		t.Errorf("it lists %q then: %v", e.Detail, err)
	}
	cut.process.log.await(t, "ready again")
}

func (c *cluster) record(node int, detail string) error {
	_, err := c.client(node).Record(c.Context(), one(detail))
	return err
}

// newest lists the newest entry of the project that record records to.
func (c *cluster) newest(node int) (newest audit.Entry, err error) {
	for e, err := range c.client(node).List(c.Context(), rpc.ListRequest{Query: rpc.Query{Project: "acme"}, Limit: 1}) {
		if err != nil {
			return audit.Entry{}, err
		}
		return *e, nil
	}
	return newest, nil
}

// until waits until something holds.
func (c *cluster) until(what string, holds func() bool) {
	c.Helper()
	for limit := time.Now().Add(4 * startLimit); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			c.Fatalf("it is not so that %s", what)
		}
	}
}
