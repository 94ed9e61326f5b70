package store

import (
	"context"

	"auditlog/store/duty"
)

// join has this node be one of those that have the database, where there can be others.
func (s *Store) join() (err error) {
	if s.db.Shared() {
		s.duty, err = duty.New(s.opts.Node, s.opts.Rand, s.update, s.meter.Share)
	}
	return err
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
