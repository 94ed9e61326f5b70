package admit

import (
	"context"
	"errors"
	"sync"
	"time"

	"auditlog/audit"
)

// errLate is the cause of the end of a read that took too long.
var errLate = audit.Errorf(audit.Unavailable,
	"this takes too long for the log to go on with: ask for less, by time or by another filter, or try again later")

// Until returns a context that ends at the deadline of reads, after which what computes in it
// is told so by an Unavailable Fault.
func (c *Call) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	if c == nil {
		return context.WithCancel(ctx)
	}
	d := &deadline{Context: ctx, end: time.Now().Add(c.door.opts.Deadline)}
	return d, d.cancel
}

// ended returns why ctx has ended, or nil.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if err != nil && errors.Is(context.Cause(ctx), errLate) {
		return errLate
	}
	return err
}

// deadline is the context of a read. Most of them are done before anybody waits for their end,
// and need no timer: until then it looks at the clock.
type deadline struct {
	context.Context // in which the read began
	end             time.Time

	mu       sync.Mutex         // guards what follows
	awaited  context.Context    // nil until somebody waits
	stop     context.CancelFunc // of awaited
	canceled bool
}

func (d *deadline) Deadline() (time.Time, bool) {
	if end, ok := d.Context.Deadline(); ok && end.Before(d.end) {
		return end, true
	}
	return d.end, true
}

func (d *deadline) Done() <-chan struct{} { return d.await().Done() }

func (d *deadline) Err() error {
	d.mu.Lock()
	quiet := d.awaited == nil && !d.canceled
	d.mu.Unlock()
	if quiet && d.Context.Err() == nil && time.Now().Before(d.end) {
		return nil
	}
	return d.await().Err()
}

// Value finds the cause of the end as well, which the package context keeps there.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	ctx := d.awaited
	d.mu.Unlock()
	if ctx == nil {
		ctx = d.Context
	}
	return ctx.Value(key)
}

// await returns a context that can be waited for.
func (d *deadline) await() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.awaited == nil {
		d.awaited, d.stop = context.WithDeadlineCause(d.Context, d.end, errLate)
		if d.canceled {
			d.stop()
		}
	}
	return d.awaited
}

func (d *deadline) cancel() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.canceled = true
	if d.stop != nil {
		d.stop()
	}
}
