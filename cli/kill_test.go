package cli

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/cli/folder"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/store"
)

// TestKill kills a real server under load, again and again, and looks after each
// time whether every entry that was acknowledged is there exactly once, every
// request is there wholly or not at all, no id is missing, and the check of the
// database and of the full-text index finds nothing.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills servers for 15 seconds")
	}
	dir := t.TempDir()
	l := newLedger()
	start := func() *process {
		p, err := startServer(os.Environ(), dir, "--dev", "--data", dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return p
	}
	rounds, p := 0, start()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end) && !t.Failed(); rounds++ {
		var writers sync.WaitGroup
		for i, send := range l.senders() {
			writers.Go(func() { l.write(t, p.url, i, send) })
		}
		time.Sleep(time.Duration(30+rand.IntN(500)) * time.Millisecond) // any moment is a good one to die
		p.kill()
		writers.Wait()
		sum, err := store.Check(t.Context(), dir, func(problem string) { t.Error(problem) })
		if err != nil || sum.Problems > 0 {
			t.Fatalf("%d faults, %v", sum.Problems, err)
		}
		if err := folder.CheckIndex(t.Context(), dir, func(problem string) { t.Error(problem) }); err != nil {
			t.Fatal(err)
		}
		p = start()
		l.verify(t, p.url, sum.Entries)
	}
	t.Logf("%d kills, %d requests acknowledged, %d entries", rounds, l.acknowledged, l.entries)
	if l.acknowledged < rounds {
		t.Errorf("%d requests were acknowledged in %d rounds: this tested nothing", l.acknowledged, rounds)
	}
}

// sent is a request to record entries, each with a detail of its own.
type sent struct {
	entries []audit.Entry
	// acked is set once the server has answered, and ids then holds what it said,
	// unless the request was a stream.
	acked bool
	ids   []int64
	// again is set for a request that is sent until it is answered.
	again bool
}

// ledger is what the clients know.
type ledger struct {
	mu           sync.Mutex
	sent         []*sent
	unanswered   [][]*sent // by writer
	acknowledged int
	entries      int
}

// killProjects is how many projects the load is spread over.
const killProjects = 5

// A sender sends one request once, and remembers the answer.
type sender func(ctx context.Context, c *client.Client, s *sent) error

// senders returns one for each writer: some send an entry at a time, some a
// batch, some a stream without keys, which is not sent again.
func (l *ledger) senders() []sender {
	return []sender{sendKeyed, sendKeyed, sendKeyed, sendKeyed, sendStream}
}

func newLedger() *ledger {
	l := &ledger{}
	l.unanswered = make([][]*sent, len(l.senders()))
	return l
}

// write sends what was not answered before, and then new requests, until the
// server dies.
func (l *ledger) write(t *testing.T, url string, writer int, send sender) {
	c := &client.Client{URL: url, Tries: 1}
	waiting := l.unanswered[writer]
	l.unanswered[writer] = nil
	for {
		var s *sent
		if len(waiting) > 0 {
			s, waiting = waiting[0], waiting[1:]
		} else {
			s = l.compose(writer)
		}
		err := send(t.Context(), c, s)
		if err == nil {
			l.acknowledge(s)
			continue
		}
		if kind := audit.KindOf(err); kind != audit.Unavailable {
			t.Errorf("a server that was not yet killed answered: %v", err)
		}
		if s.again {
			waiting = append(waiting, s)
		}
		l.unanswered[writer] = waiting
		return
	}
}

// compose makes the next request of a writer. Writers 0 to 2 send single entries.
func (l *ledger) compose(writer int) *sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	request, n := len(l.sent), 1
	if writer > 2 {
		n = 1 + rand.IntN(100)
	}
	s := &sent{again: writer < 4, entries: make([]audit.Entry, n)}
	for i := range s.entries {
		e := &s.entries[i]
		*e = audit.Entry{
			Project:  fmt.Sprintf("project-%d", rand.IntN(killProjects)),
			Actor:    audit.Actor{Email: fmt.Sprintf("writer-%d@example.com", writer), Type: audit.User},
			Action:   "deployment.deploy",
			Resource: audit.Resource{Type: "Deployment", Name: "web"},
			Outcome:  audit.Outcomes()[rand.IntN(3)],
			Detail:   fmt.Sprintf("request %d entry %d", request, i),
		}
		if s.again {
			e.Key = e.Detail
		}
		if rand.IntN(3) == 0 {
			e.CreatedAt = time.Now().Add(-time.Duration(rand.IntN(1000)) * time.Second)
		}
	}
	l.sent = append(l.sent, s)
	return s
}

func sendKeyed(ctx context.Context, c *client.Client, s *sent) error {
	res, err := c.Record(ctx, s.entries...)
	if err != nil {
		return err
	}
	for _, r := range res.Entries {
		s.ids = append(s.ids, r.ID)
	}
	return nil
}

func sendStream(ctx context.Context, c *client.Client, s *sent) error {
	var body []byte
	for i := range s.entries {
		body = append(s.entries[i].AppendInput(body), '\n')
	}
	_, err := c.RecordNDJSON(ctx, bytes.NewReader(body))
	return err
}

func (l *ledger) acknowledge(s *sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.acked = true
	l.acknowledged++
}

// verify compares what the server at url lists with what the clients know.
func (l *ledger) verify(t *testing.T, url string, checked int64) {
	t.Helper()
	found := make(map[string]int64) // id by detail
	var ids []int64
	c := &client.Client{URL: url}
	for i := range killProjects {
		listAll(t, c, fmt.Sprintf("project-%d", i), func(e *audit.Entry) {
			if first, again := found[e.Detail]; again {
				t.Errorf("%s is there as %d and as %d", e.Detail, first, e.ID)
			}
			found[e.Detail] = e.ID
			ids = append(ids, e.ID)
		})
	}
	slices.Sort(ids)
	for i, id := range ids {
		if id != int64(i)+1 {
			t.Fatalf("id %d stands where %d is due", id, i+1)
		}
	}
	if int64(len(ids)) != checked {
		t.Errorf("%d entries are listed, %d were checked", len(ids), checked)
	}
	l.entries = len(ids)
	for _, s := range l.sent {
		s.verify(t, found)
	}
}

// verify looks for a request among what was found.
func (s *sent) verify(t *testing.T, found map[string]int64) {
	t.Helper()
	there := 0
	for i := range s.entries {
		id, ok := found[s.entries[i].Detail]
		if ok {
			there++
		}
		if ok && s.ids != nil && s.ids[i] != id {
			t.Errorf("%s was acknowledged as %d and is there as %d", s.entries[i].Detail, s.ids[i], id)
		}
	}
	switch {
	case s.acked && there < len(s.entries):
		t.Errorf("%s: of %d entries that were acknowledged %d are there", s.entries[0].Detail, len(s.entries), there)
	case there > 0 && there < len(s.entries):
		t.Errorf("%s: of %d entries that belong together %d are there", s.entries[0].Detail, len(s.entries), there)
	}
}

// listAll calls fn with every entry of a project. It lists, because an export is recorded.
func listAll(t *testing.T, c *client.Client, project string, fn func(*audit.Entry)) {
	t.Helper()
	req := rpc.ListRequest{Query: rpc.Query{Project: project}, Limit: audit.MaxLimit}
	for e, err := range c.List(t.Context(), req) {
		if err != nil {
			t.Fatalf("list %s: %v", project, err)
		}
		fn(e)
	}
}

// one returns an entry.
func one(detail string) audit.Entry {
	return audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", Name: "web"}, Outcome: audit.Success, Detail: detail,
	}
}
