package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/rpc"

	"auditlog/cli/server"
)

// crowded is a server that many want something of at once.
type crowded struct {
	*process
	http *http.Client
}

// startCrowded starts a server that may have so many files open; 0 is as many as this process.
func startCrowded(t *testing.T, files int) *crowded {
	t.Helper()
	dir := t.TempDir()
	p, err := startServerAs(func(cmd *exec.Cmd) {
		if files > 0 {
			cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, files), cmd.Path}, cmd.Args[1:]...)
			cmd.Path = "/bin/sh"
		}
	}, os.Environ(), dir, "--dev", "--data", dir, "--log-level", "warn")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10_000}, Timeout: time.Minute}
	t.Cleanup(client.CloseIdleConnections)
	return &crowded{p, client}
}

// call returns the status of a call, 0 where there is no answer, and its result.
func (c *crowded) call(ctx context.Context, method string, body []byte, into any) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/"+method, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if res.StatusCode == http.StatusOK && into != nil {
		return res.StatusCode, json.Unmarshal(answer, &struct{ Result any }{into})
	}
	return res.StatusCode, nil
}

// record records n entries, and reports whether they were acknowledged.
func (c *crowded) record(ctx context.Context, project string, n int) (status int, err error) {
	var entries []byte
	for i := range n {
		e := audit.Entry{
			Project: project, Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy", Outcome: audit.Success,
			Resource: audit.Resource{Type: "Deployment"}, Detail: fmt.Sprintf("revision %d", i),
		}
		entries = append(e.AppendInput(entries), ',')
	}
	return c.call(ctx, rpc.Record, fmt.Appendf(nil, `{"entries":[%s]}`, bytes.TrimSuffix(entries, []byte(","))), nil)
}

// entries returns how many entries a project has.
func (c *crowded) entries(t *testing.T, project string) int64 {
	t.Helper()
	var st rpc.StatsResult
	if status, err := c.call(t.Context(), rpc.Stats, fmt.Appendf(nil, `{"project":%q}`, project), &st); err != nil || status != http.StatusOK {
		t.Fatalf("stats: %d, %v", status, err)
	}
	return st.Total
}

// connect opens connections that stay open, and reports how many were not closed at once. Each
// has asked something, as the idle ones of a pool have.
func (c *crowded) connect(t *testing.T, n int) (open int) {
	t.Helper()
	var conns sync.WaitGroup
	var answered atomic.Int64
	turns := make(chan struct{}, 64)
	for range n {
		turns <- struct{}{}
		conns.Go(func() {
			defer func() { <-turns }()
			conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
			if err != nil {
				return // one that is closed at once may be reset before it is there
			}
			t.Cleanup(func() { conn.Close() })
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
			if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil && strings.Contains(line, "200") {
				answered.Add(1)
			}
		})
	}
	conns.Wait()
	return int(answered.Load())
}

// TestFewFiles has a server that may have few files open, and more connections than that: those
// that are too many are closed, and the log's own files are not among what is missing.
func TestFewFiles(t *testing.T) {
	c := startCrowded(t, 300)
	if status, err := c.record(t.Context(), "acme", 10); status != http.StatusOK {
		t.Fatal(status, err)
	}
	open := c.connect(t, 400)
	if most := server.LeastConnections; open < most/2 || open > most {
		t.Errorf("%d connections are open, want about %d", open, most)
	}
	want := int64(10)
	for range 40 { // over the connection that is open already
		status, err := c.record(t.Context(), "acme", 1000)
		if status != http.StatusOK {
			t.Fatal(status, err)
		}
		want += 1000
	}
	if got := c.entries(t, "acme"); got != want {
		t.Errorf("%d entries, want %d", got, want)
	}
	if said := c.log.String(); !strings.Contains(said, "there are too many") || strings.Contains(said, "too many open files") {
		t.Errorf("the server says %s", said)
	}
}

// TestIdleConnections leaves thousands of connections open: they take little memory, and others
// are served as if they were not there.
func TestIdleConnections(t *testing.T) {
	if testing.Short() || racing() {
		t.Skip("opens thousands of connections")
	}
	const idle = 5000
	if server.MaxOpenFiles() < 2*idle {
		t.Skipf("this process may have %d files open", server.MaxOpenFiles())
	}
	c := startCrowded(t, 0)
	before := c.latency(t)
	if open := c.connect(t, idle); open != idle {
		t.Fatalf("%d connections are open", open)
	}
	after := c.latency(t)
	memory := memoryMost(t, c.cmd.Process.Pid)
	t.Logf("a call took %v, with %d connections %v; memory %d MiB", before, idle, after, memory>>20)
	if memory > 400<<20 {
		t.Errorf("the server has %d MiB", memory>>20)
	}
	if after > 10*before+50*time.Millisecond {
		t.Errorf("a call took %v, with %d connections %v", before, idle, after)
	}
}

// latency returns the median time of calls that record.
func (c *crowded) latency(t *testing.T) time.Duration {
	t.Helper()
	var took []time.Duration
	for range 100 {
		began := time.Now()
		if status, err := c.record(t.Context(), "acme", 1); status != http.StatusOK {
			t.Fatal(status, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// TestCrowd has thousands record while hundreds search: everybody is answered, at worst with
// 503, recording goes on at a good part of its speed, and what was acknowledged is there.
func TestCrowd(t *testing.T) {
	if testing.Short() || racing() {
		t.Skip("loads a server for half a minute")
	}
	const recorders, searchers = 2000, 200
	if server.MaxOpenFiles() < 3*recorders {
		t.Skipf("this process may have %d files open", server.MaxOpenFiles())
	}
	c := startCrowded(t, 0)
	for range 30 {
		if status, err := c.record(t.Context(), "searched", 5000); status != http.StatusOK {
			t.Fatal(status, err)
		}
	}
	search := func(ctx context.Context, _ int) (int, error) {
		return c.call(ctx, rpc.List, []byte(`{"project":"searched","q":"revision 4711 -ada"}`), nil)
	}
	record := func(ctx context.Context, i int) (int, error) {
		return c.record(ctx, fmt.Sprintf("recorded-%d", i%10), 1)
	}
	alone := crowd(t, recorders, record, 0, search)
	both := crowd(t, recorders, record, searchers, search)
	t.Logf("alone: %v\nwith searchers: %v", alone, both)
	if both.recorded[http.StatusOK] < alone.recorded[http.StatusOK]/5 {
		t.Errorf("recording falls from %d to %d", alone.recorded[http.StatusOK], both.recorded[http.StatusOK])
	}
	if both.searched[http.StatusOK] == 0 {
		t.Error("no search was answered")
	}
	var there int64
	for i := range 10 {
		there += c.entries(t, fmt.Sprintf("recorded-%d", i))
	}
	acknowledged := int64(alone.recorded[http.StatusOK] + both.recorded[http.StatusOK])
	if there < acknowledged || there > acknowledged+2*recorders { // those that were cut off may be there
		t.Errorf("%d entries are there, %d were acknowledged", there, acknowledged)
	}
}

// answers counts the answers to a crowd, by status.
type answers struct{ recorded, searched map[int]int }

// crowd has so many record and so many search for some seconds.
func crowd(t *testing.T, recorders int, record func(context.Context, int) (int, error), searchers int, search func(context.Context, int) (int, error)) answers {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	a := answers{make(map[int]int), make(map[int]int)}
	var mu sync.Mutex
	var all sync.WaitGroup
	run := func(n int, counts map[int]int, call func(context.Context, int) (int, error)) {
		for i := range n {
			all.Go(func() {
				for ctx.Err() == nil {
					status, err := call(ctx, i)
					if ctx.Err() != nil {
						return
					}
					if status != http.StatusOK && status != http.StatusServiceUnavailable {
						t.Errorf("answered %d: %v", status, err)
						return
					}
					mu.Lock()
					counts[status]++
					mu.Unlock()
					if status != http.StatusOK {
						time.Sleep(100 * time.Millisecond)
					}
				}
			})
		}
	}
	run(recorders, a.recorded, record)
	run(searchers, a.searched, search)
	all.Wait()
	return a
}

// TestSlowExport has somebody export a large project and read slowly, while others record a lot:
// he holds no page of the database back, so the file grows by what is recorded and not by all that
// is written, and what he gets is everything that was there when he began.
func TestSlowExport(t *testing.T) {
	if testing.Short() || racing() {
		t.Skip("records for half a minute")
	}
	grown := func(slow bool) int64 {
		c := startCrowded(t, 0)
		for range 20 {
			if status, err := c.record(t.Context(), "exported", 5000); status != http.StatusOK {
				t.Fatal(status, err)
			}
		}
		lines := make(chan int, 1)
		if slow {
			go func() { lines <- c.exportSlowly(t, "exported") }()
		}
		for range 200 {
			if status, err := c.record(t.Context(), "recorded", 1000); status != http.StatusOK {
				t.Fatal(status, err)
			}
		}
		if slow {
			if n := <-lines; n != 100_000 {
				t.Errorf("the slow export has %d entries", n)
			}
		}
		size, err := os.Stat(c.database())
		if err != nil {
			t.Fatal(err)
		}
		return size.Size()
	}
	without, with := grown(false), grown(true)
	t.Logf("the file has %d KiB, with a slow export %d", without>>10, with>>10)
	if with > without*3/2 {
		t.Errorf("the file has %d KiB, with a slow export %d", without>>10, with>>10)
	}
}

// database returns the path of the server's database.
func (c *crowded) database() string { return c.cmd.Dir + "/auditlog.db" }

// exportSlowly reads an export in small pieces, over some ten seconds, and returns its lines.
func (c *crowded) exportSlowly(t *testing.T, project string) (lines int) {
	res, err := c.http.Post(c.url+"/"+rpc.Export, rpc.TypeJSON, strings.NewReader(fmt.Sprintf(`{"project":%q}`, project)))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer res.Body.Close()
	piece := make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(res.Body, piece)
		lines += bytes.Count(piece[:n], []byte("\n"))
		if err != nil {
			return lines
		}
		time.Sleep(100 * time.Millisecond)
	}
}
