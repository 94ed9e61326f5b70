package sink

import (
	"fmt"
	"time"
)

// Refused says that some entries of a batch will never be taken, and that all others were.
type Refused struct {
	// Entries are those that were refused, in the order of their places.
	Entries []Refusal
}

// Of returns r, or the error that it is for a batch of which nothing was taken by a destination
// that has never taken anything: one that an entry more or less would not mend.
func (r *Refused) Of(b *Batch) error {
	if b.Proven || len(r.Entries) < len(b.Entries) {
		return r
	}
	return nothingTaken(r.Entries[0].Reason)
}

func nothingTaken(reason string) error {
	return fmt.Errorf("it has taken nothing yet, and refuses all that it is sent; are the address and the settings right? %s", reason)
}

// Refusal is one entry that will never be taken.
type Refusal struct {
	// Index is its place in Batch.Entries.
	Index int
	// Reason is what the destination says, cleaned and short.
	Reason string
}

// Error tells how many, and why the first.
func (r *Refused) Error() string {
	if len(r.Entries) == 0 {
		return "refused"
	}
	return fmt.Sprintf("%d entries refused: %s", len(r.Entries), r.Entries[0].Reason)
}

// Later says that a destination wants to be left alone for a time.
type Later struct {
	// After is for how long, at least; 0 where it did not say.
	After time.Duration
	// Err is why.
	Err error
}

func (l *Later) Error() string { return l.Err.Error() }

func (l *Later) Unwrap() error { return l.Err }

// Gone says that a destination wants nothing any more.
type Gone struct {
	// Reason is what it says, cleaned and short.
	Reason string
}

func (g *Gone) Error() string { return "the destination is gone: " + g.Reason }
