package tap

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/audit"
	"auditlog/follow"
)

// log is one in memory, of which entries can be purged.
type log struct {
	mu    sync.Mutex
	all   []*audit.Entry
	last  int64
	seqs  map[string]int64
	more  chan struct{}
	reads int
}

func newLog() *log { return &log{seqs: make(map[string]int64), more: make(chan struct{})} }

func (l *log) record(projects ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range projects {
		l.last++
		l.seqs[p]++
		l.all = append(l.all, &audit.Entry{ID: l.last, Project: p, Seq: l.seqs[p]})
	}
	close(l.more)
	l.more = make(chan struct{})
}

func (l *log) purge(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(e *audit.Entry) bool { return e.ID == id })
}

func (l *log) LastID() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *log) Wait(ctx context.Context, after int64) error {
	for {
		l.mu.Lock()
		last, more := l.last, l.more
		l.mu.Unlock()
		if last > after {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *log) After(_ context.Context, id int64, limit int) ([]*audit.Entry, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	entries := slices.DeleteFunc(slices.Clone(l.all), func(e *audit.Entry) bool { return e.ID <= id })
	if len(entries) > limit {
		entries = entries[:limit]
		return entries, entries[limit-1].ID, nil
	}
	return entries, l.last, nil
}

func (l *log) read() (times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reads
}

// run runs a test with a tap that is followed, in time of its own.
func run(t *testing.T, most int, test func(t *testing.T, l *log, tap *Tap)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		tap := New(l, most)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = follow.Run(ctx, tap, follow.Options{})
		}()
		test(t, l, tap)
		cancel()
		<-ended
	})
}

// got tells what a tap has behind a number.
func got(tap *Tap, project string, at int64) string {
	entries, to, ok := tap.Next(project, at)
	if !ok {
		return "nothing"
	}
	var ids []int64
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return fmt.Sprintf("%d to %d", ids, to)
}

// What is recorded while somebody listens is there, by id for those of all projects and by seq for
// those of one, who is told of his own alone. What has a gap the log is to be asked about.
func TestNext(t *testing.T) {
	run(t, 1<<20, func(t *testing.T, l *log, tap *Tap) {
		l.record("acme", "acme", "globex") // ids 1 to 3, before anybody listens
		told, forget := tap.Listen("acme")
		defer forget()
		l.record("globex") // 4
		time.Sleep(time.Second)
		select {
		case <-told:
			t.Error("is told of another project")
		default:
		}
		l.record("acme", "globex", "acme") // 5 to 7: seqs 3 and 4 of acme
		<-told
		for _, tt := range []struct {
			project string
			at      int64
			want    string
		}{
			{"", 3, "[4] to 4"}, {"", 4, "[5 6 7] to 7"}, {"", 5, "[6 7] to 7"}, {"", 7, "nothing"}, {"", 2, "nothing"},
			{"acme", 2, "[5 7] to 4"}, {"acme", 3, "[7] to 4"}, {"acme", 4, "nothing"}, {"acme", 1, "nothing"}, {"none", 0, "nothing"},
		} {
			if got := got(tap, tt.project, tt.at); got != tt.want {
				t.Errorf("%q behind %d: %s, want %s", tt.project, tt.at, got, tt.want)
			}
		}
		tap.Drop()
		if got := got(tap, "", 4); got != "nothing" {
			t.Errorf("after it was dropped: %s", got)
		}
	})
}

// It holds no more than it may, the newest of it.
func TestHolds(t *testing.T) {
	one := SizeOf(&audit.Entry{Project: "acme"})
	run(t, 25*one, func(t *testing.T, l *log, tap *Tap) {
		told, forget := tap.Listen("")
		defer forget()
		for range 4 {
			l.record(slices.Repeat([]string{"acme"}, 10)...)
			<-told
		}
		for at, want := range map[int64]bool{0: false, 10: false, 20: true, 30: true} {
			if _, _, ok := tap.Next("", at); ok != want {
				t.Errorf("behind %d: %t", at, ok)
			}
		}
	})
}

// A purged entry is a gap, over which nobody is taken by seqs.
func TestGap(t *testing.T) {
	run(t, 1<<20, func(t *testing.T, l *log, tap *Tap) {
		told, forget := tap.Listen("acme")
		defer forget()
		l.record("acme", "acme", "acme")
		l.purge(2)
		<-told
		if got := got(tap, "acme", 0); got != "[1] to 1" {
			t.Errorf("in front of the gap: %s", got)
		}
		if got := got(tap, "acme", 1); got != "nothing" {
			t.Errorf("at the gap: %s", got)
		}
		if got := got(tap, "", 0); got != "[1 3] to 3" {
			t.Errorf("by id: %s", got)
		}
	})
}

// While nobody listens it reads nothing, and holds nothing.
func TestSleeps(t *testing.T) {
	run(t, 1<<20, func(t *testing.T, l *log, tap *Tap) {
		told, forget := tap.Listen("")
		l.record("acme")
		<-told
		forget()
		time.Sleep(2 * idle)
		before := l.read()
		l.record("acme")
		time.Sleep(time.Minute)
		if l.read() != before {
			t.Error("it reads on")
		}
		if got := got(tap, "", 0); got != "nothing" {
			t.Errorf("it holds %s", got)
		}
	})
}
