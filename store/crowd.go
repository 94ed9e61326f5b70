package store

import (
	"context"
	"time"

	"auditlog/store/queue"
)

// crowd is those who record again and again. On an engine that is far away a commit takes long beside
// what it takes a caller to come again. So the committer waits a moment for those whom it has just
// answered: they come along with those who came meanwhile, instead of taking turns with them.
type crowd struct {
	expected int           // calls
	patience time.Duration // with each
	until    time.Time     // and with all
}

// The committer waits for the next of them for a part of the time that a commit took, and for all of them
// no longer than that; and not for long in any case: one that took long waited for something else.
const (
	patienceOfCommit = 4
	crowdWait        = 20 * time.Millisecond
)

// answered tells that a commit of some calls has ended, and how long it took, while others wait.
func (c *crowd) answered(calls, waiting int, took time.Duration) {
	took = min(took, crowdWait)
	c.expected, c.patience, c.until = calls+waiting, took/patienceOfCommit, time.Now().Add(took)
}

// await returns once all wait that are expected, or as many entries as one commit takes, or when
// nobody comes any more.
func (c *crowd) await(ctx context.Context, q *queue.Queue[*submission]) {
	left := time.Until(c.until)
	if left <= 0 {
		return
	}
	timer := time.NewTimer(min(c.patience, left))
	defer timer.Stop()
	for came := 0; ; {
		items, load := q.Waiting()
		if items >= c.expected || load.Entries >= commitEntries || load.Bytes >= commitBytes {
			return
		}
		if items > came {
			came = items
			timer.Reset(min(c.patience, time.Until(c.until)))
		}
		select {
		case <-q.Wake():
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
