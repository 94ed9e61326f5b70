package store

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"auditlog/audit"
)

// unconfirmedLimit is for how long a node goes on without a commit of its own that the database has
// confirmed. Each writes a beat a second. It is longer than another node may hold them up that stands still
// with the log in its hand, 10 seconds, and shorter than it takes until whoever waits for a primary that is cut
// off has another take over: Patroni's ttl is 20 seconds at least.
const unconfirmedLimit = 15 * time.Second

// confirmation is when the database of several nodes last confirmed a commit of this one. A primary that is
// cut off goes on answering those who read, and confirms nothing, for no standby does: what it lists
// may be old by then.
type confirmation struct {
	at      atomic.Pointer[time.Time] // when that commit was begun
	refusal atomic.Pointer[error]     // why none was since; nil where none failed
}

func (c *confirmation) confirmed(begun time.Time) {
	c.at.Store(&begun)
	c.refusal.Store(nil)
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
