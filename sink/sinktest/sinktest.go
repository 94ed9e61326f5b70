// Package sinktest is the examination that every destination passes: whatever the other side
// does, everything is delivered at least once and in order, and what it refuses for good is
// named. Only tests import it.
package sinktest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/sink"
)

// Fault is something that happens to a receiver, once.
type Fault string

// The faults. Those that a protocol has no way to have are left out of its examination.
const (
	Fails      Fault = "answers that it has failed"
	Hangs      Fault = "does not answer"
	Busy       Fault = "answers that it is busy, and when to come back"
	Restarts   Fault = "is gone for a while, and comes back"
	CutRequest Fault = "closes the connection in the middle of a batch"
	CutAnswer  Fault = "takes a batch and closes the connection in the middle of its answer"
	Redirects  Fault = "points elsewhere"
	Denies     Fault = "does not know who sends"
)

// Receiver is the other side.
type Receiver interface {
	// Hurt has a fault happen to what is delivered next.
	Hurt(f Fault)
	// Refuse has entries refused for good whenever they are delivered.
	Refuse(ids ...int64)
	// Taken returns the ids of what was taken, in the order in which it was.
	Taken() []int64
}

// Exam is what one destination is examined in.
type Exam struct {
	// Open opens the destination.
	Open func(t *testing.T) sink.Destination
	// Receiver is what it delivers to.
	Receiver Receiver
	// Faults are those that may happen.
	Faults []Fault
	// Refuses says that the receiver can refuse single entries.
	Refuses bool
	// Unordered says that Taken knows no order.
	Unordered bool
	// Entries is how many are delivered. Default 400.
	Entries int
}

// Patience is how long one delivery may take in an examination.
const Patience = 2 * time.Second

// Lineage is what the entries of an examination are of.
func Lineage() audit.Lineage { return audit.Lineage{Log: "5f1c0ffee", Epoch: 3} }

// Entries returns entries with ids and seqs from 1.
func Entries(n int) []*audit.Entry {
	g := audittest.New(14, time.Minute)
	list := make([]*audit.Entry, n)
	for i := range list {
		e := g.Next()
		e.ID, e.Seq, e.RecordedBy = int64(i+1), int64(i+1), "0f3KxQ9Z"
		e.RecordedAt = e.CreatedAt.Add(time.Millisecond)
		list[i] = e
	}
	return list
}

// Batch returns the batch of some entries of an examination.
func Batch(entries []*audit.Entry) *sink.Batch {
	return &sink.Batch{Log: Lineage(), Sink: "exam", From: entries[0].ID, To: entries[len(entries)-1].ID, Entries: entries, Proven: true}
}

// Checkpoint returns what carries a checkpoint with a number and a mark.
func Checkpoint(number int64, mark []byte) *audit.Entry {
	e := Entries(1)[0]
	e.ID, e.Seq, e.Action, e.Metadata = -number, 0, sink.ActionCheckpoint, map[string]string{"mark": sink.Mark(mark)}
	return e
}

// Run examines a destination.
func Run(t *testing.T, x Exam) {
	entries := Entries(max(x.Entries, 400))
	refused := make(map[int64]bool)
	if x.Refuses {
		for _, id := range []int64{1, 50, 51, 52, 199, 400} {
			refused[id] = true
		}
		x.Receiver.Refuse(slices.Sorted(maps.Keys(refused))...)
	}
	s := &shipper{t: t, x: &x, r: rand.New(rand.NewPCG(7, 7)), refused: make(map[int64]bool)}
	s.ship(entries)
	if !maps.Equal(s.refused, refused) {
		t.Errorf("refused were %v, want %v", s.refused, refused)
	}
	compare(t, &x, entries, refused)
}

// shipper delivers as a shipper does, but without pauses.
type shipper struct {
	t       *testing.T
	x       *Exam
	r       *rand.Rand
	refused map[int64]bool
}

// ship delivers everything in batches of different sizes, every few of which meet a fault; after
// some of them the destination is closed and opened again.
func (s *shipper) ship(entries []*audit.Entry) {
	to := s.x.Open(s.t)
	defer func() { s.close(to) }()
	faults := slices.Clone(s.x.Faults)
	for at, n := 0, 0; at < len(entries); n++ {
		batch := Batch(entries[at:min(at+1+s.r.IntN(30), len(entries))])
		if n%3 == 1 && len(faults) > 0 {
			s.meet(to, batch, faults[0])
			faults = faults[1:]
			if n%2 == 0 {
				s.close(to)
				to = s.x.Open(s.t)
			}
			continue // with another batch from the same place
		}
		if err := s.deliver(to, batch); err != nil {
			s.t.Fatalf("ids %d to %d: %v", batch.From, batch.To, err)
		}
		at += len(batch.Entries)
	}
	if len(faults) > 0 {
		s.t.Errorf("%v never happened: the examination is too short", faults)
	}
}

func (s *shipper) close(to sink.Destination) {
	if err := to.Close(); err != nil {
		s.t.Errorf("close: %v", err)
	}
}

// deliver delivers a batch, and notes what was refused of it.
func (s *shipper) deliver(to sink.Destination, b *sink.Batch) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), Patience)
	defer cancel()
	began := time.Now()
	err := to.Deliver(ctx, b)
	if took := time.Since(began); took > 2*Patience {
		s.t.Errorf("a delivery took %v", took)
	}
	refused := new(sink.Refused)
	if !errors.As(err, &refused) {
		return err
	}
	for _, r := range refused.Entries {
		if r.Reason == "" {
			s.t.Errorf("id %d is refused without a reason", b.Entries[r.Index].ID)
		}
		s.refused[b.Entries[r.Index].ID] = true
	}
	return nil
}

// meet delivers a batch into a fault, which must be told.
func (s *shipper) meet(to sink.Destination, b *sink.Batch, f Fault) {
	s.x.Receiver.Hurt(f)
	err := s.deliver(to, b)
	later, gone, unfit := new(sink.Later), new(sink.Gone), new(sink.Unfit)
	switch {
	case err == nil && f != Restarts:
		s.t.Errorf("a receiver that %s: no error", f)
	case errors.As(err, &gone), errors.As(err, &unfit):
		s.t.Errorf("a receiver that %s: %#v", f, err)
	case errors.As(err, &later) != (f == Busy):
		s.t.Errorf("a receiver that %s: %v, to be tried later: %v", f, err, f != Busy)
	case f == Busy && later.After != RetryAfter:
		s.t.Errorf("a receiver that %s: after %v, want %v", f, later.After, RetryAfter)
	}
	s.t.Logf("a receiver that %s: %v", f, err)
}

// RetryAfter is when a busy receiver says to come back.
const RetryAfter = 7 * time.Second

// compare counts what was taken.
func compare(t *testing.T, x *Exam, entries []*audit.Entry, refused map[int64]bool) {
	t.Helper()
	var want []int64
	for _, e := range entries {
		if !refused[e.ID] {
			want = append(want, e.ID)
		}
	}
	taken := x.Receiver.Taken()
	seen := make(map[int64]bool)
	var first []int64
	for _, id := range taken {
		if !seen[id] {
			first = append(first, id)
		}
		seen[id] = true
	}
	t.Logf("%d entries, %d taken, %d of them again", len(want), len(taken), len(taken)-len(first))
	if x.Unordered {
		slices.Sort(first)
	}
	if !slices.Equal(first, want) {
		t.Errorf("taken were %s", difference(first, want))
	}
}

// difference tells the first place where two lists differ.
func difference(got, want []int64) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("id %d in place %d, want %d", got[i], i, want[i])
		}
	}
	return fmt.Sprintf("%d, want %d", len(got), len(want))
}
