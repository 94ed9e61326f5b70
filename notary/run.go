package notary

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
)

// restFactor is for how much longer than it works the worker rests between two steps of hashing,
// so that those who record have most of the machine.
const restFactor = 2

// Run makes a head whenever something was recorded, at most every Options.Every, until ctx
// ends, which is no error.
func (n *Notary) Run(ctx context.Context) error {
	var seen int64
	failed := ""
	for ctx.Err() == nil {
		last := n.log.LastID()
		err := n.work(ctx)
		switch {
		case err == nil:
			seen, failed = last, ""
		case ctx.Err() == nil && err.Error() != failed: // once, not at each further try
			failed = err.Error()
			n.opts.Log.Error().Err(err).Msg("making a head of the log: it is tried again")
		}
		if backoff.Sleep(ctx, n.opts.Every) != nil {
			break
		}
		if n.log.Wait(ctx, seen) != nil {
			break
		}
	}
	return nil
}

// work hashes what is not hashed yet, and makes a head. What comes meanwhile is for the next.
func (n *Notary) work(ctx context.Context) (failed error) {
	for more, end := true, n.opts.Now().Add(n.opts.Every); more && n.opts.Now().Before(end); {
		began := time.Now()
		var err error
		n.making.Lock()
		more, err = n.hash(ctx)
		n.making.Unlock()
		if failed = err; err != nil {
			break
		}
		if err := backoff.Sleep(ctx, restFactor*time.Since(began)); err != nil {
			return err
		}
	}
	n.making.Lock()
	last := n.log.LastID()
	failed = errors.Join(failed, n.head(ctx, nil))
	n.making.Unlock()
	if n.opts.Keep != nil && failed == nil {
		k, err := n.kept(last)
		if err == nil {
			err = n.opts.Keep(k)
		}
		if err != nil && audit.KindOf(err) != audit.NotFound {
			failed = fmt.Errorf("keep the checkpoint elsewhere: %w", err)
		}
	}
	if err := n.ask(ctx); err != nil && audit.KindOf(err) != audit.NotFound {
		failed = errors.Join(failed, fmt.Errorf("ask witnesses: %w", err))
	}
	return failed
}
