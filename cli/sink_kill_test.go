package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"auditlog/client"
)

// collector is a receiver of sinks that dies as it likes: before it has noted a batch, behind
// that, or in the middle of one, and for a while altogether.
type collector struct {
	t      *testing.T
	server *http.Server
	addr   string

	mu     sync.Mutex
	seen   map[int64]int
	newest int64
	asked  int // how often, while it may die
	deaths int
	calm   bool // it dies no more
}

func newCollector(t *testing.T) *collector {
	c := &collector{t: t, seen: make(map[int64]int), addr: "127.0.0.1:0"}
	c.live()
	t.Cleanup(func() { c.server.Close() })
	return c
}

// live begins to listen, at the same address as before.
func (c *collector) live() {
	var l net.Listener
	for range 50 {
		var err error
		if l, err = new(net.ListenConfig).Listen(c.t.Context(), "tcp", c.addr); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if l == nil {
		c.t.Fatalf("nothing can listen at %s any more", c.addr)
	}
	c.addr = l.Addr().String()
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	go c.server.Serve(l)
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	die := c.fate()
	lines, n := bufio.NewScanner(r.Body), 0
	lines.Buffer(nil, 1<<20)
	var ids []int64
	var torn error
	for lines.Scan() {
		var e struct{ ID int64 }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			torn = errors.Join(torn, fmt.Errorf("%w in %s", err, lines.Bytes()))
			continue
		}
		ids = append(ids, e.ID)
		if n++; die == 0 && n == 20 {
			c.note(nil, true)
			panic(http.ErrAbortHandler)
		}
	}
	if lines.Err() != nil {
		return // the server was killed in the middle of it, and of its last line
	}
	if torn != nil {
		c.t.Error(torn)
	}
	c.note(ids, die == 1)
	if die == 1 {
		panic(http.ErrAbortHandler)
	}
	if die == 2 {
		w.WriteHeader(http.StatusServiceUnavailable) // although it has noted all
	}
}

// fate says how a batch ends: 0 and 1 are deaths, 2 is a failure.
func (c *collector) fate() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calm {
		return 3
	}
	c.asked++
	switch {
	case c.asked%7 == 3:
		return c.asked % 2
	case c.asked%11 == 5:
		return 2
	}
	return 3
}

// note takes in what came. What comes for the first time comes in order.
func (c *collector) note(ids []int64, death bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if death {
		c.deaths++
	}
	for _, id := range ids {
		if id < 0 {
			continue // it carries a checkpoint, and is no entry
		}
		if c.seen[id]++; c.seen[id] == 1 && id != c.newest+1 {
			c.t.Errorf("entry %d comes behind %d", id, c.newest)
		}
		c.newest = max(c.newest, id)
	}
}

// TestKillShipping kills server and receiver while entries are recorded and shipped: every entry
// arrives, once at least and in order, the log's own included.
func TestKillShipping(t *testing.T) {
	if testing.Short() {
		t.Skip("kills servers and receivers for 30 seconds")
	}
	dir, c, l := t.TempDir(), newCollector(t), newLedger()
	config := filepath.Join(dir, "auditlog.toml")
	text := fmt.Sprintf("[[sink]]\nname = \"all\"\nall-projects = true\nto = \"http://%s/\"\nfrom = \"first\"\nwait = \"100ms\"\nsettings = {body = \"lines\"}\n", c.addr)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	start := func() *process {
		p, err := startServer(os.Environ(), dir, "--dev", "--data", data, "--config", config, "--allow-local-sinks")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return p
	}
	p := start()
	const rounds = 20
	for round := range rounds {
		var writers sync.WaitGroup
		for i, send := range l.senders() {
			writers.Go(func() { l.write(t, p.url, i, send) })
		}
		if round%4 == 3 { // the receiver is away for a while
			c.server.Close()
		}
		time.Sleep(time.Duration(300+rand.IntN(1000)) * time.Millisecond)
		p.kill()
		writers.Wait()
		if round%4 == 3 {
			c.live()
		}
		p = start()
	}
	c.mu.Lock()
	c.calm = true
	c.mu.Unlock()
	asked := &client.Client{URL: p.url}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		list, err := asked.Sinks(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if list[0].Behind == 0 {
			if list[0].Refused != 0 || list[0].Purged != 0 || list[0].At != c.newest {
				t.Errorf("the sink ends as %+v", list[0])
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the sink does not come to its end: %+v", list[0])
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	twice := 0
	for id := int64(1); id <= c.newest; id++ {
		switch n := c.seen[id]; {
		case n == 0:
			t.Errorf("entry %d never came", id)
		case n > 1:
			twice++
		}
	}
	t.Logf("%d kills of the server, %d of the receiver, %d requests acknowledged, %d entries came, %d of them more than once",
		rounds, c.deaths, l.acknowledged, len(c.seen), twice)
	if l.acknowledged < 100 || int64(l.entries) > c.newest || c.deaths == 0 {
		t.Errorf("%d requests were acknowledged, of %d entries: this tested nothing", l.acknowledged, l.entries)
	}
}
