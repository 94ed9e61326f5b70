package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/rpc"
)

// ErrFull is why a Queue drops an entry that it has no room for.
var ErrFull = errors.New("the queue of entries to record is full")

// ErrClosed is why a Queue drops an entry that it is given after Close.
var ErrClosed = errors.New("the queue of entries to record is closed")

// QueueConfig says how a Queue works. Its zero value is usable.
type QueueConfig struct {
	// Size is how many entries wait at most; 10,000 when 0.
	Size int
	// OnDrop, unless nil, is told of every entry that will not be in the log, and
	// why: ErrFull, ErrClosed, or the log's own refusal, which is a Conflict where another
	// entry has its key. It is called from
	// several goroutines, one of which may be serving a call, and must not block.
	OnDrop func(e audit.Entry, why error)
	// Gap, unless nil, makes an entry that says in the log itself that n entries
	// were dropped since then because the queue was full. It is recorded once
	// there is room again.
	Gap func(n int64, since time.Time) audit.Entry
}

// Queue records entries in the background: whoever adds one never waits for the
// log. While the log cannot be reached the entries wait, and are tried again for
// as long as it takes; when no more fit, further ones are dropped and counted.
// Entries that wait are lost when the process ends without Close.
type Queue struct {
	client *Client
	config QueueConfig
	wake   chan struct{} // has room for one: there is something to do
	cancel context.CancelFunc
	ended  chan struct{} // closed when run returns

	mu      sync.Mutex // guards what follows
	waiting []audit.Entry
	sending int // how many entries are out of waiting and not yet recorded
	closed  bool
	dropped int64
	// gap counts the entries dropped because the queue was full, from since on,
	// that no Gap entry tells of yet.
	gap   int64
	since time.Time
}

// NewQueue starts a Queue, to be ended by Close.
func (c *Client) NewQueue(config QueueConfig) *Queue {
	if config.Size <= 0 {
		config.Size = 10_000
	}
	ctx, cancel := context.WithCancel(context.Background())
	q := &Queue{
		client: c,
		config: config,
		wake:   make(chan struct{}, 1),
		cancel: cancel,
		ended:  make(chan struct{}),
	}
	go q.run(ctx)
	return q
}

// Add takes e to be recorded and reports whether it did: it does not when the
// queue is full or closed, or e lacks something. An entry without a time gets the
// present one, and one without a key gets a key. Texts that the log would refuse
// are cleaned, as Entry.Clean has it.
func (q *Queue) Add(e audit.Entry) bool {
	why := q.client.prepare(&e)
	if why == nil {
		why = q.add(e)
	}
	if why != nil {
		q.drop(e, why)
	}
	return why == nil
}

func (q *Queue) add(e audit.Entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case len(q.waiting)+q.sending >= q.config.Size:
		if q.gap == 0 {
			q.since = e.CreatedAt
		}
		q.gap++
		return ErrFull
	}
	q.waiting = append(q.waiting, e)
	q.signal()
	return nil
}

// prepare makes e ready to wait for the log, or says what it lacks.
func (c *Client) prepare(e *audit.Entry) error {
	if e.CreatedAt.IsZero() {
		e.CreatedAt = time.Now()
	}
	if e.Key == "" {
		e.Key = c.keys.next()
	}
	if e.Channel == "" {
		e.Channel = c.Channel
	}
	e.Normalize()
	e.Clean()
	return e.Validate(time.Now())
}

// signal wakes run up, if it is not about to look anyway.
func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *Queue) drop(e audit.Entry, why error) {
	q.mu.Lock()
	q.dropped++
	q.mu.Unlock()
	if q.config.OnDrop != nil {
		q.config.OnDrop(e, why)
	}
}

// Dropped returns how many entries this queue was given that are not in the log
// and will not be.
func (q *Queue) Dropped() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Close takes no more entries, waits until those that wait are recorded, and
// returns nil; when ctx ends before, it drops those that are left and says how
// many. It may be called again.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
	select {
	case <-q.ended:
		return nil
	case <-ctx.Done():
	}
	q.cancel()
	<-q.ended
	q.mu.Lock()
	left := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	if len(left) == 0 {
		return nil
	}
	for _, e := range left {
		q.drop(e, ctx.Err())
	}
	return fmt.Errorf("close the queue: %d entries are not recorded: %w", len(left), ctx.Err())
}

// run records what is added until the queue is closed and empty, or ctx ends.
func (q *Queue) run(ctx context.Context) {
	defer close(q.ended)
	defer q.cancel()
	for {
		if batch := q.take(writerBatch); len(batch) > 0 {
			q.untake(q.record(ctx, batch))
			if ctx.Err() != nil {
				return
			}
			continue
		}
		q.mu.Lock()
		done := q.closed && len(q.waiting) == 0
		q.mu.Unlock()
		if done {
			return
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return
		}
	}
}

// take removes up to n entries from those that wait, a Gap entry first if one is
// due.
func (q *Queue) take(n int) []audit.Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch []audit.Entry
	if q.gap > 0 && q.config.Gap != nil {
		e := q.config.Gap(q.gap, q.since)
		if q.client.prepare(&e) == nil {
			batch = append(batch, e)
		}
		q.gap = 0
	}
	n = min(n, len(q.waiting))
	batch = append(batch, q.waiting[:n]...)
	rest := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	q.sending = len(batch)
	return batch
}

// untake puts back what is left of a batch.
func (q *Queue) untake(left []audit.Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sending = 0
	if len(left) > 0 {
		q.waiting = append(left[:len(left):len(left)], q.waiting...)
	}
}

// record records batch, for as long as it takes, and drops what the log refuses.
// It returns what is left when ctx ends before.
func (q *Queue) record(ctx context.Context, batch []audit.Entry) []audit.Entry {
	for {
		res, err := q.client.Record(ctx, batch...)
		switch {
		case err == nil:
			q.dropConflicts(batch, res.Entries)
			return nil
		case ctx.Err() != nil:
			return batch
		case refused(err) && len(batch) == 1:
			q.drop(batch[0], err)
			return nil
		case refused(err):
			// One bad entry must not take the others with it.
			half := len(batch) / 2
			return append(q.record(ctx, batch[:half:half]), q.record(ctx, batch[half:])...)
		}
		if backoff.Sleep(ctx, q.client.pause(defaultTries, 0)) != nil {
			return batch
		}
	}
}

// dropConflicts drops those of a batch whose keys other entries have.
func (q *Queue) dropConflicts(batch []audit.Entry, became []rpc.Recorded) {
	for i, r := range became {
		if r.Conflict && i < len(batch) {
			q.drop(batch[i], audit.ErrKeyTaken(r.ID))
		}
	}
}

// refused reports whether the log will never take what it answered err to.
func refused(err error) bool {
	switch audit.KindOf(err) {
	case audit.Invalid, audit.PermissionDenied, audit.Conflict, audit.TooLarge:
		return true
	}
	return false
}
