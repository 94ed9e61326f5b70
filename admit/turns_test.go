package admit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/audit"
)

// compute computes for a time, a step each tenth of a millisecond.
func compute(ctx context.Context, span time.Duration) error {
	return Work(ctx, func(ctx context.Context) error {
		turn := TurnOf(ctx)
		for range span / (time.Millisecond / 10) {
			time.Sleep(time.Millisecond / 10)
			if err := turn.Step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// Fifty searches of one token delay a listing of another no more than one does.
func TestTurnsGoRoundTheTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Processors: 1})
		ctx, cancel := context.WithCancel(t.Context())
		var searches sync.WaitGroup
		for range 50 {
			c := enter(t, d, Read, "many")
			searches.Go(func() { _ = compute(In(ctx, c), time.Hour) })
		}
		synctest.Wait()
		began := time.Now()
		if err := compute(In(t.Context(), enter(t, d, Read, "one")), time.Millisecond); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 15*time.Millisecond {
			t.Errorf("a listing of a millisecond took %v", took)
		}
		if waiting := d.State().Waiting; waiting != 49 {
			t.Errorf("%d searches wait, of 50 for one processor", waiting)
		}
		cancel()
		searches.Wait()
	})
}

// A call that ends while it pauses has given its turn back, once.
func TestEndInAPause(t *testing.T) {
	d := New(Options{Processors: 2})
	ctx, cancel := context.WithCancel(t.Context())
	err := Work(In(ctx, enter(t, d, Record, "one")), func(ctx context.Context) error {
		return TurnOf(ctx).Pause(func() error { cancel(); return nil })
	})
	if !errors.Is(err, context.Canceled) || d.records.running != 0 || d.records.of["one"] != 0 {
		t.Errorf("%v, %d run, %d of that token", err, d.records.running, d.records.of["one"])
	}
}

// While something is recorded, half of the processors are left alone, and else none.
func TestReadsLeaveProcessorsToRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Processors: 4})
		var now atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		var reads sync.WaitGroup
		for range 8 {
			c := enter(t, d, Read, "many")
			reads.Go(func() {
				_ = Work(In(ctx, c), func(ctx context.Context) error {
					for TurnOf(ctx).Look() == nil {
						now.Add(1)
						time.Sleep(time.Millisecond)
						now.Add(-1)
					}
					return nil
				})
			})
		}
		time.Sleep(time.Second + time.Millisecond/2)
		if n := now.Load(); n != 4 {
			t.Errorf("%d reads compute on 4 processors that nobody else needs", n)
		}
		enter(t, d, Record, "one").Leave()
		time.Sleep(20 * time.Millisecond)
		if n := now.Load(); n != 2 {
			t.Errorf("%d reads compute although something is recorded", n)
		}
		time.Sleep(3 * time.Second)
		if n := now.Load(); n != 4 {
			t.Errorf("%d reads compute once nothing is recorded any more", n)
		}
		cancel()
		reads.Wait()
	})
}

// Who hangs up is computed for no longer; who takes too long is told so, be it in a turn or
// waiting for one.
func TestReadsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Processors: 1, Deadline: time.Minute})
		hungUp, hangUp := context.WithTimeout(t.Context(), time.Second)
		defer hangUp()
		began := time.Now()
		err := compute(In(hungUp, enter(t, d, Read, "a")), time.Hour)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > time.Second+2*time.Millisecond {
			t.Errorf("computed for %v: %v", took, err)
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				c := enter(t, d, Read, "a")
				ctx, done := c.Until(In(t.Context(), c))
				defer done()
				began := time.Now()
				err := compute(ctx, time.Hour)
				if took := time.Since(began); audit.KindOf(err) != audit.Unavailable || took > time.Minute+10*time.Millisecond {
					t.Errorf("computed for %v: %v", took, err)
				}
			})
		}
		both.Wait()
		if d.reads.running != 0 || d.reads.waiting != 0 {
			t.Errorf("%d turns are still taken, %d waited for", d.reads.running, d.reads.waiting)
		}
	})
}

// What waits for something else lets others have its turn.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Processors: 1})
		err := Work(In(t.Context(), enter(t, d, Record, "a")), func(ctx context.Context) error {
			return TurnOf(ctx).Pause(func() error { return compute(In(t.Context(), enter(t, d, Record, "b")), time.Millisecond) })
		})
		if err != nil || d.records.running != 0 {
			t.Errorf("%v, %d turns are still taken", err, d.records.running)
		}
	})
}

// Those of one token have half of the processors at most, however many they are, and those of two
// have all; who may not start yet holds up nobody.
func TestRecordsLeaveProcessorsToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Processors: 4})
		var now [2]atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		begin := func(who int) {
			for range 5 {
				c := enter(t, d, Record, string(rune('a'+who)))
				all.Go(func() {
					_ = Work(In(ctx, c), func(ctx context.Context) error {
						for TurnOf(ctx).Look() == nil {
							now[who].Add(1)
							time.Sleep(time.Millisecond)
							now[who].Add(-1)
						}
						return nil
					})
				})
			}
			time.Sleep(50*time.Millisecond + time.Millisecond/2)
		}
		begin(0)
		if a := now[0].Load(); a != 2 {
			t.Errorf("%d calls of one token compute on 4 processors", a)
		}
		begin(1)
		if a, b := now[0].Load(), now[1].Load(); a != 2 || b != 2 {
			t.Errorf("%d calls of one token compute and %d of another, on 4 processors", a, b)
		}
		cancel()
		all.Wait()
		if len(d.records.of) != 0 || d.records.running != 0 || d.records.waiting != 0 {
			t.Errorf("%d turns are still taken, %d waited for, of %v", d.records.running, d.records.waiting, d.records.of)
		}
	})
}
