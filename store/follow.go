package store

import (
	"context"
)

// signal wakes whoever waits for something to happen. State.Mu guards it.
type signal struct{ ch chan struct{} }

// wait returns a channel that is closed at the next broadcast.
func (s *signal) wait() <-chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) broadcast() {
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// Wait returns nil once the log holds an entry with an id above after, or the
// context's error before that.
func (s *Store) Wait(ctx context.Context, after int64) error {
	return s.await(ctx, &s.committed, func() bool { return s.mem.Tail.Next()-1 > after })
}

// WaitBlocks returns nil once BlockSeq is above after, or the context's error
// before that.
func (s *Store) WaitBlocks(ctx context.Context, after uint64) error {
	return s.await(ctx, &s.sealed, func() bool { return s.mem.BlockSeq > after })
}

// await returns once ready, which sig announces, holds.
func (s *Store) await(ctx context.Context, sig *signal, ready func() bool) error {
	for {
		s.mem.Mu.Lock()
		ok, ch := ready(), sig.wait()
		s.mem.Mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ch:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing.Done():
			return errClosed()
		}
	}
}
