package syslog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/sinktest"
)

// rsyslog is a real server, which writes what it takes to a file before it reads on.
type rsyslog struct {
	t    *testing.T
	dir  string
	conf string
	port string
	cmd  *exec.Cmd
}

// ofTLS are the settings of the recipe that TCP alone does without.
var ofTLS = regexp.MustCompile(`\s+(DefaultNetstreamDriver\w*|StreamDriver\.\w+)="[^"]*"`)

// recipe is the configuration that docs/siem.md has, but for where things lie.
func recipe(t *testing.T, dir, port string, secure bool) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/siem.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```rsyslog\n")
	conf, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/siem.md has no recipe for rsyslog")
	}
	if !secure {
		conf = ofTLS.ReplaceAllString(conf, "")
	}
	return strings.NewReplacer("/var/spool/rsyslog", dir, "/etc/rsyslog", dir, "/var/log/auditlog", dir,
		`port="6514"`, `address="127.0.0.1" port="`+port+`"`).Replace(conf)
}

func startRsyslog(t *testing.T, a *authority) *rsyslog {
	program, err := exec.LookPath("rsyslogd")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/rsyslogd"); err != nil {
			t.Skip("rsyslogd is not installed: apt-get install rsyslog rsyslog-gnutls")
		}
	}
	r := &rsyslog{t: t, dir: t.TempDir()}
	if a != nil {
		if found, _ := filepath.Glob("/usr/lib/*/rsyslog/lmnsd_gtls.so"); len(found) == 0 {
			t.Skip("rsyslog speaks no TLS here: apt-get install rsyslog-gnutls")
		}
		cert, key := a.pair("server")
		for name, text := range map[string]string{"ca": a.pem, "cert": cert, "key": key} {
			if err := os.WriteFile(filepath.Join(r.dir, name+".pem"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, r.port, _ = net.SplitHostPort(l.Addr().String())
	l.Close()
	r.conf = filepath.Join(r.dir, "rsyslog.conf")
	if err := os.WriteFile(r.conf, []byte(recipe(t, r.dir, r.port, a != nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start(program)
	t.Cleanup(r.kill)
	return r
}

// start starts the server and waits until it listens.
func (r *rsyslog) start(program string) {
	r.cmd = exec.Command(program, "-n", "-f", r.conf, "-i", filepath.Join(r.dir, "pid"))
	var said bytes.Buffer
	r.cmd.Stdout, r.cmd.Stderr = &said, &said
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for range 500 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+r.port); err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.kill()
	r.t.Fatalf("rsyslogd does not listen: %s", said.String())
}

func (r *rsyslog) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	_ = os.Remove(filepath.Join(r.dir, "pid"))
}

func (r *rsyslog) restart() {
	program := r.cmd.Path
	r.kill()
	r.start(program)
}

func (r *rsyslog) Hurt(sinktest.Fault) { r.restart() }

func (r *rsyslog) Refuse(...int64) {}

func (r *rsyslog) Taken() []int64 {
	data, err := os.ReadFile(filepath.Join(r.dir, "entries.ndjson"))
	if err != nil {
		r.t.Fatal(err)
	}
	var ids []int64
	for line := range bytes.Lines(data) {
		var e audit.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			continue // killed in the middle of a line, which was delivered again
		}
		ids = append(ids, e.ID)
	}
	return ids
}

// rsyslogs are a server for TCP and one for TLS, with what delivers to each.
func rsyslogs(t *testing.T, test func(t *testing.T, r *rsyslog, c sink.Config)) {
	t.Run("tcp", func(t *testing.T) {
		r := startRsyslog(t, nil)
		test(t, r, sink.Config{To: "syslog+tcp://127.0.0.1:" + r.port})
	})
	t.Run("tls", func(t *testing.T) {
		a := newAuthority(t)
		r := startRsyslog(t, a)
		cert, key := a.pair("client")
		test(t, r, sink.Config{To: "syslog+tls://127.0.0.1:" + r.port, Settings: map[string]string{"ca": a.pem, "certificate": cert}, Secrets: map[string]string{"key": key}})
	})
}

func TestRsyslog(t *testing.T) {
	rsyslogs(t, func(t *testing.T, r *rsyslog, c sink.Config) {
		sinktest.Run(t, sinktest.Exam{
			Open:     func(t *testing.T) sink.Destination { return open(t, c) },
			Receiver: r, Faults: []sinktest.Fault{sinktest.Restarts, sinktest.Restarts},
		})
	})
}

// A server that is killed while it is delivered to has everything in the end. Without TLS one that is
// killed in the middle of a delivery can still seem to have ended it: see the package.
func TestRsyslogKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a server 20 times")
	}
	rsyslogs(t, func(t *testing.T, r *rsyslog, c sink.Config) {
		entries := sinktest.Entries(12_000)
		d := open(t, c)
		defer d.Close()
		random := rand.New(rand.NewPCG(1, 2))
		failed, unsure := 0, make(map[int64]bool)
		for round, at := 0, 0; at < len(entries); round++ {
			batch := sinktest.Batch(entries[at:min(at+500, len(entries))])
			killed := make(chan struct{})
			var struck atomic.Bool
			if round < 20 {
				time.AfterFunc(time.Duration(random.IntN(30))*time.Millisecond, func() { struck.Store(true); r.kill(); close(killed) })
			} else {
				close(killed)
			}
			err := d.Deliver(t.Context(), batch)
			if err == nil && struck.Load() && !strings.HasPrefix(c.To, "syslog+tls") {
				for _, e := range batch.Entries {
					unsure[e.ID] = true
				}
			}
			<-killed
			if round < 20 {
				r.start(r.cmd.Path)
			}
			if err == nil {
				at += len(batch.Entries)
			} else if failed++; failed == 60 {
				t.Fatalf("the server is back, and takes nothing: %v", err)
			}
		}
		seen := make(map[int64]bool)
		for _, id := range r.Taken() {
			seen[id] = true
		}
		t.Logf("%d deliveries failed, %d entries were delivered as the server was killed", failed, len(unsure))
		var missing []string
		for _, e := range entries {
			if !seen[e.ID] && !unsure[e.ID] {
				missing = append(missing, fmt.Sprint(e.ID))
			}
		}
		if len(missing) > 0 {
			t.Errorf("%d are missing: %s", len(missing), strings.Join(missing[:min(20, len(missing))], " "))
		}
	})
}
