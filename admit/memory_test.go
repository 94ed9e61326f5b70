package admit

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
)

const mib = 1 << 20

func enter(t *testing.T, d *Door, class Class, who string) *Call {
	t.Helper()
	c, err := d.Enter(t.Context(), class, who)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fill has c take what it gets, a mebibyte at a time.
func fill(t *testing.T, c *Call) (n int) {
	t.Helper()
	for {
		err := c.Take(t.Context(), mib)
		if err == nil {
			n++
			continue
		}
		if k := audit.KindOf(err); k != audit.Unavailable && k != audit.TooLarge {
			t.Fatal(err)
		}
		return n
	}
}

// Whatever reads hold, there is room to record; whatever these hold, to revoke a token.
func TestReadsAreRefusedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Memory: 100 * mib})
		for _, who := range []string{"a", "b", "c", "d", "e", "f"} {
			fill(t, enter(t, d, Read, who))
		}
		if used := d.State().Used; used < 45*mib || used > 50*mib {
			t.Errorf("reads hold %d MiB of 100", used/mib)
		}
		if _, err := d.Enter(t.Context(), Read, "g"); err != nil {
			t.Errorf("a read of somebody else is refused: %v", err)
		}
		for _, who := range []string{"u", "v", "w", "x", "y", "z"} {
			fill(t, enter(t, d, Record, who))
		}
		if used := d.State().Used; used < 90*mib || used > 94*mib {
			t.Errorf("with what records they hold %d MiB of 100", used/mib)
		}
		if _, err := d.Enter(t.Context(), Read, "h"); audit.KindOf(err) != audit.Unavailable {
			t.Errorf("a read is let in: %v", err)
		}
		enter(t, d, Administration, "a")
	})
}

// One token alone gets four fifths, and leaves the rest to whoever comes.
func TestNobodyTakesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Memory: 160 * mib})
		alone := enter(t, d, Record, "greedy")
		got := fill(t, alone)
		if most := 150 * 4 / 5; got < most-2 || got > most {
			t.Errorf("one token alone gets %d MiB of 150", got)
		}
		if err := enter(t, d, Record, "small").Take(t.Context(), 10*mib); err != nil {
			t.Error(err)
		}
		if _, err := d.Enter(t.Context(), Record, "greedy"); audit.KindOf(err) != audit.Unavailable {
			t.Errorf("the greedy one is let in again: %v", err)
		}
		alone.Leave()
		enter(t, d, Record, "greedy")
	})
}

// What holds something and wants more does not wait for others that do the same: the first
// gets what it wants.
func TestFirstOfLargeOnesIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Memory: 160 * mib})
		const want = 100
		ends := make(chan int, 4)
		for i := range 4 {
			c := enter(t, d, Record, "loader")
			if err := c.Take(t.Context(), mib); err != nil {
				t.Fatal(err)
			}
			go func() {
				defer c.Leave()
				for range want {
					if c.Take(t.Context(), mib) != nil {
						return
					}
					time.Sleep(time.Millisecond)
				}
				ends <- i
			}()
		}
		began := time.Now()
		if first := <-ends; first != 0 {
			t.Errorf("number %d was first", first)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("that took %v", took)
		}
		synctest.Wait()
	})
}

// Who holds nothing waits until something is given back, and not for ever.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Memory: 16 * mib, Patience: time.Second})
		first := enter(t, d, Administration, "a")
		if err := first.Take(t.Context(), 12*mib); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := d.Enter(t.Context(), Read, "b")
		if audit.KindOf(err) != audit.Unavailable || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		time.AfterFunc(time.Second/2, func() { first.Give(8 * mib) })
		began = time.Now()
		if _, err := d.Enter(t.Context(), Read, "b"); err != nil || time.Since(began) != time.Second/2 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := first.Take(t.Context(), 8*mib); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Enter(ctx, Read, "c"); err != context.DeadlineExceeded {
			t.Errorf("who hangs up is told %v", err)
		}
	})
}

// What could not be held if there were nobody else is refused at once, and told why.
func TestTooLargeAtAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Memory: 16 * mib})
		c, began := enter(t, d, Record, "a"), time.Now()
		err := c.Take(t.Context(), 13*mib)
		if audit.KindOf(err) != audit.TooLarge || time.Since(began) != 0 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// Nothing is lost or held twice, whatever calls do, and nobody is over a bound.
func TestMemoryIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		d := New(Options{Memory: 64 * mib, Patience: time.Nanosecond})
		var calls []*Call
		held := make(map[*Call]int64)
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				class := Class(rapid.IntRange(0, int(classes)-1).Draw(t, "class"))
				if c, err := d.Enter(ctx, class, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "who")); err == nil {
					calls = append(calls, c)
					held[c] = callWeight
				}
			},
			"take": func(t *rapid.T) {
				if len(calls) == 0 {
					t.Skip()
				}
				c := rapid.SampledFrom(calls).Draw(t, "call")
				n := rapid.IntRange(0, 20*mib).Draw(t, "bytes")
				if c.Take(ctx, n) == nil {
					held[c] += int64(n)
				}
			},
			"give": func(t *rapid.T) {
				if len(calls) == 0 {
					t.Skip()
				}
				c := rapid.SampledFrom(calls).Draw(t, "call")
				n := min(held[c], int64(rapid.IntRange(0, 20*mib).Draw(t, "bytes")))
				c.Give(int(n))
				held[c] -= n
			},
			"leave": func(t *rapid.T) {
				if len(calls) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(calls)-1).Draw(t, "call")
				calls[i].Leave()
				delete(held, calls[i])
				calls = append(calls[:i], calls[i+1:]...)
			},
			"": func(t *rapid.T) {
				var sum int64
				for _, n := range held {
					sum += n
				}
				if used := d.State().Used; used != sum || used > 64*mib {
					t.Fatalf("%d bytes are held, want %d", used, sum)
				}
			},
		})
		for _, c := range calls {
			c.Leave()
		}
		if d.used != 0 || len(d.held) != 0 || d.holders.Len() != 0 || len(d.first) != 0 {
			t.Fatalf("%d bytes of %v are left", d.used, d.held)
		}
	})
}

// Without a door, and without a call, there is no bound.
func TestNobodyAtTheDoor(t *testing.T) {
	var d *Door
	c, err := d.Enter(t.Context(), Read, "a")
	if err != nil || c.Take(t.Context(), 1<<40) != nil {
		t.Error(err)
	}
	c.Give(5)
	c.Leave()
	if err := Work(In(t.Context(), c), func(ctx context.Context) error { return TurnOf(ctx).Look() }); err != nil {
		t.Error(err)
	}
}
