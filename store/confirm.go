package store

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"auditlog/audit"
)

// unconfirmedLimit is for how long a node goes on while the database confirms nothing, neither of its own, and it
// writes a beat a second, nor of others. It is longer than another node may hold them up that stands still
// with the log in its hand, 10 seconds, and shorter than it takes until whoever waits for a primary that is cut
// off has another take over: Patroni's ttl is 20 seconds at least.
const unconfirmedLimit = 15 * time.Second

// confirmation is since when the database of several nodes has confirmed a commit. A primary that is
// cut off goes on answering those who read, and confirms nothing, for no standby does: what it lists
// may be old by then. A commit of another node is seen once it is confirmed, so it tells as much: a node that
// always comes too late for a commit of its own is in no doubt.
type confirmation struct {
	at      atomic.Pointer[time.Time] // a time before that commit
	looked  atomic.Pointer[time.Time] // when a transaction was begun that saw what is known, and no more
	refusal atomic.Pointer[error]     // why none of this node's was since; nil where none failed
}

// confirmed notes that a commit was confirmed, which was not yet at a time.
func (c *confirmation) confirmed(before time.Time) {
	c.at.Store(&before)
	c.refusal.Store(nil)
}

// saw notes that a transaction begun at a time saw nothing that is not known by now.
func (c *confirmation) saw(begun time.Time) { c.looked.Store(&begun) }

// sawMore notes that a transaction saw more than was known.
func (c *confirmation) sawMore() {
	if looked := c.looked.Load(); looked != nil && looked.After(*c.at.Load()) {
		c.at.Store(looked)
	}
}

func (c *confirmation) refused(err error) { c.refusal.Store(&err) }

// Unconfirmed returns why requests had better go to another node: the database has confirmed nothing of
// this one for too long. nil where it has, and where no other node can be.
func (s *Store) Unconfirmed() error {
	if s.duty == nil || s.Paused() != nil { // nothing is written then, and another error says why
		return nil
	}
	at := *s.confirmation.at.Load()
	if time.Since(at) < unconfirmedLimit {
		return nil
	}
	why, cause := "no standby does, or another server has taken over that this node does not reach", error(nil)
	if refusal := s.confirmation.refusal.Load(); refusal != nil {
		cause = *refusal
	}
	if errors.Is(cause, syscall.ENOSPC) {
		why = "its disk is full"
	}
	err := error(audit.Errorf(audit.Unavailable, "the database has confirmed nothing that this node wrote since %s: %s", at.UTC().Format(time.RFC3339), why))
	if cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// doubt returns Unconfirmed where what the database answers may be old. One that says that it has no room
// answers, and what it has is listed.
func (s *Store) doubt() error {
	err := s.Unconfirmed()
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}
