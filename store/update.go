package store

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"auditlog/audit"
	"auditlog/store/kv"
)

// update runs fn in a transaction and, once it is on disk, apply under State.Mu
// to bring the memory to the same state. It holds Store.writing throughout, so
// fn may read without State.Mu whatever apply functions change.
//
// The memory is of the state that fn sees: where other nodes have committed, it is brought there
// first. fn may be run more than once, and leaves nothing behind but what it sets anew each
// time. Its error is returned as it is, and nothing is written; kv.ErrNothing is no
// error to the caller. When the commit fails and certainly left nothing behind,
// as on a full disk, the answer is an Unavailable Fault and the store goes on.
// When that is not certain the store is broken for good: only what a new start
// reads from the disk is true. On an engine that several nodes share the next transaction tells,
// and the store goes on. what names the write in these errors.
func (s *Store) update(what string, fn func(kv.Tx) error, apply func()) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.Err(); err != nil {
		return err
	}
	if lost := s.lost.Load(); lost != nil {
		return *lost
	}
	var version uint64
	var begun time.Time
	err := s.located(s.db.Update(func(tx kv.Tx) error {
		begun = time.Now()
		if version = tx.Version(); version != s.mem.Version {
			if err := s.catchUp(tx); err != nil {
				return err
			}
		}
		return fn(tx)
	}))
	switch {
	case errors.Is(err, kv.ErrForked):
		return s.forked(err)
	case errors.Is(err, kv.ErrNothing):
		s.durable.Store(s.mem.Tail.Next())
		return nil
	case errors.Is(err, kv.ErrAbsent):
		err = absent(what, err)
		s.confirmation.refused(err)
		return err
	case errors.Is(err, kv.ErrUnknown) && s.db.Shared():
		err = unknown(what, err) // what is there is taken in as if another node had written it
		s.confirmation.refused(err)
		return err
	case errors.Is(err, kv.ErrUnknown):
		return s.breakOff(what, err)
	case err != nil:
		return closed(err)
	}
	s.mem.Mu.Lock()
	defer s.mem.Mu.Unlock()
	apply()
	s.mem.Version = version + 1
	s.durable.Store(s.mem.Tail.Next())
	s.confirmation.confirmed(begun)
	return nil
}

func absent(what string, cause error) error {
	message := "the log cannot write now; nothing was stored"
	switch {
	case errors.Is(cause, syscall.ENOSPC):
		message = "the disk is full; nothing was stored"
	case errors.Is(cause, kv.ErrUnavailable):
		message = "the log cannot reach its database now; nothing was stored"
	}
	return fmt.Errorf("commit %s: %w: %w", what, audit.Errorf(audit.Unavailable, "%s", message), cause)
}

func unknown(what string, cause error) error {
	return fmt.Errorf("commit %s: %w: %w", what, audit.Errorf(audit.Unavailable,
		"the database did not answer: it is not known whether it has stored this"), cause)
}

func (s *Store) breakOff(what string, cause error) error {
	err := fmt.Errorf("commit %s: %w: %w", what, audit.Errorf(audit.Unavailable,
		"the log does not know whether its last commit is on disk and must be started again"), cause)
	s.fail(err)
	return err
}
