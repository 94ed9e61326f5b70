package admit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The context of a read ends at its deadline, with its caller, and when it is done, whether
// somebody waits for that or looks.
func TestDeadline(t *testing.T) {
	late := func(_, _ context.CancelFunc) { time.Sleep(2 * time.Second) }
	for name, c := range map[string]struct {
		end  func(caller, done context.CancelFunc)
		want error
	}{
		"late":   {late, errLate},
		"caller": {func(caller, _ context.CancelFunc) { caller() }, context.Canceled},
		"done":   {func(_, done context.CancelFunc) { done() }, context.Canceled},
	} {
		for _, waits := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				call, err := New(Options{Deadline: time.Second}).Enter(t.Context(), Read, "a")
				if err != nil {
					t.Fatal(err)
				}
				defer call.Leave()
				parent, caller := context.WithCancel(t.Context())
				defer caller()
				ctx, done := call.Until(In(parent, call))
				defer done()
				if at, ok := ctx.Deadline(); !ok || at != time.Now().Add(time.Second) || callOf(ctx) != call {
					t.Errorf("the deadline is %v, %v, of call %p", at, ok, callOf(ctx))
				}
				var child context.Context
				if waits {
					var stop context.CancelFunc
					child, stop = context.WithCancel(ctx)
					defer stop()
				}
				if err := ended(ctx); err != nil {
					t.Errorf("%s: it ended before: %v", name, err)
				}
				c.end(caller, done)
				synctest.Wait()
				if err := ended(ctx); !errors.Is(err, c.want) {
					t.Errorf("%s, waiting %v: it ended with %v, want %v", name, waits, err, c.want)
				}
				if waits && !errors.Is(ended(child), c.want) {
					t.Errorf("%s: what is derived from it ended with %v, want %v", name, ended(child), c.want)
				}
				<-ctx.Done()
			})
		}
	}
}
