package store

import (
	"context"
	"time"

	"auditlog/store/duty"
)

// join has this node be one of those that have the database, where there can be others.
func (s *Store) join() (err error) {
	if s.db.Shared() {
		s.duty, err = duty.New(s.opts.Node, s.opts.Rand, s.update, s.meter.Share)
	}
	return err
}

// turns says whose turn it is to seal, of several nodes: State.Mu guards it. All may, and all but one
// of those who do it at once do it in vain.
type turns struct {
	own, others time.Time // when this node and another one last recorded something
	overdue     time.Time // since when this node has waited for others to seal
}

// patience is how long a node waits for the one whose turn it is.
const patience = 2 * time.Second

// othersTurn returns how long to leave it to other nodes to seal what is due, 0 where it is this
// one's turn: that of who records, which has it all in memory; among several of these, and where
// nobody does, of the one on duty; and of any where nobody else has done it.
func (s *Store) othersTurn() time.Duration {
	if s.duty == nil {
		return 0
	}
	on := s.duty.On()
	s.mem.Mu.Lock()
	defer s.mem.Mu.Unlock()
	t := &s.turns
	own, others := time.Since(t.own) < patience, time.Since(t.others) < patience
	switch {
	case own && !others, own == others && on:
		t.overdue = time.Time{}
		return 0
	case t.overdue.IsZero():
		t.overdue = time.Now()
	case time.Since(t.overdue) >= patience:
		return 0
	}
	return patience / 20
}

// OnDuty reports whether this node is the one that does what one does for all, as it always is
// where there are no others.
func (s *Store) OnDuty() bool { return s.duty == nil || s.duty.On() }

// WhileOnDuty runs work whenever this node is on duty, until ctx is done or work fails. Work ends
// soon after its context does, which is when another node is to be on duty.
func (s *Store) WhileOnDuty(ctx context.Context, work func(context.Context) error) error {
	if s.duty == nil {
		return work(ctx)
	}
	return s.duty.While(ctx, work)
}

// TakeDuty returns once this node is on duty: the one that is ends what it does for all. It returns
// Unavailable where that takes too long.
func (s *Store) TakeDuty(ctx context.Context) error {
	if s.duty == nil {
		return nil
	}
	return s.duty.Take(ctx)
}

// Nodes returns the nodes that have the log, by name, this one's own name, and which is on duty; none
// where there can be no others.
func (s *Store) Nodes() (names []string, own, onDuty string) {
	if s.duty == nil {
		return nil, "", ""
	}
	return s.duty.Nodes()
}
