package sink

import (
	"cmp"
	"context"
	"errors"

	"auditlog/audit"
)

// Unfit says that a destination will never take a batch as it is. It stays within the packages
// of destinations: a Narrower makes Refused of it.
type Unfit struct {
	// Known says that it is because of the entry at the place At, whatever is with the
	// others; else the destination does not say because of which.
	Known bool
	At    int
	// Reason is what the destination says, cleaned and short.
	Reason string
}

func (u *Unfit) Error() string { return "refused: " + u.Reason }

// Narrower delivers batches to a destination that answers only for a batch as a whole. One that
// is unfit is delivered in parts, around the entry that is at fault, or in halves until those
// that are at fault are alone, which are refused. The zero Narrower is ready for use.
//
// One that has taken nothing yet and refuses all is not at odds with entries: see Batch.Proven.
//
// What is sent before an error stops it is sent again with the next batch, but for what was
// found to be refused: to find that of many may take longer than one delivery may.
type Narrower struct {
	found map[string]string // reasons by the keys of entries, since the last delivery that was whole
}

// Deliver delivers a batch with send, which answers for it as a whole.
func (r *Narrower) Deliver(ctx context.Context, b *Batch, send func(context.Context, *Batch) error) error {
	rest, places := r.rest(b)
	n := narrowing{send: send, proven: b.Proven || len(r.found) > 0}
	var err error
	if len(rest.Entries) > 0 {
		err = n.deliver(ctx, rest, 0)
	}
	if !n.proven && len(n.refused) > 0 {
		return cmp.Or(err, nothingTaken(n.refused[0].Reason))
	}
	for _, refusal := range n.refused {
		if r.found == nil {
			r.found = make(map[string]string)
		}
		r.found[b.Log.Key(b.Entries[places[refusal.Index]].ID)] = refusal.Reason
	}
	if err != nil || len(r.found) == 0 {
		return err
	}
	refused := new(Refused)
	for i, e := range b.Entries {
		if reason, ok := r.found[b.Log.Key(e.ID)]; ok {
			refused.Entries = append(refused.Entries, Refusal{i, reason})
		}
	}
	r.found = nil
	if len(refused.Entries) == 0 {
		return nil // they were of another batch
	}
	return refused
}

// rest returns b without the entries that are found to be refused, and the places in b of those
// that are left.
func (r *Narrower) rest(b *Batch) (rest *Batch, places []int) {
	part := *b
	part.Entries = make([]*audit.Entry, 0, len(b.Entries))
	for i, e := range b.Entries {
		if len(r.found) > 0 {
			if _, ok := r.found[b.Log.Key(e.ID)]; ok {
				continue
			}
		}
		part.Entries, places = append(part.Entries, e), append(places, i)
	}
	return &part, places
}

type narrowing struct {
	send    func(context.Context, *Batch) error
	refused []Refusal
	proven  bool // something was taken
}

// doubt is how many entries a destination that has taken nothing yet may refuse, each alone, until
// no more are tried.
const doubt = 8

func (n *narrowing) refuse(at int, reason string) error {
	n.refused = append(n.refused, Refusal{at, reason})
	if !n.proven && len(n.refused) == doubt {
		return nothingTaken(reason)
	}
	return nil
}

// deliver delivers a part whose first entry is at a place of the batch that was given.
func (n *narrowing) deliver(ctx context.Context, b *Batch, at int) error {
	err := n.send(ctx, b)
	unfit, refused := new(Unfit), new(Refused)
	switch {
	case err == nil:
		n.proven = true
		return nil
	case errors.As(err, &refused):
		n.proven = n.proven || len(refused.Entries) < len(b.Entries)
		for _, r := range refused.Entries {
			n.refused = append(n.refused, Refusal{at + r.Index, r.Reason})
		}
		return nil
	case !errors.As(err, &unfit):
		return err
	case len(b.Entries) == 1:
		return n.refuse(at, unfit.Reason)
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
	if err := n.refuse(at+unfit.At, unfit.Reason); err != nil {
		return err
	}
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
