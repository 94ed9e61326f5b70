package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// TestContainer has four clients record batches of 32 MiB to servers whose containers have
// no more memory than some hundred MiB. They may be slow, or told to come again, or with less, but the
// server is not killed, and takes smaller batches meanwhile.
//
// Where no control group can be made, GOMEMLIMIT stands for it and the memory that the
// server has is measured.
func TestContainer(t *testing.T) {
	if testing.Short() || racing() {
		t.Skip("loads small servers for half a minute; the race detector needs more memory than they have")
	}
	for _, mebibytes := range []int64{128, 256} {
		t.Run(fmt.Sprintf("%d MiB", mebibytes), func(t *testing.T) {
			limit := mebibytes << 20
			dir, env := t.TempDir(), os.Environ()
			group := makeGroup(t, limit)
			if group == "" {
				env = append(env, fmt.Sprintf("GOMEMLIMIT=%d", limit*7/8))
			}
			p, err := startServerIn(group, env, dir, "--dev", "--data", dir, "--log-level", "warn")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.kill)
			largest := largestBatch()
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
			defer cancel()
			answers := loadWith(ctx, t, p, largest)
			if most := memoryMost(t, p.cmd.Process.Pid); group == "" && most > limit {
				t.Errorf("the server had %d MiB", most>>20)
			}
			t.Logf("in a group: %t; answers to batches of 32 MiB: %v", group != "", answers)
			if len(answers) == 0 {
				t.Error("no batch was answered: this tested nothing")
			}
			for status := range answers {
				if status != http.StatusOK && status != http.StatusServiceUnavailable && status != http.StatusRequestEntityTooLarge {
					t.Errorf("a batch was answered %d", status)
				}
			}
			status := postBatch(t.Context(), p, batchOfSize(4<<20))
			for end := time.Now().Add(time.Minute); status == http.StatusServiceUnavailable && time.Now().Before(end); {
				time.Sleep(50 * time.Millisecond) // those that were broken off may hold memory for a moment
				status = postBatch(t.Context(), p, batchOfSize(4<<20))
			}
			if status != http.StatusOK {
				t.Errorf("a batch of 4 MiB afterwards is answered %d: %s", status, p.log.String())
			}
		})
	}
}

// makeGroup makes a control group with a limit on memory, of either version, or returns "".
func makeGroup(t *testing.T, limit int64) string {
	name := fmt.Sprintf("auditlog-test-%d-%d", os.Getpid(), limit)
	for _, g := range []struct{ root, file string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"},
	} {
		dir := filepath.Join(g.root, name)
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		if os.WriteFile(filepath.Join(dir, g.file), []byte(strconv.FormatInt(limit, 10)), 0o644) != nil {
			os.Remove(dir)
			continue
		}
		t.Cleanup(func() {
			for range 100 { // who was in it is gone in a moment
				if os.Remove(dir) == nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("the group %s could not be removed", dir)
		})
		return dir
	}
	return ""
}

// startServerIn is startServer in a control group, unless that is "".
func startServerIn(group string, env []string, dir string, args ...string) (*process, error) {
	if group == "" {
		return startServer(env, dir, args...)
	}
	return startServerAs(func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"sh", "-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(group, "cgroup.procs"), cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}, env, dir, args...)
}

// loadWith has four clients record a batch again and again, and returns how often they were
// answered with which status.
func loadWith(ctx context.Context, t *testing.T, p *process, batch []byte) map[int]int {
	var mu sync.Mutex
	answers := make(map[int]int)
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				status := postBatch(ctx, p, batch)
				if ctx.Err() != nil {
					return
				}
				if status == 0 {
					t.Errorf("a batch got no answer: %s", p.log.String())
					return
				}
				mu.Lock()
				answers[status]++
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	return answers
}

// postBatch records a batch, and returns the status of the answer, 0 for none.
func postBatch(ctx context.Context, p *process, batch []byte) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/"+rpc.Record, bytes.NewReader(batch))
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	return res.StatusCode
}

func largestBatch() []byte { return batchOfSize(audit.MaxBatchSize - 16<<10) }

// batchOfSize returns a batch of about so many bytes, which do not compress to nothing.
func batchOfSize(size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"entries":[`)
	for i := 0; b.Len()+12<<10 < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		e := audit.Entry{
			Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
			Resource: audit.Resource{Type: "Deployment"}, Outcome: audit.Success,
		}
		var detail []byte
		for n := i; len(detail) < 10<<10; n = n*7919%104729 + 1 {
			detail = append(strconv.AppendInt(detail, int64(n)*31337, 36), ' ')
		}
		e.Detail = string(detail)
		b.Write(e.AppendInput(nil))
	}
	b.WriteString("]}")
	return b.Bytes()
}

// memoryMost returns the most memory that a process had.
func memoryMost(t *testing.T, pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Errorf("the server is gone: %v", err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Error(err)
			}
			return kB << 10
		}
	}
	return 0
}

// racing reports whether this is built with the race detector.
func racing() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// A process whose address space is bounded starts with a smaller map of its file.
func TestSmallAddressSpace(t *testing.T) {
	if racing() {
		t.Skip("the race detector takes all of the address space")
	}
	dir := t.TempDir()
	limited := func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"sh", "-c", `ulimit -v 4000000 && exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	p, err := startServerAs(limited, os.Environ(), dir, "--dev", "--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	for range 3 {
		if status := postBatch(t.Context(), p, batchOfSize(4<<20)); status != http.StatusOK {
			t.Fatalf("a batch of 4 MiB is answered %d: %s", status, p.log.String())
		}
	}
}
