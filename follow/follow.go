// Package follow is the loop of whoever follows the log: take in what comes next, rest
// while there is more, wait when there is not, try again what failed and may pass.
//
// What is followed, where the cursor is kept and what is done with an entry are the
// follower's.
package follow

import (
	"cmp"
	"context"
	"time"

	"auditlog/backoff"
)

// Follower takes in the log. Its methods are called by the goroutine of Run alone.
type Follower interface {
	// Step takes in what comes next and keeps how far it has come. more says that
	// there may be more to take in at once. A step that failed is done again, so what
	// it did twice counts once.
	Step(ctx context.Context) (more bool, err error)
	// Wait returns once there may be something to take in, at once if there is.
	Wait(ctx context.Context) error
}

// Options say how a loop behaves. The zero value is usable.
type Options struct {
	// Rest returns how long to rest after a step that took so long and left more to
	// do. Default: no time.
	Rest func(took time.Duration) time.Duration
	// Again says of a failure, the n-th in a row counted from 1, whether it may pass,
	// and how long to wait until then. Default: none passes.
	Again func(err error, n int) (pause time.Duration, ok bool)
}

// Run follows the log until ctx is done, which it returns the cause of, or until a
// failure that does not pass, which it returns.
func Run(ctx context.Context, f Follower, o Options) error {
	failures := 0
	for {
		began := time.Now()
		more, err := f.Step(ctx)
		took := time.Since(began)
		if err == nil && !more {
			err = f.Wait(ctx)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var pause time.Duration
		switch {
		case err != nil:
			failures++
			again := false
			if o.Again != nil {
				pause, again = o.Again(err, failures)
			}
			if !again {
				return err
			}
		case more && o.Rest != nil:
			failures, pause = 0, o.Rest(took)
		default:
			failures = 0
		}
		if err := backoff.Sleep(ctx, pause); err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
	}
}
