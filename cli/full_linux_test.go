package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/store"
)

// TestFullDisk fills the disk under a real server, and then makes room again. What
// was acknowledged stays, what could not be stored is refused with the reason,
// listing goes on, and so does recording once there is room.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("fills disks")
	}
	t.Run("file system", func(t *testing.T) {
		dir := t.TempDir()
		size := func(size string, flags uintptr) error {
			return unix.Mount("tmpfs", dir, "tmpfs", flags, "size="+size)
		}
		if err := size("14m", 0); err != nil {
			t.Skipf("cannot mount a small file system here: %v", err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		})
		testFullDisk(t, dir, "the disk is full; nothing was stored", fullDisk{
			free: func(*process) error { return size("256m", unix.MS_REMOUNT) },
		})
	})
	t.Run("size limit", func(t *testing.T) {
		limit := func(p *process, soft uint64) error {
			rlimit := unix.Rlimit{Cur: soft, Max: unix.RLIM_INFINITY}
			return unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &rlimit, nil)
		}
		testFullDisk(t, t.TempDir(), "nothing was stored", fullDisk{
			fill: func(p *process) error { return limit(p, 14<<20) },
			free: func(p *process) error { return limit(p, unix.RLIM_INFINITY) },
		})
	})
}

// fullDisk is a way to have no room, and to have it again.
type fullDisk struct {
	fill, free func(*process) error
}

func testFullDisk(t *testing.T, dir, refusal string, disk fullDisk) {
	data := filepath.Join(dir, "data")
	p, err := startServer(os.Environ(), dir, "--dev", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	if disk.fill != nil {
		if err := disk.fill(p); err != nil {
			t.Skipf("cannot limit a process here: %v", err)
		}
	}
	c := &client.Client{URL: p.url, Tries: 1}
	acknowledged, err := recordUntilRefused(t, c)
	if audit.KindOf(err) != audit.Unavailable || !strings.Contains(err.Error(), refusal) {
		t.Fatalf("after %d entries: %v", acknowledged, err)
	}
	t.Logf("%d entries fit", acknowledged)
	if got := countEntries(t, c); got != acknowledged || got == 0 {
		t.Errorf("%d entries are listed on a full disk, %d were acknowledged", got, acknowledged)
	}
	if err := disk.free(p); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := c.Record(t.Context(), bigEntries(acknowledged)...); err != nil {
			t.Fatalf("with room again: %v", err)
		}
		acknowledged += bigBatch
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatalf("the server ended with %v:\n%s", err, p.log.String())
	}
	sum, err := store.Check(t.Context(), data, func(problem string) { t.Error(problem) })
	if err != nil || sum.Entries != int64(acknowledged) {
		t.Errorf("the check counts %d entries, %d were acknowledged: %v", sum.Entries, acknowledged, err)
	}
}

// bigBatch is how many entries fill the disk at once.
const bigBatch = 100

// bigEntries returns entries that do not compress, the first with the number n.
func bigEntries(n int) []audit.Entry {
	entries := make([]audit.Entry, bigBatch)
	for i := range entries {
		entries[i] = audit.Entry{
			Project:  "acme",
			Actor:    audit.Actor{Email: "ada@example.com"},
			Action:   "deployment.deploy",
			Resource: audit.Resource{Type: "Deployment"},
			Outcome:  audit.Success,
			Detail:   fmt.Sprintf("%d %s", n+i, noise(1000)),
		}
	}
	return entries
}

// recordUntilRefused returns how many entries were acknowledged before.
func recordUntilRefused(t *testing.T, c *client.Client) (acknowledged int, err error) {
	for acknowledged < 100_000 {
		if _, err := c.Record(t.Context(), bigEntries(acknowledged)...); err != nil {
			return acknowledged, err
		}
		acknowledged += bigBatch
	}
	return acknowledged, nil
}

func countEntries(t *testing.T, c *client.Client) (n int) {
	listAll(t, c, "acme", func(*audit.Entry) { n++ })
	return n
}

// noise returns n characters that say nothing.
func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rand.IntN(26))
	}
	return string(b)
}
