package main

import (
	"context"
	"errors"
	"time"

	"auditlog/audit"
	"auditlog/bench/peer"
	"auditlog/bench/work"
)

// doomed is the project that is purged.
const doomed = "doomed"

// writers record single entries while a project is purged.
const writers = 16

// purge loads a project of its own, and purges it while others are recorded to.
func (t *trial) purge(ctx context.Context) error {
	w := work.New(t.seed+1, t.n, t.end)
	d := drive{clients: loaders, n: (t.n + batch - 1) / batch}
	if _, err := d.run(ctx, t.log, nil, t.loading(w, doomed, t.n)); err != nil {
		return err
	}
	if err := t.log.Settle(ctx); err != nil {
		return err
	}
	undisturbed, err := t.writing(ctx, func(ctx context.Context) error { return pause(ctx, t.undisturbed) })
	if err != nil {
		return err
	}
	var took time.Duration
	disturbed, err := t.writing(ctx, func(ctx context.Context) error {
		began := time.Now()
		err := t.log.Purge(ctx, doomed)
		took = time.Since(began)
		return err
	})
	if err != nil {
		return err
	}
	t.noteLatencies(workPurge, "writers before", undisturbed)
	t.noteLatencies(workPurge, "writers meanwhile", disturbed)
	t.note(row{workPurge, "writers meanwhile, slowest", unitTime}, millis(disturbed.percentile(100)))
	t.note(row{workPurge, "writers meanwhile", unitRate}, disturbed.perSecond(1))
	t.note(row{workPurge, "the purge", unitSeconds}, took.Seconds())
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// errEnough ends the writers.
var errEnough = errors.New("enough")

// writing has writers record while fn runs.
func (t *trial) writing(ctx context.Context, fn func(context.Context) error) (driven, error) {
	d := drive{clients: writers, n: 1 << 40}
	conns, err := d.connect(ctx, t.log)
	defer conns.close()
	if err != nil {
		return driven{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() {
		err := fn(ctx)
		ended <- err
		cancel(errEnough)
	}()
	first := t.next
	insert := func(ctx context.Context, c peer.Conn, i int) error {
		e := t.late(first + i)
		// A call under way is let end: only what was acknowledged counts.
		return c.Insert(context.WithoutCancel(ctx), &e)
	}
	res, err := d.calls(ctx, conns, insert)
	t.next += len(res.latencies)
	if context.Cause(ctx) == errEnough {
		err = nil
	}
	return res, errors.Join(err, <-ended)
}

// late makes an entry beyond those that were planned: it happens now.
func (t *trial) late(i int) audit.Entry {
	e := t.work.Entry(i % t.n)
	e.CreatedAt = audit.Truncate(time.Now())
	return e
}
