package store

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
)

// copyTorn copies a file as cp does, a piece at a time, while others write to it.
func copyTorn(t *testing.T, from, to string, piece int64, pause time.Duration) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for {
		if _, err := io.CopyN(out, in, piece); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		time.Sleep(pause)
	}
}

// A copy by cp while the log is recorded to is refused in words, or has gone back and says so, or
// is sound and has all that was acknowledged when it was begun: never is it taken for a log that lacks
// something, whether it is torn or looks like an older state.
func TestTornCopies(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{SealRows: 200, SealAfter: 20 * time.Millisecond})
	var acked atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", n), entry("globex", n)}); err != nil {
				t.Error(err)
				return
			}
			acked.Store(s.LastID())
		}
	}()
	rounds := 40
	if testing.Short() {
		rounds = 12
	}
	counts := make(map[string]int)
	for i := range rounds {
		for acked.Load() < int64(50*(i+1)) {
			time.Sleep(time.Millisecond)
		}
		before := acked.Load()
		to := filepath.Join(t.TempDir(), "copy")
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		names := []string{FileName, FileName + ".mark"}
		if i%2 == 1 {
			names[0], names[1] = names[1], names[0]
		}
		for _, name := range names {
			copyTorn(t, filepath.Join(dir, name), filepath.Join(to, name), int64(64<<10)<<(i%7), time.Duration(i%5)*time.Millisecond)
		}
		counts[tornIs(t, to, before)]++
	}
	close(stop)
	<-done
	t.Log(counts)
	if counts["refused"]+counts["gone back"] == 0 {
		t.Errorf("no copy was torn or old: %v", counts)
	}
}

// tornIs says what a copy is, which was begun when entries up to an id were acknowledged.
func tornIs(t *testing.T, dir string, acked int64) string {
	t.Helper()
	s, err := Open(dir, Options{})
	if err != nil {
		if !strings.Contains(err.Error(), "it is a copy that was made while a server wrote to it") {
			t.Errorf("a copy is refused as %v", err)
		}
		return "refused"
	}
	defer s.Close()
	if err := s.Paused(); err != nil {
		if !strings.Contains(err.Error(), "as does a copy that was made while the server ran") {
			t.Errorf("a copy is read as %v", err)
		}
		return "gone back"
	}
	if s.LastID() < acked {
		t.Errorf("a copy passes for a log with %d entries, of %d that were acknowledged", s.LastID(), acked)
	}
	if _, err := s.Check(t.Context(), func(p string) { t.Errorf("a copy that is taken for sound: %s", p) }); err != nil {
		t.Error(err)
	}
	return "sound"
}
