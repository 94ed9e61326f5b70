package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/client"
)

// following is a process of "auditlog follow".
type following struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // closed at its end
}

func startFollowing(t *testing.T, url string, args ...string) *following {
	t.Helper()
	cmd, err := program(append(os.Environ(), "AUDITLOG_URL="+url), append([]string{"follow"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	f := &following{t, cmd, make(chan string, 100)}
	go func() {
		defer close(f.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			f.lines <- s.Text()
		}
	}()
	return f
}

// next returns the next line.
func (f *following) next() string {
	f.t.Helper()
	select {
	case line, ok := <-f.lines:
		if !ok {
			f.t.Fatal("it has ended")
		}
		return line
	case <-time.After(20 * time.Second):
		f.t.Fatal("nothing comes")
	}
	return ""
}

// interrupt ends it as Ctrl-C does.
func (f *following) interrupt() {
	f.t.Helper()
	if err := f.cmd.Process.Signal(syscall.SIGINT); err != nil {
		f.t.Fatal(err)
	}
	for range f.lines {
	}
	if err := f.cmd.Wait(); f.cmd.ProcessState.ExitCode() != exit.Interrupted {
		f.t.Errorf("it ends with %v", err)
	}
}

// recordSome records entries of acme, whose details are numbers, every third a failure.
func recordSome(t *testing.T, url string, from, to int) {
	t.Helper()
	c := &client.Client{URL: url}
	for i := from; i <= to; i++ {
		e := audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
			Resource: audit.Resource{Type: "Deployment", Name: "web"}, Outcome: audit.Success, Detail: fmt.Sprint(i)}
		if i%3 == 0 {
			e.Outcome = audit.Error
		}
		if _, err := c.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// Who follows sees what comes, each entry once, also across a server that is killed and started
// again.
func TestFollowCommand(t *testing.T) {
	dir := t.TempDir()
	start := func(args ...string) *process {
		p, err := startServer(os.Environ(), dir, append([]string{"--dev", "--data", dir}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return p
	}
	p := start()
	recordSome(t, p.url, 1, 3)
	all := startFollowing(t, p.url, "-p", "acme", "--from", "1", "-o", "ndjson")
	failed := startFollowing(t, p.url, "--all-projects", "--outcome", "failure", "--from", "24h")
	formatted := startFollowing(t, p.url, "-p", "acme", "--from", "2", "-o", "ndjson", "--format", "cef")
	wantAll := func(from, to int) {
		t.Helper()
		for i := from; i <= to; i++ {
			var e audit.Entry
			if line := all.next(); json.Unmarshal([]byte(line), &e) != nil || e.Detail != fmt.Sprint(i) {
				t.Fatalf("instead of %d comes %s", i, line)
			}
		}
	}
	wantFailed := func(i int) {
		t.Helper()
		line := failed.next()
		if !strings.Contains(line, `  acme  error      ada@example.com  deployment.deploy  Deployment web  `+fmt.Sprint(i)) {
			t.Errorf("instead of the failure %d comes %q", i, line)
		}
	}
	wantAll(1, 3)
	wantFailed(3)
	if line := formatted.next(); !strings.HasPrefix(line, "CEF:0|") {
		t.Errorf("as CEF comes %s", line)
	}
	address := strings.TrimPrefix(p.url, "http://")
	p.kill()
	p = start("--listen", address)
	recordSome(t, p.url, 4, 9)
	wantAll(4, 9)
	wantFailed(6)
	wantFailed(9)
	all.interrupt()
	failed.interrupt()
	formatted.interrupt()
}
