package index

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/index/listing"
)

// damagedLog is the log whose index the tests below damage: block i holds the
// words common, odd or even, and number-i.
func damagedLog(n int) *memoryLog {
	l := newMemoryLog()
	for i := range n {
		l.put(key(1, int64(i+1)), "common", []string{"even", "odd"}[i%2], fmt.Sprintf("number-%d", 1000+i), fmt.Sprintf("%08xa1", i))
	}
	return l
}

// mustBeRight checks that no search leaves out a block of damagedLog, whatever
// became of the index. It reports whether the index answered all of them.
func mustBeRight(t *testing.T, x *Index, n int) (answered bool) {
	t.Helper()
	answered = true
	for query, want := range map[string]func(i int) bool{
		"common":      func(int) bool { return true },
		"odd common":  func(i int) bool { return i%2 == 1 },
		"number-1003": func(i int) bool { return i == 3 },
		"comm*":       func(int) bool { return true },
		"00000003a1":  func(i int) bool { return i == 3 },
	} {
		q, err := Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		keys, through, ok, err := inProject(context.Background(), x.Search(q), 1, everything, 0)
		if err != nil {
			t.Fatalf("search %q: %v", query, err)
		}
		if !ok {
			answered = false
			continue
		}
		for i := range n {
			if k := key(1, int64(i+1)); want(i) && uint64(i) < through && !slices.Contains(keys, k) {
				t.Errorf("search %q lacks %v; it covers %d", query, k, through)
			}
		}
	}
	return answered
}

// damages are ways to spoil a file.
var damages = map[string]func(t *testing.T, path string, r *rand.Rand){
	"delete": func(t *testing.T, path string, _ *rand.Rand) { must(t, os.Remove(path)) },
	"empty":  func(t *testing.T, path string, _ *rand.Rand) { must(t, os.Truncate(path, 0)) },
	"halve":  func(t *testing.T, path string, _ *rand.Rand) { must(t, os.Truncate(path, size(t, path)/2)) },
	"cut": func(t *testing.T, path string, r *rand.Rand) {
		must(t, os.Truncate(path, r.Int64N(size(t, path))))
	},
	"flip": func(t *testing.T, path string, r *rand.Rand) {
		change(t, path, func(b []byte) { b[r.IntN(len(b))] ^= 1 << r.IntN(8) })
	},
	"spray": func(t *testing.T, path string, r *rand.Rand) {
		change(t, path, func(b []byte) {
			for range 50 {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
		})
	},
	"garbage": func(t *testing.T, path string, r *rand.Rand) {
		change(t, path, func(b []byte) {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
		})
	},
	"zeros": func(t *testing.T, path string, _ *rand.Rand) { change(t, path, func(b []byte) { clear(b) }) },
	"folder": func(t *testing.T, path string, _ *rand.Rand) {
		must(t, os.Remove(path))
		must(t, os.Mkdir(path, 0o700))
	},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func size(t *testing.T, path string) int64 {
	st, err := os.Stat(path)
	must(t, err)
	return st.Size()
}

// change changes the bytes of a file in place, as a process does that has mapped it.
func change(t *testing.T, path string, fn func(b []byte)) {
	b, err := os.ReadFile(path)
	must(t, err)
	fn(b)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(b, 0)
	must(t, err)
	must(t, f.Close())
}

// Whatever is done to the files of an index that is stopped or running, it starts,
// leaves out no block, and is whole again in the end.
func TestDamage(t *testing.T) {
	const blocks = 80
	for name, damage := range damages {
		for _, running := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s running=%v", name, running), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(1, 1))
				dir := t.TempDir() + "/index"
				cfg := testConfig(dir, damagedLog(blocks))
				for _, file := range indexFiles(t, cfg, running) {
					if running && file == listing.File && name != "delete" && name != "folder" {
						continue // bbolt does not survive that, no more than the log itself would
					}
					l := damagedLog(blocks)
					cfg.Source = l
					x := start(t, cfg)
					x.caughtUp()
					if !running {
						must(t, x.stop())
					}
					if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
						must(t, x.stop())
						continue // it was merged meanwhile
					}
					damage(t, filepath.Join(dir, file), r)
					if !running {
						x = start(t, cfg)
					}
					mustBeRight(t, x.Index, blocks)
					l.put(key(1, blocks+1), "common", "new")
					mustBeRight(t, x.Index, blocks)
					x.caughtUp()
					x.until("whole", func(Status) bool { return mustBeRight(t, x.Index, blocks+1) })
					must(t, x.stop())
					mustHeal(t, cfg)
				}
			})
		}
	}
}

// indexFiles returns the names of the files of an index.
func indexFiles(t *testing.T, cfg Config, running bool) []string {
	x := start(t, cfg)
	x.caughtUp()
	if running {
		defer x.stop()
	} else {
		must(t, x.stop())
	}
	entries, err := os.ReadDir(cfg.Dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// mustHeal checks that the index is in order, at the latest once it was opened
// again: damage to what bleve has not read since is only seen then.
func mustHeal(t *testing.T, cfg Config) {
	t.Helper()
	x := start(t, cfg)
	x.caughtUp()
	must(t, x.stop())
	mustCheck(t, cfg)
	asides, err := filepath.Glob(cfg.Dir + asideSuffix + "*")
	must(t, err)
	if len(asides) > 1 {
		t.Errorf("%d damaged indexes are kept: %v", len(asides), asides)
	}
}

func TestFolderDeleted(t *testing.T) {
	t.Run("stopped", func(t *testing.T) {
		cfg := testConfig(t.TempDir()+"/index", damagedLog(40))
		x := start(t, cfg)
		x.caughtUp()
		must(t, x.stop())
		must(t, os.RemoveAll(cfg.Dir))
		mustCheck(t, cfg)
		x = start(t, cfg)
		x.caughtUp()
		x.mustFind(1, "number-1030", key(1, 31))
	})
	t.Run("while nothing happens", func(t *testing.T) {
		cfg := testConfig(t.TempDir()+"/index", damagedLog(40))
		x := start(t, cfg)
		x.caughtUp()
		must(t, os.RemoveAll(cfg.Dir))
		x.until("there again", func(Status) bool {
			_, err := os.Stat(filepath.Join(cfg.Dir, listing.File))
			return err == nil && mustBeRight(t, x.Index, 40)
		})
		must(t, x.stop())
		mustCheck(t, cfg)
	})
	t.Run("before a search", func(t *testing.T) {
		cfg := testConfig(t.TempDir()+"/index", damagedLog(40))
		cfg.CheckEvery = time.Hour
		x := start(t, cfg)
		x.caughtUp()
		must(t, os.RemoveAll(cfg.Dir))
		if mustBeRight(t, x.Index, 40) {
			t.Error("the index answered from files that are gone")
		}
		x.until("there again", func(Status) bool { return mustBeRight(t, x.Index, 40) })
		must(t, x.stop())
		mustCheck(t, cfg)
	})
	t.Run("before a change", func(t *testing.T) {
		l := damagedLog(40)
		cfg := testConfig(t.TempDir()+"/index", l)
		cfg.CheckEvery = time.Hour
		x := start(t, cfg)
		x.caughtUp()
		must(t, os.RemoveAll(cfg.Dir))
		l.put(key(1, 41), "common", "odd", "number-1040")
		x.until("there again", func(Status) bool { return mustBeRight(t, x.Index, 41) && len(x.find(1, "common")) == 41 })
		must(t, x.stop())
		mustCheck(t, cfg)
	})
}

// A folder in whose place something else stands is moved aside, too.
func TestFolderIsAFile(t *testing.T) {
	cfg := testConfig(t.TempDir()+"/index", damagedLog(3))
	must(t, os.WriteFile(cfg.Dir, []byte("not an index"), 0o600))
	x := start(t, cfg)
	x.caughtUp()
	x.mustFind(1, "number-1001", key(1, 2))
	if !strings.Contains(x.log.String(), "is damaged") {
		t.Errorf("the log does not say so: %s", x.log)
	}
}

// An index that ended the process several times when it was opened is given up.
func TestAttempts(t *testing.T) {
	cfg := testConfig(t.TempDir()+"/index", damagedLog(3))
	x := start(t, cfg)
	x.caughtUp()
	must(t, x.stop())
	for attempts, want := range []bool{false, false, false, true} {
		must(t, os.WriteFile(filepath.Join(cfg.Dir, listing.AttemptsFile), make([]byte, attempts), 0o600))
		x := start(t, cfg)
		x.caughtUp()
		x.mustFind(1, "number-1001", key(1, 2))
		must(t, x.stop())
		if got := strings.Contains(x.log.String(), "ended the process"); got != want {
			t.Errorf("after %d attempts: given up %v, want %v", attempts, got, want)
		}
	}
}

// An index that is not of this log, or of a later state of it, is rebuilt.
func TestStale(t *testing.T) {
	cfg := testConfig(t.TempDir()+"/index", damagedLog(40))
	x := start(t, cfg)
	x.caughtUp()
	must(t, x.stop())

	cfg.Source = damagedLog(30)
	x = start(t, cfg)
	x.caughtUp()
	if got := len(x.find(1, "common")); got != 30 {
		t.Errorf("after the log was restored from a copy: %d blocks, want 30", got)
	}
	if r := x.Status().Reason; !strings.Contains(r, "restored") {
		t.Errorf("reason %q", r)
	}
	must(t, x.stop())

	other := newMemoryLog()
	for i := range 40 {
		other.put(key(1, int64(i+1)), "other")
	}
	cfg.Source, cfg.Identity = other, "log-2"
	x = start(t, cfg)
	x.caughtUp()
	if got := len(x.find(1, "other")); got != 40 || len(x.find(1, "common")) != 0 {
		t.Errorf("index of another log: %d blocks, want 40 and none of the former", got)
	}
	must(t, x.stop())

	// The same sequences, but other blocks: only the documents tell.
	cfg.Source = damagedLog(50)
	cfg.Identity = "log-2"
	l := newMemoryLog()
	for i := range 40 {
		l.put(key(2, int64(i+1)), "moved")
	}
	cfg.Source = l
	x = start(t, cfg)
	x.caughtUp()
	if got := len(x.find(2, "moved")); got != 40 || len(x.find(1, "other")) != 0 {
		t.Errorf("documents of other blocks: %d blocks, want 40 and none of the former", got)
	}
}

// marks are those of a log that may have lost what was read.
type marks struct{ now, lost string }

func (m *marks) Mark() string                    { return m.now }
func (m *marks) Holds(mark string) (bool, error) { return mark != "" && mark != m.lost, nil }

// An index of what the log has lost since is rebuilt, though the log has come as far again, by blocks
// with the same keys and changes with the same sequences. Another one is not.
func TestLost(t *testing.T) {
	of := func(word string) Source {
		l := newMemoryLog()
		for i := range 40 {
			l.put(key(1, int64(i+1)), word)
		}
		return l
	}
	m := &marks{now: "5-a"}
	cfg := testConfig(t.TempDir()+"/index", of("before"))
	cfg.Marks = m
	x := start(t, cfg)
	x.caughtUp()
	must(t, x.stop())

	m.now = "7-b"
	x = start(t, cfg)
	x.caughtUp()
	if got := x.Status(); got.Reason != "" || len(x.find(1, "before")) != 40 {
		t.Errorf("an index of what the log has is %+v", got)
	}
	must(t, x.stop())

	m.lost = "5-a" // the mark of what was read last
	cfg.Source = of("after")
	x = start(t, cfg)
	x.caughtUp()
	if got := len(x.find(1, "after")); got != 40 || len(x.find(1, "before")) != 0 {
		t.Errorf("index of what was lost: %d blocks, want 40 and none of the former", got)
	}
	if r := x.Status().Reason; !strings.Contains(r, "lost") {
		t.Errorf("reason %q", r)
	}
}

// TestKill kills a process that indexes, again and again at another moment: what
// the next one finds is right, and nothing is begun anew.
func TestKill(t *testing.T) {
	const blocks = 1000
	if dir := os.Getenv("AUDITLOG_TEST_KILL"); dir != "" {
		x := start(t, testConfig(dir, damagedLog(blocks)))
		fmt.Println("started")
		<-make(chan struct{})
		x.stop()
	}
	dir := t.TempDir() + "/index"
	l := damagedLog(blocks)
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	var reached uint64
	for round := 0; reached < blocks/2; round++ {
		runAndKill(t, dir, time.Duration(r.IntN(100*(round+1)))*time.Millisecond)
		mustCheck(t, testConfig(dir, l)) // wherever it was killed, in a merge or not, that is no fault
		cursor := openedCursor(t, testConfig(dir, l))
		if cursor < reached || round == 50 {
			t.Fatalf("round %d: the index is at change %d, it was at %d", round, cursor, reached)
		}
		reached = cursor
	}
	x := start(t, testConfig(dir, l))
	x.caughtUp()
	if out := x.log.String(); strings.Contains(out, "damaged") {
		t.Errorf("the index was rebuilt: %s", out)
	}
	for _, i := range []int{0, 3, 499, 500, blocks - 1} {
		x.mustFind(1, fmt.Sprintf("number-%d", 1000+i), key(1, int64(i+1)))
	}
	must(t, x.stop())
	mustCheck(t, x.cfg)
}

// runAndKill runs an index in a process of its own, and kills it after a while.
func runAndKill(t *testing.T, dir string, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$", "-test.count=1")
	cmd.Env = append(os.Environ(), "AUDITLOG_TEST_KILL="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	must(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}

// openedCursor opens an index as a killed process left it, and returns how far it is.
func openedCursor(t *testing.T, cfg Config) uint64 {
	t.Helper()
	x := New(cfg)
	e, docs, err := x.openOnce(context.Background())
	if err != nil {
		t.Fatalf("open after a kill: %v", err)
	}
	if err := e.close(); err != nil {
		t.Fatal(err)
	}
	return docs.cursor
}
