package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/folder"
	"auditlog/client"
	"auditlog/store"
	"auditlog/store/kv/pgkv/pgtest"
)

// TestMoveKilled kills a move again and again, at any moment. The last one goes through, and
// what is there is the log, once.
func TestMoveKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	from := filepath.Join(t.TempDir(), "data")
	entries := fillLog(t, from)
	for name, to := range map[string]string{"folder": filepath.Join(t.TempDir(), "data"), "database": pgtest.Start(t)} {
		t.Run(name, func(t *testing.T) {
			kills := 0
			for n := 0; ; n++ {
				killAfter := time.Duration(rand.IntN(40*(n+1))) * time.Millisecond // some get far, the last one through
				out, code := runMove(t, killAfter, from, to)
				if code == exit.OK {
					break
				}
				if kills++; code >= 0 && !strings.Contains(out, "holds this log already") && !strings.Contains(out, "it holds auditlog.db") {
					t.Fatalf("after %d kills: code %d: %s", kills, code, out)
				}
				if code >= 0 {
					break // it was killed at its end
				}
			}
			s, err := folder.OpenAt(to)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			sum, err := s.Check(t.Context(), func(problem string) { t.Error(problem) })
			if err != nil || sum.Entries < entries || sum.Entries > entries+1 {
				t.Errorf("%d of %d entries after %d kills, %v", sum.Entries, entries, kills, err)
			}
			t.Logf("%d kills", kills)
		})
	}
}

// fillLog makes a log and returns how many entries it has.
func fillLog(t *testing.T, dir string) int64 {
	t.Helper()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range 20 {
		batch := make([]*audit.Entry, 500)
		for i := range batch {
			batch[i] = &audit.Entry{
				Project: fmt.Sprintf("project-%d", i%7), Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
				Resource: audit.Resource{Type: "Deployment", Name: "web"}, Outcome: audit.Success, Key: fmt.Sprint(n, i),
			}
		}
		if _, err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return 20 * 500
}

// runMove moves a log, unless it is killed before, which is code -1.
func runMove(t *testing.T, killAfter time.Duration, from, to string) (said string, code int) {
	t.Helper()
	cmd, err := program(os.Environ(), "move", "--from", from, "--to", to)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(killAfter, func() { cmd.Process.Kill() })
	defer kill.Stop()
	_ = cmd.Wait() // its state says how it ended
	return out.String(), cmd.ProcessState.ExitCode()
}

// A backup of a log in a database can be restored to another database, and to a folder.
func TestBackupOfDatabase(t *testing.T) {
	server := pgtest.StartServer(t)
	node, err := startServer(os.Environ(), t.TempDir(), "--dev", "--allow-async", "--data", t.TempDir(), "--store", server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.kill)
	c := client.Client{URL: node.url}
	for i := range 50 {
		if _, err := c.Record(t.Context(), one(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) {
		t.Helper()
		cmd, err := program(append(os.Environ(), "AUDITLOG_URL="+node.url), args...)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	repository, dir, other := filepath.Join(t.TempDir(), "repo"), filepath.Join(t.TempDir(), "data"), server.Database(t)
	run("backup", repository)
	run("restore", "--from", repository, "--data", dir)
	run("restore", "--from", repository, "--store", other)
	for _, at := range []string{dir, other} {
		s, err := folder.OpenAt(at)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		sum, err := s.Check(t.Context(), func(problem string) { t.Error(problem) })
		if err != nil || sum.Entries < 51 {
			t.Errorf("%s: %d entries, %v", s.Path(), sum.Entries, err)
		}
	}
}
