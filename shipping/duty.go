package shipping

import (
	"context"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
)

// Duty says which of several nodes of a log ships: one at a time.
type Duty interface {
	// TakeDuty returns once this node is the one, when another has ended what it did as such.
	TakeDuty(ctx context.Context) error
}

// reload reads anew what another node may have changed, until that succeeds or ctx is done.
func (e *Engine) reload(ctx context.Context) error {
	if e.opts.Duty == nil {
		return nil
	}
	for failures := 1; ; failures++ {
		err := e.read(ctx, true)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		e.opts.Log.Error().Err(err).Msg("which sinks there are cannot be read, and is tried again")
		if err := backoff.Sleep(ctx, pauses.Pause(failures)); err != nil {
			return err
		}
	}
}

// turn returns once this node ships, for who is going to change a sink.
func (e *Engine) turn(ctx context.Context) error {
	if e.opts.Duty == nil {
		return nil
	}
	if err := e.opts.Duty.TakeDuty(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	begun := e.begun
	e.mu.Unlock()
	wait := time.NewTimer(turnWithin)
	defer wait.Stop()
	select {
	case <-begun:
		return nil
	case <-wait.C:
	case <-ctx.Done():
	}
	return audit.Errorf(audit.Unavailable, "the sinks are not read yet: try again")
}

// turnWithin is how long a node takes at most to read the sinks when it begins to ship.
const turnWithin = 10 * time.Second

// seenEvery is how old may be what a node tells that does not ship itself.
const seenEvery = time.Second

// look reads anew what the node that ships has done, if that is another one.
func (e *Engine) look(ctx context.Context) {
	if e.opts.Duty == nil {
		return
	}
	e.mu.Lock()
	old := e.base == nil && e.opts.Now().Sub(e.loaded).Abs() >= seenEvery
	e.mu.Unlock()
	if old {
		e.acts.Lock() // which changes what is read
		defer e.acts.Unlock()
		if err := e.read(ctx, false); err != nil {
			e.opts.Log.Warn().Err(err).Msg("how far sinks have come cannot be read: what was known before is told")
		}
	}
}
