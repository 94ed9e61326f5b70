package sink

import (
	"context"
	"errors"

	"auditlog/audit"
)

// Unfit says that a destination will never take a batch as it is. It stays within the packages
// of destinations: Narrow makes Refused of it.
type Unfit struct {
	// Known says that it is because of the entry at the place At, whatever is with the
	// others; else the destination does not say because of which.
	Known bool
	At    int
	// Reason is what the destination says, cleaned and short.
	Reason string
}

func (u *Unfit) Error() string { return "refused: " + u.Reason }

// Narrow delivers a batch to a destination that answers only for a batch as a whole. One that
// is unfit is delivered in parts, around the entry that is at fault, or in halves until those
// that are at fault are alone, which are refused. What is sent before an error stops it is sent again with the next batch.
func Narrow(ctx context.Context, b *Batch, send func(context.Context, *Batch) error) error {
	n := narrowing{send: send}
	if err := n.deliver(ctx, b, 0); err != nil {
		return err
	}
	if len(n.refused) > 0 {
		return &Refused{Entries: n.refused}
	}
	return nil
}

type narrowing struct {
	send    func(context.Context, *Batch) error
	refused []Refusal
}

// deliver delivers a part whose first entry is at a place of the batch that was given.
func (n *narrowing) deliver(ctx context.Context, b *Batch, at int) error {
	err := n.send(ctx, b)
	unfit, refused := new(Unfit), new(Refused)
	switch {
	case errors.As(err, &refused):
		for _, r := range refused.Entries {
			n.refused = append(n.refused, Refusal{at + r.Index, r.Reason})
		}
		return nil
	case !errors.As(err, &unfit):
		return err
	case len(b.Entries) == 1:
		n.refused = append(n.refused, Refusal{at, unfit.Reason})
		return nil
	case unfit.Known:
		return n.around(ctx, b, at, unfit)
	}
	half := len(b.Entries) / 2
	if err := n.deliver(ctx, b.Part(0, half), at); err != nil {
		return err
	}
	return n.deliver(ctx, b.Part(half, len(b.Entries)), at+half)
}

// around delivers what is in front of an entry that is at fault, and what is behind it.
func (n *narrowing) around(ctx context.Context, b *Batch, at int, unfit *Unfit) error {
	if unfit.At > 0 {
		if err := n.deliver(ctx, b.Part(0, unfit.At), at); err != nil {
			return err
		}
	}
	n.refused = append(n.refused, Refusal{at + unfit.At, unfit.Reason})
	if unfit.At+1 == len(b.Entries) {
		return nil
	}
	return n.deliver(ctx, b.Part(unfit.At+1, len(b.Entries)), at+unfit.At+1)
}

// Part returns the batch of the entries from a place up to another, which is excluded. It
// covers what lies between those in front of it and behind it.
func (b *Batch) Part(from, to int) *Batch {
	part := *b
	part.Entries = b.Entries[from:to]
	if from > 0 {
		part.From = b.place(b.Entries[from-1]) + 1
	}
	if to < len(b.Entries) {
		part.To = b.place(b.Entries[to-1])
	}
	return &part
}

// place returns the number by which From and To count an entry.
func (b *Batch) place(e *audit.Entry) int64 {
	if b.Project != "" {
		return e.Seq
	}
	return e.ID
}
