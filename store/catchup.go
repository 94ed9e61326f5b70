package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"auditlog/store/kv"
	"auditlog/store/memory"
)

// On an engine that several nodes share, each has a memory of its own. It is brought up to what
// the others have committed before an Update decides anything by it, and before a reader takes
// anything from it: so all nodes give the answers that one would.

// delta returns what a transaction sees that was committed since the memory was of a state.
func (s *Store) delta(tx kv.Tx, mark memory.Mark) (*memory.Delta, error) {
	d, err := memory.ReadDelta(tx, mark, func(changed []memory.Changed) bool {
		s.mem.Mu.RLock()
		defer s.mem.Mu.RUnlock()
		return slices.ContainsFunc(changed, func(c memory.Changed) bool {
			p := s.mem.Projects[c.Name]
			return p != nil && p.ID == c.Rec.ID && p.Rec.Keys.Moved != c.Rec.Keys.Moved
		})
	})
	if err != nil {
		return nil, fmt.Errorf("catch up with other nodes: %w", err)
	}
	return d, nil
}

// catchUp brings the memory to the state of a transaction. The caller holds Store.writing.
func (s *Store) catchUp(tx kv.Tx) error {
	d, err := s.delta(tx, s.mem.Mark())
	if err != nil {
		return err
	}
	return s.takeIn(d)
}

// current runs fn in a read transaction, and take before it, with State.Mu held for reading: fn
// sees what take saw, or what was committed since. Both see what any node had committed before
// the call. Each may be called more than once: what the last call did counts. It returns Unavailable where
// the database may not be the newest any more.
func (s *Store) current(take func(), expected func() []kv.Expected, fn func(kv.Tx) error) error {
	mark := s.take(take)
	if !s.db.Shared() {
		return s.read(fn)
	}
	begun := time.Now()
	var d *memory.Delta
	err := s.readExpecting(expected, func(tx kv.Tx) (err error) {
		if d = nil; tx.Version() == mark.Version {
			return fn(tx)
		}
		d, err = s.delta(tx, mark)
		return err
	})
	if err == nil && d != nil {
		err = s.takeInAlone(d)
	}
	if err != nil {
		return err
	}
	s.confirmation.saw(begun)
	if err := s.doubt(); err != nil || d == nil {
		return err
	}
	s.take(take)
	return s.readExpecting(expected, fn)
}

// nothingExpected is for who knows no more than that he will read.
func nothingExpected() []kv.Expected { return nil }

// Fresh brings the memory to what any node had committed before the call.
func (s *Store) Fresh() error {
	if !s.db.Shared() {
		return nil
	}
	return s.asking.Ask(func() error { return s.current(func() {}, nothingExpected, func(kv.Tx) error { return nil }) })
}

// settle returns once the memory knows of what any transaction can have seen that has ended.
func (s *Store) settle() error {
	s.writing.Lock()
	//lint:ignore SA2001 whoever writes here has told the memory by then
	s.writing.Unlock()
	return s.Fresh()
}

func (s *Store) take(take func()) memory.Mark {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	take()
	return s.mem.Mark()
}

func (s *Store) takeInAlone(d *memory.Delta) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.takeIn(d)
}

// takeIn brings the memory to the state of d. The caller holds Store.writing.
func (s *Store) takeIn(d *memory.Delta) error {
	s.mem.Mu.Lock()
	defer s.mem.Mu.Unlock()
	if d.Version <= s.mem.Version {
		return nil
	}
	s.confirmation.sawMore()
	s.commits.Forget() // of a commit that is not going to be
	if d.BlockSeq != s.mem.BlockSeq {
		s.turns.overdue = time.Time{}
	}
	if len(d.Entries) > 0 || d.Gap {
		s.turns.others = time.Now()
	}
	if err := s.mem.TakeIn(d); err != nil {
		return err
	}
	s.epoch.Store(d.Epoch)
	if d.Tokens != nil && d.Revision != s.mem.Tokens {
		s.mem.Tokens = d.Revision
		s.tokens(d.Revision, d.Tokens)
	}
	if len(d.Projects) > 0 {
		s.opts.Changed()
	}
	if ahead := d.Passed - s.passed(); ahead > 0 {
		s.passedBefore += ahead
	}
	s.committed.broadcast()
	s.sealed.broadcast()
	return nil
}

// watchBusy and watchRest are how often a node looks what others have committed, for those who wait
// for it here: while there is something, and while there is nothing.
const (
	watchBusy = 20 * time.Millisecond
	watchRest = time.Second
)

// watchLoop wakes those who wait for entries and blocks that others commit. Its owner is New, its
// end Close.
func (s *Store) watchLoop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pause := watchBusy; ; {
		select {
		case <-timer.C:
		case <-s.closing.Done():
			return
		}
		before := s.take(func() {})
		_ = s.Fresh() // whoever needs an answer is told why there is none
		pause = min(2*pause, watchRest)
		if now := s.take(func() {}); now.Next != before.Next || now.BlockSeq != before.BlockSeq {
			pause = watchBusy
		}
		timer.Reset(pause)
	}
}

// Confirm returns once all entries up to an id are known to be durable. Where other nodes write,
// what a transaction sees may be lost with the machine that wrote it, and must not leave the log
// before the engine says that it cannot.
func (s *Store) Confirm(ctx context.Context, id int64) error {
	if !s.db.Shared() || id < s.durable.Load() {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.update("confirm", func(kv.Tx) error { return kv.ErrNothing }, nil)
}

// errStale says that what an update was to write was worked out from a state that others have
// changed since: it is to be worked out anew.
var errStale = errors.New("another node was faster")
