package retention

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"auditlog/audit"
)

// plan is a log without entries: what is due, and how each step ends.
type plan struct {
	mu    sync.Mutex
	due   map[string]time.Time
	left  map[string]int // steps
	fails map[string]int // steps that fail first
	order []string
	times []time.Time
	kept  []time.Time // when the time that passed was
}

func (p *plan) Purges() map[string]time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := make(map[string]time.Duration)
	for name, at := range p.due {
		due[name] = time.Until(at)
	}
	return due
}

func (p *plan) Pass() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = append(p.kept, time.Now())
	return nil
}

func (p *plan) PurgeStep(_ context.Context, project string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = append(p.order, project)
	p.times = append(p.times, time.Now())
	if _, ok := p.due[project]; !ok {
		return false, audit.Errorf(audit.Conflict, "project %q is not deleted", project)
	}
	if p.fails[project] > 0 {
		p.fails[project]--
		return false, errors.New("the disk is full")
	}
	p.left[project]--
	if p.left[project] > 0 {
		return false, nil
	}
	delete(p.due, project)
	return true, nil
}

func (p *plan) add(project string, at time.Time, steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due == nil {
		p.due, p.left, p.fails = make(map[string]time.Time), make(map[string]int), make(map[string]int)
	}
	p.due[project], p.left[project] = at, steps
}

// steps returns the steps so far: of which project each, and when.
func (p *plan) steps() ([]string, []time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.order), slices.Clone(p.times)
}

// run runs a Worker until stop is called.
func run(t *testing.T, w *Worker) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() { cancel(); done.Wait() }
	t.Cleanup(stop)
	synctest.Wait()
	return stop
}

// pass lets time go by, and what is due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRunPurgesAtTheRightTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p plan
		start := time.Now()
		p.add("later", start.Add(100*time.Second), 3)
		p.add("due", start.Add(-time.Hour), 2)
		p.add("due longer", start.Add(-2*time.Hour), 1)
		var log bytes.Buffer
		w := New(&p, Options{Log: zerolog.New(&log)})
		stop := run(t, w)
		pass(99 * time.Second)
		order, _ := p.steps()
		if got := fmt.Sprint(order); got != "[due longer due due]" {
			t.Errorf("steps %s", got)
		}
		pass(2 * time.Second)
		stop()
		if got := fmt.Sprint(p.order[3:]); got != "[later later later]" {
			t.Errorf("steps %s", got)
		}
		if at := p.times[3].Sub(start); at != 100*time.Second {
			t.Errorf("the purge began after %v", at)
		}
		if got, want := w.Stats(), (Stats{Steps: 6, Purged: 3}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
		if got := strings.Count(log.String(), "purge begins") + strings.Count(log.String(), "purge ends"); got != 6 {
			t.Errorf("the log has %d lines of beginnings and ends:\n%s", got, log.String())
		}
	})
}

func TestWakeAndMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p plan
		w := New(&p, Options{Grace: NoGrace})
		if w.Grace() != 0 {
			t.Errorf("grace %v", w.Grace())
		}
		stop := run(t, w)
		start := time.Now()
		p.add("woken", start, 1)
		w.Wake()
		w.Wake()
		synctest.Wait()
		p.add("not told of", start, 1)
		pass(maxWait + time.Second)
		stop()
		if got := fmt.Sprint(p.order); got != "[woken not told of]" {
			t.Fatalf("steps %s", got)
		}
		if woken, later := p.times[0].Sub(start), p.times[1].Sub(start); woken != 0 || later > maxWait+minRest {
			t.Errorf("purged after %v and %v", woken, later)
		}
	})
}

// A clock that is set, forward or back, neither begins a purge nor stalls one, and is told of.
func TestClockJump(t *testing.T) {
	for _, jump := range []time.Duration{10 * 365 * 24 * time.Hour, -10 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var set time.Duration
			now := func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return time.Now().Add(set)
			}
			var p plan
			var log bytes.Buffer
			p.add("acme", time.Now().Add(time.Hour), 1)
			w := New(&p, Options{Now: now, Log: zerolog.New(&log)})
			stop := run(t, w)
			mu.Lock()
			set = jump
			mu.Unlock()
			pass(59 * time.Minute)
			if order, _ := p.steps(); len(order) != 0 {
				t.Errorf("steps %v within the grace, the clock was set by %v", order, jump)
			}
			pass(time.Minute)
			stop()
			if len(p.order) != 1 {
				t.Errorf("steps %v once the grace was over, the clock was set by %v", p.order, jump)
			}
			if got := w.Stats().ClockSets; got != 1 || strings.Count(log.String(), "the clock was set") != 1 {
				t.Errorf("%d jumps are told of:\n%s", got, log.String())
			}
			if n := len(p.kept); n < 60 || n > 62 {
				t.Errorf("the time that passed in an hour was kept %d times", n)
			}
		})
	}
}

// A purge that fails is tried again with growing pauses and holds up no other.
func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p plan
		start := time.Now()
		p.add("bad", start.Add(-time.Hour), 1)
		p.fails["bad"] = 3
		p.add("good", start, 2)
		var log bytes.Buffer
		w := New(&p, Options{Log: zerolog.New(&log)})
		stop := run(t, w)
		pass(time.Minute)
		stop()
		if got := fmt.Sprint(p.order); got != "[bad good good bad bad bad]" {
			t.Errorf("steps %s", got)
		}
		if last := p.times[5].Sub(start).Round(time.Second / 2); last < 3500*time.Millisecond || last > 7*time.Second {
			t.Errorf("the third try again came after %v, want 1+2+4 seconds, or half of that", last)
		}
		if got, want := w.Stats(), (Stats{Steps: 3, Purged: 2, Failures: 3}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
		if got := strings.Count(log.String(), "the disk is full"); got != 3 {
			t.Errorf("%d failures are in the log:\n%s", got, log.String())
		}
	})
}

// A restore that comes between the Worker's look and its step is no failure.
func TestRestoredMeanwhile(t *testing.T) {
	w := New(&plan{}, Options{})
	w.step(t.Context(), "restored")
	if got := w.Stats(); got != (Stats{}) {
		t.Errorf("stats %+v", got)
	}
}
