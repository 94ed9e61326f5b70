package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/store/kv/pgkv/pgtest"
)

const adminSecret = "a-secret-of-more-than-thirty-two-characters-0815"

// TestBalanced has three servers behind HAProxy stop, die and stand still, and their database fail over, while
// clients record, follow and look at the page through it. Nothing that was acknowledged is lost, who follows
// gets each entry once and in order, and who has logged in stays so on every node.
func TestBalanced(t *testing.T) {
	if testing.Short() {
		t.Skip("stops servers for a minute")
	}
	t.Parallel()
	c := newCluster(t, pgtest.Synchronous, adminSecret, "--drain-notice", "3s", "--drain", "3s")
	var addresses []string
	for _, n := range c.nodes {
		addresses = append(addresses, strings.TrimPrefix(*n.url.Load(), "http://"))
	}
	c.front = startBalancer(t, addresses...)
	c.until("it balances", func() bool { return c.anyone().Ready(t.Context()) == nil })
	page := c.logIn()
	followed := c.follow("project-0")
	stop := c.begin()
	c.during("nothing", func() { time.Sleep(2 * time.Second) })
	c.during("a node is stopped, and started again", func() {
		c.must(c.nodes[0].process.stop(syscall.SIGTERM))
		c.start(c.nodes[0])
	})
	c.during("a node is killed, and started again", func() {
		c.nodes[1].process.kill()
		c.load()
		c.start(c.nodes[1])
	})
	c.during("a node stands still", func() {
		p := c.nodes[2].process.cmd.Process
		c.must(p.Signal(syscall.SIGSTOP))
		time.Sleep(5 * time.Second)
		c.must(p.Signal(syscall.SIGCONT))
	})
	c.during("the primary fails", func() {
		c.pair.Crash()
		c.must(c.pair.Promote())
		c.must(c.pair.Rebuild())
		c.await()
	})
	page()
	stop()
	c.compare()
	if lost := c.verify(); lost > 0 {
		t.Errorf("%d requests that were acknowledged are lost", lost)
	}
	c.compareFollowed("project-0", followed)
}

// during does something under load, and tells what became of that.
func (c *cluster) during(what string, do func()) {
	c.Helper()
	failed, acknowledged, over, pause := c.failed.Load(), c.ledger.count(), make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		longest, last, at := time.Duration(0), acknowledged, time.Now()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			if now := c.ledger.count(); now != last {
				last, at = now, time.Now()
			}
			longest = max(longest, time.Since(at))
			select {
			case <-tick.C:
			case <-over:
				pause <- longest
				return
			}
		}
	}()
	began := time.Now()
	do()
	c.load()
	close(over)
	c.Logf("%s: %s, %d acknowledged, %d tries failed, nothing was for %s at most", what, time.Since(began).Round(time.Millisecond),
		c.ledger.count()-acknowledged, c.failed.Load()-failed, (<-pause).Round(time.Millisecond))
}

// logIn logs in at the page, and returns what makes sure that every node shows it to whoever did.
func (c *cluster) logIn() (look func()) {
	jar, err := cookiejar.New(nil)
	c.must(err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	status := func(res *http.Response, err error) int {
		c.must(err)
		c.must(res.Body.Close())
		return res.StatusCode
	}
	if is := status(browser.PostForm(c.front+"/login", url.Values{"token": {c.token}})); is != http.StatusSeeOther {
		c.Fatalf("logging in answers %d", is)
	}
	return func() {
		c.Helper()
		at := []string{c.front}
		for _, n := range c.nodes { // cookies are for all ports of a host
			at = append(at, *n.url.Load())
		}
		for _, url := range at {
			c.until("who has logged in is known at "+url, func() bool { return status(browser.Get(url+"/logs?project=project-0")) == http.StatusOK })
		}
	}
}

// follow follows a project through whatever happens, and returns what gives the seqs that came so far.
func (c *cluster) follow(project string) (seqs func() []int64) {
	follower := &client.Client{URL: c.front, Token: c.token, Tries: 1000, Pause: 50 * time.Millisecond}
	var mu sync.Mutex
	var came []int64
	ctx, cancel := context.WithCancel(c.Context())
	var done sync.WaitGroup
	c.Cleanup(func() { cancel(); done.Wait() })
	done.Go(func() {
		for ev, err := range follower.Follow(ctx, rpc.FollowRequest{Filters: rpc.Filters{Project: project}, From: "1"}) {
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				c.Errorf("follow: %v", err)
				return
			case ev.Entry != nil:
				mu.Lock()
				came = append(came, ev.Entry.Seq)
				mu.Unlock()
			}
		}
	})
	return func() []int64 {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(came)
	}
}

// compareFollowed holds what was followed of a project against what is listed of it.
func (c *cluster) compareFollowed(project string, followed func() []int64) {
	c.Helper()
	var last int64
	listAll(c.T, c.client(0), project, func(e *audit.Entry) { last = max(last, e.Seq) })
	c.until("who follows has all", func() bool { return int64(len(followed())) >= last })
	for i, seq := range followed() {
		if seq != int64(i)+1 {
			c.Fatalf("who follows got seq %d where %d is due", seq, i+1)
		}
	}
}

// startBalancer starts a HAProxy in front of servers at three addresses, with the configuration that
// docs/scaling.md shows, and returns its URL.
func startBalancer(t *testing.T, addresses ...string) string {
	t.Helper()
	at := freeAddress(t)
	replacements := []string{":443 ssl crt /etc/haproxy/audit.example.com.pem", at, "X-Forwarded-Proto https", "X-Forwarded-Proto http"}
	for i, address := range addresses {
		replacements = append(replacements, fmt.Sprintf("10.0.0.%d:7070", i+1), address)
	}
	runHAProxy(t, "frontend auditlog", at, replacements...)
	return "http://" + at
}

// runHAProxy starts a HAProxy that ends with the test and listens at an address, with the configuration of
// docs/scaling.md that has a section, at other addresses than are in it.
func runHAProxy(t *testing.T, section, at string, replacements ...string) {
	t.Helper()
	bin := pgtest.Installed(t, "haproxy", "HAProxy")
	path := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(replacements...).Replace(documented(t, "haproxy", section))), 0o600); err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	cmd := exec.Command(bin, "-db", "-f", path)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("haproxy: %s", log.String())
		}
	})
	for limit := time.Now().Add(startLimit); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close()
			return
		} else if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}

// documented returns the block of docs/scaling.md that is of a kind and has a text.
func documented(t *testing.T, kind, with string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range snippets(string(text)) {
		if s.kind == kind && strings.Contains(s.text, with) {
			return s.text
		}
	}
	t.Fatalf("docs/scaling.md shows no %s with %s", kind, with)
	return ""
}
