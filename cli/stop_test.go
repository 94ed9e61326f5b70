package cli

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/client"
	"auditlog/rpc"
)

const stopEntry = `{"project":"acme","actor":{"email":"ada@example.com"},"action":"a.b","resource":{"type":"T"},"outcome":"success"}` + "\n"

// slowRequest is a request to record whose body the test writes.
type slowRequest struct {
	body *io.PipeWriter
	// answer gives the answer, or why there is none.
	answer chan string
}

// startSlowRequest returns once the server waits for the request's body.
func startSlowRequest(t *testing.T, url string) *slowRequest {
	t.Helper()
	reading := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/"+rpc.Record, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", rpc.TypeNDJSON)
	req.Header.Set("Expect", "100-continue")
	s := &slowRequest{body: w, answer: make(chan string, 1)}
	go func() {
		client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: startLimit, DisableKeepAlives: true}}
		res, err := client.Do(req)
		if err != nil {
			s.answer <- err.Error()
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			text = []byte(err.Error())
		}
		s.answer <- string(text)
	}()
	select {
	case <-reading:
	case answer := <-s.answer:
		t.Fatalf("the server did not wait for the body: %s", answer)
	}
	return s
}

func startStopServer(t *testing.T, drain string) *process {
	t.Helper()
	dir := t.TempDir()
	p, err := startServer(os.Environ(), dir, "--dev", "--data", dir, "--drain", drain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

func TestStopLetsRequestsEnd(t *testing.T) {
	p := startStopServer(t, "1h")
	s := startSlowRequest(t, p.url)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.log.await(t, "stopping")
	if _, err := io.WriteString(s.body, stopEntry); err != nil {
		t.Fatal(err)
	}
	s.body.Close()
	if answer := <-s.answer; !strings.Contains(answer, `"recorded":1`) {
		t.Errorf("the request under way was answered %s", answer)
	}
	if err := <-p.exit; err != nil {
		t.Errorf("the server ended with %v:\n%s", err, p.log.String())
	}
	p.exit <- nil
}

func TestStopIsBounded(t *testing.T) {
	p := startStopServer(t, "100ms")
	s := startSlowRequest(t, p.url)
	begin := time.Now()
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if took := time.Since(begin); took > startLimit/2 {
		t.Errorf("the end took %v", took)
	}
	p.log.await(t, "requests under way were cut off")
	s.body.Close() // the client waits for its own body first
	if answer := <-s.answer; strings.Contains(answer, `"recorded"`) {
		t.Errorf("a request that was cut off was answered %s", answer)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := startStopServer(t, "1h")
	startSlowRequest(t, p.url)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.log.await(t, "stopping")
	err := p.stop(syscall.SIGTERM)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the server ended with %v", err)
	}
}

// TestInterruptedClient stands in for a server that is slow to answer.
func TestInterruptedClient(t *testing.T) {
	asked := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server notice a client that is gone
		close(asked)
		<-r.Context().Done()
	}))
	defer slow.Close()
	cmd, err := program(append(os.Environ(), "AUDITLOG_URL="+slow.URL), "list", "-p", "acme")
	if err != nil {
		t.Fatal(err)
	}
	var stderr lockedBuffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != exit.Interrupted {
		t.Errorf("the client ended with %v", err)
	}
	if got := stderr.String(); got != "auditlog: interrupted\n" {
		t.Errorf("it said %q", got)
	}
}

// A server that is to stop says so to whoever asks whether it is ready, and answers everybody else meanwhile.
func TestStopIsNoticed(t *testing.T) {
	dir := t.TempDir()
	p, err := startServer(os.Environ(), dir, "--dev", "--data", dir, "--drain-notice", "1h")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	c := &client.Client{URL: p.url, Tries: 1}
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.log.await(t, "about to stop")
	if err := c.Ready(t.Context()); audit.KindOf(err) != audit.NotFound {
		t.Errorf("whether it is ready, it answers %v", err)
	}
	if _, err := c.Record(t.Context(), one("meanwhile")); err != nil {
		t.Error(err)
	}
	if err := p.stop(syscall.SIGTERM); err == nil {
		t.Error("the second signal has it end as if it were done")
	}
}
