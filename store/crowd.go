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
	expected int // calls
	until    time.Time
}

// The committer waits for a part of the time that a commit took, and not for long: one that took long
// waited for something else.
const (
	patienceOfCommit = 4
	crowdWait        = 20 * time.Millisecond
)

// answered tells that a commit of some calls has ended, and how long it took, while others wait.
func (c *crowd) answered(calls, waiting int, took time.Duration) {
	c.expected, c.until = calls+waiting, time.Now().Add(min(took/patienceOfCommit, crowdWait))
}

// await returns once all wait that are expected, or as many entries as one commit takes, or when
// that has taken long enough.
func (c *crowd) await(ctx context.Context, q *queue.Queue[*submission]) {
	patience := time.Until(c.until)
	if patience <= 0 {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		items, load := q.Waiting()
		if items >= c.expected || load.Entries >= commitEntries || load.Bytes >= commitBytes {
			return
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
