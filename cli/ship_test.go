package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/client"
)

// beReceiver in its environment makes the test binary a receiver of webhooks, which listens at
// the address that it holds, and appends what it is sent to the file that receiverFile names.
const (
	beReceiver   = "AUDITLOG_TEST_BE_RECEIVER"
	receiverFile = "AUDITLOG_TEST_RECEIVER_FILE"
)

// beTheReceiver answers only once what it was sent is on disk.
func beTheReceiver() {
	f, err := os.OpenFile(os.Getenv(receiverFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.Write([]byte("\n")) // the last line may be torn
	}
	if err == nil {
		err = http.ListenAndServe(os.Getenv(beReceiver), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			_, err := b.ReadFrom(r.Body)
			if err == nil {
				_, err = f.Write(b.Bytes())
			}
			if err == nil {
				err = f.Sync()
			}
			if err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// freeAddress returns an address at which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// killable is a process that is killed and started again.
type killable struct {
	start func() *exec.Cmd
	cmd   *exec.Cmd
}

func (k *killable) begin(t *testing.T) {
	t.Helper()
	k.cmd = k.start()
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (k *killable) kill() {
	_ = k.cmd.Process.Kill() // or it has ended
	_ = k.cmd.Wait()
}

// TestShipKilled kills the server, the one who ships and the receiver, again and again, while
// entries are recorded, and looks in the end whether every entry that was acknowledged has arrived,
// in commit order but for what came again.
func TestShipKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for half a minute")
	}
	dir := t.TempDir()
	serving, receiving := freeAddress(t), freeAddress(t)
	received := filepath.Join(dir, "received")
	run := func(env []string, args ...string) *killable {
		return &killable{start: func() *exec.Cmd {
			cmd, err := program(append(os.Environ(), env...), args...)
			if err != nil {
				t.Fatal(err)
			}
			return cmd
		}}
	}
	processes := []*killable{
		run(nil, "serve", "--dev", "--data", filepath.Join(dir, "data"), "--listen", serving),
		run(nil, "ship", "-p", "acme", "--url", "http://"+serving, "--state", filepath.Join(dir, "state"),
			"--to", "http://"+receiving+"/hook", "--setting", "body=lines", "--batch", "50"),
		run([]string{beReceiver + "=" + receiving, receiverFile + "=" + received}),
	}
	for _, p := range processes {
		p.begin(t)
		t.Cleanup(p.kill)
	}
	var recorded sync.Map // of the acknowledged, by detail
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 3 {
		writers.Go(func() { recordUntil(t, stop, "http://"+serving, w, &recorded) })
	}
	const rounds = 20
	for range rounds {
		time.Sleep(time.Duration(100+rand.IntN(900)) * time.Millisecond)
		p := processes[rand.IntN(len(processes))]
		p.kill()
		p.begin(t)
	}
	time.Sleep(2 * time.Second)
	close(stop)
	writers.Wait()
	missing := 0
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		if missing = countMissing(t, received, &recorded); missing == 0 {
			break
		}
	}
	n := 0
	recorded.Range(func(any, any) bool { n++; return true })
	if missing > 0 || n < rounds {
		t.Errorf("of %d entries that were acknowledged %d have not arrived", n, missing)
	}
	t.Logf("%d entries arrived through %d kills", n, rounds)
}

// recordUntil records entries one by one, and keeps those that were acknowledged.
func recordUntil(t *testing.T, stop <-chan struct{}, url string, writer int, recorded *sync.Map) {
	c := &client.Client{URL: url, Tries: 1}
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		detail := fmt.Sprintf("%d-%d", writer, i)
		res, err := c.Record(t.Context(), audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b",
			Resource: audit.Resource{Type: "T"}, Outcome: audit.Success, Detail: detail})
		if err == nil {
			recorded.Store(detail, res.FirstID)
		} else {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// countMissing returns how many of the entries recorded are not in a file of received ones, whose
// seqs must rise by one but for where it goes back.
func countMissing(t *testing.T, path string, recorded *sync.Map) (missing int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	arrived := make(map[string]int64)
	most := int64(0)
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		var e audit.Entry
		if json.Unmarshal(line, &e) != nil {
			continue // torn by a kill, and so not answered for
		}
		if e.Seq > most+1 {
			t.Fatalf("seq %d arrives behind %d", e.Seq, most)
		}
		most = max(most, e.Seq)
		arrived[e.Detail] = e.ID
	}
	recorded.Range(func(detail, id any) bool {
		if arrived[detail.(string)] != id.(int64) {
			missing++
		}
		return true
	})
	return missing
}
