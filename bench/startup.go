package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auditlog/bench/peer"
	"auditlog/bench/work"
)

// startUp times how long it takes until the log answers, after it was stopped in
// order and after it was killed.
func (t *trial) startUp(ctx context.Context) error {
	if err := t.log.Stop(); err != nil {
		return err
	}
	if err := t.timeStart(ctx, "after a stop"); err != nil {
		return err
	}
	if err := t.beforeKill(ctx); err != nil {
		return err
	}
	err := t.log.Kill()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.timeStart(ctx, "after kill -9")
}

// timeStart times a start with the first answer to a listing.
func (t *trial) timeStart(ctx context.Context, name string) error {
	began := time.Now()
	if err := t.log.Start(ctx); err != nil {
		return err
	}
	if _, err := t.first(ctx, work.Listings()[0], 0); err != nil {
		return err
	}
	t.note(row{workStart, name + ", until the first answer", unitTime}, millis(time.Since(began)))
	return nil
}

// beforeKill records entries that the log has had no time to put in their place.
func (t *trial) beforeKill(ctx context.Context) error {
	d := drive{clients: recorders, n: t.singles}
	_, err := d.run(ctx, t.log, nil, t.inserting(t.next))
	t.next += t.singles
	return err
}

// first connects and times one listing.
func (t *trial) first(ctx context.Context, l work.Listing, v int) (time.Duration, error) {
	c, err := t.log.Connect(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	began := time.Now()
	_, err = c.List(ctx, t.work.Query(l, v), work.Limit)
	return time.Since(began), err
}

// cold asks each listing of a process just started, with none of its files in the
// page cache.
func (t *trial) cold(ctx context.Context) error {
	var starts, listings []time.Duration
	for i, l := range work.Listings() {
		if err := t.log.Stop(); err != nil {
			return err
		}
		if err := peer.Forget(t.log.Folder()); err != nil {
			return err
		}
		began := time.Now()
		if err := t.log.Start(ctx); err != nil {
			return err
		}
		starts = append(starts, time.Since(began))
		took, err := t.first(ctx, l, i)
		if err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
		listings = append(listings, took)
	}
	t.note(row{workCold, "start, nothing in the page cache", unitTime}, millis(median(starts)))
	t.note(row{workCold, "the first listing, median of ten", unitTime}, millis(median(listings)))
	t.note(row{workCold, "the first listing, slowest of ten", unitTime}, millis(maximum(listings)))
	return nil
}
