package cli

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"auditlog/audit"
	"auditlog/cli/signing"
	"auditlog/client"
	"auditlog/proof"
	"auditlog/rpc"
	"auditlog/store"
	"auditlog/store/kv/pgkv/pgtest"
)

var failoverRounds = flag.Int("failover-rounds", 2, "how often TestFailover has the standby take over; 8 and more for an examination")

// TestFailover has three real servers record to one database while its primary is killed or cut
// off and the standby takes its place, again and again, servers are killed and stopped, and
// connections end at any point of a commit. Afterwards nothing that was acknowledged is lost,
// every request is there wholly or not at all, once, and the servers agree.
func TestFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("kills databases for a minute")
	}
	t.Parallel()
	c := newCluster(t, pgtest.Synchronous, "")
	if lost := c.examine(0, *failoverRounds); lost > 0 {
		t.Errorf("%d requests that were acknowledged are lost", lost)
	}
}

// What TestFailover looks for is found where it is: a standby that is not waited for lacks what
// was acknowledged. What servers have seen of that, they forget: nothing else is wrong.
func TestFailoverLosesWithoutWaiting(t *testing.T) {
	if testing.Short() {
		t.Skip("kills databases")
	}
	t.Parallel()
	c := newCluster(t, pgtest.Asynchronous, "", "--allow-async")
	if lost := c.examine(1, max(1, *failoverRounds-1)); lost == 0 {
		t.Error("nothing is lost: the test would find nothing")
	} else {
		t.Logf("%d requests that were acknowledged are lost, as they have to be", lost)
	}
	if !slices.ContainsFunc(c.nodes[:], func(n *clusterNode) bool {
		return strings.Contains(n.said+n.process.log.String(), "forgets all that it knew")
	}) {
		t.Error("no server has known of what was lost: the test would find nothing")
	}
}

// clusterNodes is how many servers there are.
const clusterNodes = 3

// cluster is servers on one database that fails over.
type cluster struct {
	*testing.T
	pair    *pgtest.Pair
	servers [2]*pgtest.Server
	// database returns the address of the primary.
	database func() string
	nodes    [clusterNodes]*clusterNode
	ledger   *ledger
	may      bool         // lose what was acknowledged
	token    string       // an admin's; "" where none is needed
	front    string       // the URL of what stands before all nodes; "" where nothing does
	failed   atomic.Int64 // tries of requests
}

// clusterNode is a server, whose way to each database leads through a proxy of its own.
type clusterNode struct {
	ways    map[*pgtest.Server]*pgtest.Proxy
	dir     string
	args    []string
	process *process
	said    string // by processes of before
	url     atomic.Pointer[string]
}

// newCluster starts servers that an admin has a token for, or that need none where it is "".
func newCluster(t *testing.T, r pgtest.Replication, token string, args ...string) *cluster {
	c := &cluster{T: t, pair: pgtest.StartPair(t, r), ledger: newLedger(), may: r == pgtest.Asynchronous, token: token}
	c.database = func() string { return c.pair.Primary.URL("postgres") }
	c.pair.Lag(10 * time.Millisecond)
	c.servers = [2]*pgtest.Server{c.pair.Primary, c.pair.Standby}
	c.startNodes(func(n *clusterNode) string {
		var hosts []string
		for _, s := range c.servers {
			way := s.Proxy(t)
			n.ways[s] = way
			hosts = append(hosts, way.Address())
		}
		return "postgres://postgres@" + strings.Join(hosts, ",") + "/postgres?sslmode=disable"
	}, args...)
	return c
}

// startNodes starts the servers, each on the database at the address that it is given.
func (c *cluster) startNodes(address func(*clusterNode) string, args ...string) {
	c.Helper()
	if c.token == "" {
		args = append(args, "--dev")
	}
	key := newKey(c.T)
	for i := range c.nodes {
		n := &clusterNode{ways: make(map[*pgtest.Server]*pgtest.Proxy), dir: c.TempDir()}
		n.args = append([]string{"--data", n.dir, "--signing-key", key, "--checkpoint-every", "1s", "--store", address(n)}, args...)
		c.nodes[i] = n
		c.start(n)
	}
}

// newKey makes the key that all servers of a log sign with.
func newKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signing-key")
	if _, err := signing.Make(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func (c *cluster) start(n *clusterNode) {
	c.Helper()
	args := n.args
	if c.front != "" { // which knows where it listened
		args = append(slices.Clone(args), "--listen", strings.TrimPrefix(*n.url.Load(), "http://"))
	}
	p, err := startServer(append(os.Environ(), "AUDITLOG_ADMIN_TOKEN="+c.token), n.dir, args...)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(p.kill)
	n.process = p
	n.url.Store(&p.url)
}

func (c *cluster) must(err error) {
	c.Helper()
	if err != nil {
		for i, n := range c.nodes {
			c.Logf("node %d: %s", i, n.process.log.String())
		}
		c.Fatal(err)
	}
}

// examine lets the database fail over that often under load, beginning with one of the ways, and
// returns how many requests that were acknowledged are not there.
func (c *cluster) examine(first, rounds int) (lost int) {
	ways := []struct {
		name string
		fail func() error
	}{
		{"connections end anywhere, then the primary is killed, and a node", c.killAll},
		{"the old primary is cut off from all but one node", c.partition},
		{"the primary is killed, and a node stands still", c.killAndPause},
		{"the primary is cut off", c.isolate},
	}
	stop := c.begin()
	var checkpoints []rpc.CheckpointResult
	for n := range rounds {
		c.load()
		if at, err := c.client(n%clusterNodes).Checkpoint(c.Context(), nil); err == nil {
			checkpoints = append(checkpoints, at)
		}
		way := ways[(n+first)%len(ways)]
		began := time.Now()
		c.must(way.fail())
		c.heal()
		c.must(c.pair.Rebuild())
		c.pair.Lag(10 * time.Millisecond)
		c.await()
		c.Logf("round %d: %s: %s, %d acknowledged", n, way.name, time.Since(began).Round(time.Millisecond), c.ledger.count())
	}
	c.load()
	stop()
	c.await()
	c.compare()
	if !c.may {
		c.proves(checkpoints)
	}
	return c.verify()
}

// begin has writers write until stop is called.
func (c *cluster) begin() (stop func()) {
	over := make(chan struct{})
	var writers sync.WaitGroup
	for i, send := range c.ledger.senders() {
		for range 2 {
			writers.Go(func() { c.write(over, i, send) })
		}
	}
	return func() { close(over); writers.Wait() }
}

// count returns how many requests were acknowledged.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledged
}

// load lets the writers write for some time.
func (c *cluster) load() { time.Sleep(time.Duration(500+rand.IntN(500)) * time.Millisecond) }

// await returns once every node has recorded something.
func (c *cluster) await() {
	for i := range c.nodes {
		for limit := time.Now().Add(startLimit); ; time.Sleep(20 * time.Millisecond) {
			err := c.client(i).Ready(c.Context())
			if err == nil {
				break
			}
			if time.Now().After(limit) {
				c.must(fmt.Errorf("node %d does not recover: %w", i, err))
			}
		}
	}
}

func (c *cluster) heal() {
	for _, n := range c.nodes {
		for _, way := range n.ways {
			c.must(way.Heal())
		}
	}
}

// killAndPause stops a node while the standby takes over.
func (c *cluster) killAndPause() error {
	paused := c.nodes[rand.IntN(clusterNodes)].process.cmd.Process
	if err := paused.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	defer paused.Signal(syscall.SIGCONT)
	c.pair.Crash()
	return c.pair.Promote()
}

// killAll cuts connections at one point of what they carry after the other, and kills the
// primary and a node at once.
func (c *cluster) killAll() error {
	for _, n := range c.nodes {
		point, seen := 0, 0 // the proxy calls one at a time
		n.ways[c.pair.Primary].CloseAt(func(pgtest.Message) bool {
			if seen++; seen <= point {
				return false
			}
			point, seen = (point+1)%60, 0
			return true
		})
	}
	time.Sleep(2 * time.Second)
	c.heal()
	killed := c.nodes[rand.IntN(clusterNodes)]
	killed.process.kill()
	killed.said += killed.process.log.String()
	c.pair.Crash()
	if err := c.pair.Promote(); err != nil {
		return err
	}
	c.must(c.pair.Rebuild()) // a node starts where the database answers
	c.start(killed)
	return nil
}

// isolate has no node reach the primary, which lives on.
func (c *cluster) isolate() error {
	for i, n := range c.nodes {
		if i == 0 {
			n.ways[c.pair.Primary].Stall()
		} else {
			n.ways[c.pair.Primary].Refuse()
		}
	}
	return c.pair.Promote()
}

// partition has all nodes but one, and the standby, not reach the primary any more.
func (c *cluster) partition() error {
	for _, n := range c.nodes[1:] {
		n.ways[c.pair.Primary].Refuse()
	}
	if err := c.pair.Promote(); err != nil {
		return err
	}
	c.load()
	return nil
}

func (c *cluster) client(node int) *client.Client {
	return &client.Client{URL: *c.nodes[node].url.Load(), Token: c.token, Tries: 1, Timeout: 10 * time.Second}
}

// anyone returns a client of whichever node takes its calls.
func (c *cluster) anyone() *client.Client {
	if c.front != "" {
		return &client.Client{URL: c.front, Token: c.token, Tries: 1, Timeout: 10 * time.Second}
	}
	return c.client(rand.IntN(clusterNodes))
}

// write sends requests to any of the nodes, those with keys until they are acknowledged.
func (c *cluster) write(stop <-chan struct{}, writer int, send sender) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		s := c.ledger.compose(writer)
		for try := 0; ; try++ {
			err := c.send(send, s)
			if err == nil {
				c.ledger.acknowledge(s)
				break
			}
			c.failed.Add(1)
			if kind := audit.KindOf(err); kind != audit.Unavailable && !c.may {
				c.Errorf("a server answers: %v", err)
				return
			}
			if !s.again {
				break
			}
			if try > 1000 {
				c.Errorf("not acknowledged in a thousand tries: %v", err)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func (c *cluster) send(send sender, s *sent) error {
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	s.ids = nil
	err := send(ctx, c.anyone(), s)
	if ctx.Err() != nil {
		return audit.Errorf(audit.Unavailable, "no answer")
	}
	return err
}

// projects are those of the load, and the log's own.
func (l *ledger) projects() []string {
	names := []string{audit.SystemProject}
	for i := range killProjects {
		names = append(names, fmt.Sprintf("project-%d", i))
	}
	return names
}

// compare holds what the nodes list against each other, and checks the database.
func (c *cluster) compare() {
	var first []string
	for i := range c.nodes {
		var listed []string
		for _, project := range c.ledger.projects() {
			listAll(c.T, c.client(i), project, func(e *audit.Entry) {
				listed = append(listed, fmt.Sprintf("%d %d %s %s", e.ID, e.Seq, e.Project, e.Detail))
			})
		}
		if i == 0 {
			first = listed
		} else if !slices.Equal(first, listed) {
			c.Errorf("node %d lists %d entries, node 0 lists %d, or others", i, len(listed), len(first))
		}
	}
	s, err := store.ConnectReadOnly(c.database())
	c.must(err)
	defer s.Close()
	sum, err := s.Check(c.Context(), func(problem string) { c.Errorf("check: %s", problem) })
	if err != nil || int(sum.Entries) < len(first) {
		c.Errorf("%d entries are listed, %d were checked, %v", len(first), sum.Entries, err)
	}
}

// proves has each node prove that its tree continues those of before.
func (c *cluster) proves(before []rpc.CheckpointResult) {
	for i := range c.nodes {
		for _, at := range before {
			old := c.parse(at)
			res, err := c.client(i).Checkpoint(c.Context(), &old.Size)
			c.must(err)
			var hashes tlog.TreeProof
			for _, text := range res.Proof {
				hash, err := tlog.ParseHash(text)
				c.must(err)
				hashes = append(hashes, hash)
			}
			now := c.parse(res)
			if now.Origin != old.Origin || now.Size < old.Size {
				c.Errorf("node %d has a tree of %d heads, there were %d", i, now.Size, old.Size)
			} else if err := tlog.CheckTree(hashes, now.Size, now.Root, old.Size, old.Root); err != nil && now.Size > old.Size {
				c.Errorf("node %d does not continue the tree of %d heads: %v", i, old.Size, err)
			}
		}
	}
}

func (c *cluster) parse(r rpc.CheckpointResult) proof.Checkpoint {
	c.Helper()
	body, _, _ := strings.Cut(r.Checkpoint, "\n\n")
	at, err := proof.ParseCheckpoint(body + "\n")
	c.must(err)
	return at
}

// verify looks for every request, and returns how many that were acknowledged are missing.
func (c *cluster) verify() (lost int) {
	found := make(map[string]int64)
	var ids []int64
	for _, project := range c.ledger.projects() {
		listAll(c.T, c.client(0), project, func(e *audit.Entry) {
			ids = append(ids, e.ID)
			if project == audit.SystemProject {
				return
			}
			if first, again := found[e.Detail]; again {
				c.Errorf("%s is there as %d and as %d", e.Detail, first, e.ID)
			}
			found[e.Detail] = e.ID
		})
	}
	slices.Sort(ids)
	for i, id := range ids {
		if id != int64(i)+1 {
			c.Errorf("id %d stands where %d is due", id, i+1)
			break
		}
	}
	for _, s := range c.ledger.sent {
		missing := slices.ContainsFunc(s.entries, func(e audit.Entry) bool { return found[e.Detail] == 0 })
		if s.acked && missing {
			lost++
		} else if !c.may || !missing {
			s.verify(c.T, found)
		}
	}
	c.Logf("%d requests, %d acknowledged, %d entries", len(c.ledger.sent), c.ledger.count(), len(ids))
	return lost
}
