package store

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/kv"
	"auditlog/store/queue"
	"auditlog/store/seal"
)

// sealLoop is the sealer: it moves entries of the tail into blocks when there are many, or
// old ones. Its owner is Open, its end Close.
func (s *Store) sealLoop() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	left := false // by a seal that is due and has room for no more in its step
	var until int64
	var untold error
	for s.closing.Err() == nil {
		s.mem.Mu.Lock()
		wait, ch, stepwise, merging := s.sealer.Wait(), s.committed.wait(), s.sealer.Stepwise() > 0, s.sealer.Merging() > 0
		quiet := s.sealer.QuietIn(s.mem.BlockSeq)
		if wait <= 0 && !left {
			until = s.sealer.Until()
		}
		s.mem.Mu.Unlock()
		due := left || stepwise || wait <= 0
		if s.Paused() != nil {
			merging, quiet = false, time.Hour
		}
		if rest := s.othersTurn(); rest > 0 && (due || merging || quiet <= 0) {
			wait, ch = rest, nil
		} else if due || merging {
			var err error
			if left, err = s.sealStep(until, due); errors.Is(err, errIdle) {
				wait, ch = sealIdle, nil // what is left is set aside
			} else if s.noteSeal(err) {
				continue
			} else {
				wait, ch = sealRetry, nil
			}
		} else if quiet <= 0 {
			untold = s.tellQuiet(untold)
			continue
		}
		if quiet > 0 {
			wait = min(wait, quiet)
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-ch:
		case <-s.closing.Done():
		}
	}
}

// sealRetry is how long the sealer waits after a failure: a full disk may have
// room again then.
const sealRetry = time.Second

// noteSeal keeps how the last seal ended, for recording to know, and reports a
// failure once, not at each further try. Those who wait for room are refused then.
func (s *Store) noteSeal(err error) (ok bool) {
	s.mem.Mu.Lock()
	before := s.sealErr
	s.sealErr = err
	s.sealed.broadcast()
	s.mem.Mu.Unlock()
	if err == nil {
		return true
	}
	s.reportOnce("move entries into blocks", before, err)
	for _, it := range s.queue.TakeHeld() {
		it.Value.err = errNoRoom(err)
		close(it.Value.done)
	}
	return false
}

// reportOnce reports why the sealer could not do something, unless that is why it could not before, or
// that the log is being closed.
func (s *Store) reportOnce(what string, before, err error) {
	if (before == nil || before.Error() != err.Error()) && s.closing.Err() == nil {
		s.opts.Report(fmt.Errorf("%s: %w", what, err))
	}
}

// Seal moves the whole tail, as it is now, into blocks. Recording goes on meanwhile but for
// the moments of its short transactions.
//
// A crash before a transaction leaves the tail as it was, after it the blocks.
func (s *Store) Seal() error {
	if err := cmp.Or(s.Paused(), s.Fresh()); err != nil {
		return err
	}
	s.mem.Mu.RLock()
	until := s.mem.Tail.Next()
	s.mem.Mu.RUnlock()
	for {
		s.mem.Mu.RLock()
		done := s.mem.Tail.First >= until
		s.mem.Mu.RUnlock()
		if done {
			return nil
		}
		switch _, err := s.sealStep(until, true); {
		case errors.Is(err, errIdle):
			return nil // all else is set aside
		case err != nil:
			return err
		}
	}
}

// sealStep does one step of sealing, if that is due, and one of merging layers. left reports whether
// there is more to be sealed.
func (s *Store) sealStep(until int64, due bool) (left bool, err error) {
	s.maintenance.Lock()
	defer s.maintenance.Unlock()
	if due {
		left, err = s.sealSome(until)
	}
	if err != nil && !errors.Is(err, errIdle) {
		return left, err
	}
	merged, failed := s.mergeStep()
	if failed != nil {
		return left, failed
	}
	if merged { // which may be what a seal waits for
		err = nil
	}
	return left, err
}

// mergeStep does one step of the merging of layers, if there is one to be done.
func (s *Store) mergeStep() (merged bool, err error) {
	s.mem.Mu.RLock()
	step := s.sealer.ChooseMerge(s.mem.BlockSeq)
	s.mem.Mu.RUnlock()
	if step == nil {
		return false, nil
	}
	err = s.read(step.Plan)
	if err == nil && step.Idle() {
		s.mem.Mu.Lock()
		defer s.mem.Mu.Unlock()
		step.Drop()
		return false, nil
	}
	if err == nil {
		err = s.update("merge layers", s.unlessStale(step.Seq(), step.Write), func() {
			s.mem.BlockSeq = step.Apply()
			s.sealed.broadcast()
		})
	}
	if errors.Is(err, errStale) {
		return true, nil
	}
	var of *seal.ProjectError
	if errors.As(err, &of) && blocks.IsDamage(err) {
		err = s.located(of)
		s.mem.Mu.Lock()
		s.sealer.LeaveLayers(of.Project, err)
		s.mem.Mu.Unlock()
		s.opts.Report(fmt.Errorf("late entries stay in layers of their own: %w", err))
		return true, nil
	}
	return err == nil, err
}

// tellQuiet does one step of telling followers of small blocks that are quiet. It returns why it
// failed, and reports that unless it is what it failed for before.
func (s *Store) tellQuiet(before error) error {
	s.maintenance.Lock()
	defer s.maintenance.Unlock()
	began := time.Now()
	s.mem.Mu.RLock()
	step := s.sealer.ChooseQuiet(s.mem.BlockSeq)
	s.mem.Mu.RUnlock()
	err := s.read(step.Plan)
	if err == nil && !step.Idle() {
		err = s.update("tell of quiet blocks", s.unlessStale(step.Seq(), step.Write), func() {
			s.mem.BlockSeq = step.Newest()
			s.sealed.broadcast()
		})
	}
	s.mem.Mu.Lock()
	step.End(err != nil, time.Since(began))
	s.mem.Mu.Unlock()
	if err == nil || errors.Is(err, errStale) {
		return nil
	}
	s.reportOnce("tell of quiet blocks", before, err)
	return err
}

// sealSome does one step of sealing: of projects that are in the midst of a seal it takes one
// further, and it seals those that fill a block and those with an entry below the id until, as
// many as fit into the step. left reports whether there are more of these.
//
// A project whose entries are scattered over many blocks is sealed in several steps, in
// which the others have their turns. Its record says how far it has come.
func (s *Store) sealSome(until int64) (left bool, err error) {
	for {
		s.mem.Mu.RLock()
		step, aside := s.sealer.Choose(until, s.mem.BlockSeq), len(s.sealer.Aside())
		s.mem.Mu.RUnlock()
		if step == nil && aside > 0 {
			return false, errIdle
		}
		if step == nil {
			return false, nil
		}
		left, err = s.seal(step)
		switch {
		case errors.Is(err, errStale):
			return true, nil
		case err == nil:
			return left, s.unlessDamaged(s.tidyKeys())
		case !s.setAside(err):
			return false, err
		}
	}
}

// unlessStale returns write, refused with errStale where blocks have changed since the newest had the
// sequence seq: another node has.
func (s *Store) unlessStale(seq uint64, write func(kv.Tx) error) func(kv.Tx) error {
	return func(tx kv.Tx) error {
		if seq != s.mem.BlockSeq {
			return errStale
		}
		return write(tx)
	}
}

// seal does a step.
func (s *Store) seal(step *seal.Step) (left bool, err error) {
	err = s.read(func(tx kv.Tx) (err error) {
		left, err = step.Plan(tx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("seal: %w", err)
	}
	return left, s.update("seal", s.unlessStale(step.Seq(), step.Write), func() {
		var freed queue.Shares
		freed, s.mem.BlockSeq = step.Apply()
		s.queue.Free(freed.Parts...)
		s.sealed.broadcast()
	})
}

// errNoRoom is the error of those who wait for a sealer that cannot go on.
func errNoRoom(cause error) error {
	return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the log cannot make room for more; nothing was stored"), cause)
}
