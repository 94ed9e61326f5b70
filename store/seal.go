package store

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/queue"
)

// maxTailBytes is the size of the tail's rows from which all of them are sealed however
// few they are.
const maxTailBytes = 16 << 20

// The tail may outgrow the rows that start a seal of full projects by these factors: the
// first until all of it is sealed, the second until recording waits for the sealer.
const (
	tailFull  = 8
	tailSlack = 16
)

// What one step of a seal rewrites at most, so that its transaction does not hold up those
// who record: a few megabytes. What one project brings is not to take it all.
const (
	stepBlocks    = 128
	stepBytes     = 4 << 20
	projectBlocks = 32
	projectBytes  = 2 << 20
	stepProjects  = 128
	stepEntries   = 16 << 10
)

// sealLoop is the sealer: it moves entries of the tail into blocks when there are many, or
// old ones. Its owner is Open, its end Close.
func (s *Store) sealLoop() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	left := false // by a seal that is due and has room for no more in its step
	var until int64
	for {
		s.mu.Lock()
		wait, ch, stepwise := s.sealWait(), s.committed.wait(), len(s.stepwise) > 0
		if wait <= 0 && !left {
			until = s.sealUntil()
		}
		s.mu.Unlock()
		if left || stepwise || wait <= 0 {
			var err error
			if left, err = s.sealStep(until); errors.Is(err, errIdle) {
				wait, ch = sealIdle, nil // what is left is set aside
			} else if s.noteSeal(err) {
				continue
			} else {
				wait, ch = sealRetry, nil
			}
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-ch:
		case <-s.closing.Done():
			return
		}
		if s.closing.Err() != nil {
			return
		}
	}
}

// sealRetry is how long the sealer waits after a failure: a full disk may have
// room again then.
const sealRetry = time.Second

// noteSeal keeps how the last seal ended, for recording to know, and reports a
// failure once, not at each further try. Those who wait for room are refused then.
func (s *Store) noteSeal(err error) (ok bool) {
	s.mu.Lock()
	before := s.sealErr
	s.sealErr = err
	s.sealed.broadcast()
	s.mu.Unlock()
	if err == nil {
		return true
	}
	if (before == nil || before.Error() != err.Error()) && s.closing.Err() == nil {
		s.opts.Report(fmt.Errorf("move entries into blocks: %w", err))
	}
	for _, it := range s.queue.TakeHeld() {
		it.Value.err = errNoRoom(err)
		close(it.Value.done)
	}
	return false
}

// sealWait returns how long the tail may still wait, 0 or less when a seal is due: of the
// projects that fill a block, or of all. What a seal takes by steps is being sealed. The
// caller holds Store.mu.
func (s *Store) sealWait() time.Duration {
	if s.unsealed() == 0 {
		return time.Hour
	}
	if s.tailPressed() {
		return 0
	}
	full := 0
	for p := range s.full {
		full += len(p.tail)
	}
	if full >= s.opts.SealRows {
		return 0
	}
	return time.Until(s.recent.since.Add(s.opts.SealAfter))
}

// unsealed returns how many entries of the tail no seal has begun with. The caller holds
// Store.mu.
func (s *Store) unsealed() int {
	n := s.recent.unsealed
	for _, l := range s.stepwise {
		n -= l.Entries
	}
	for p := range s.aside {
		n -= len(p.tail)
	}
	return n
}

// tailPressed reports whether the tail is so large that all of it is to be sealed: what is
// sealed already counts where it cannot go, since something before it is not. The caller
// holds Store.mu.
func (s *Store) tailPressed() bool {
	bytes := s.recent.bytes
	for _, l := range s.stepwise {
		bytes -= l.Bytes
	}
	if s.unsealed() >= tailFull*s.opts.SealRows {
		return true
	}
	// What is set aside stays, and has others stay: sealing more often would not make room.
	return len(s.aside) == 0 && (len(s.recent.slots) >= tailSlack*s.opts.SealRows || bytes >= min(maxTailBytes, s.opts.TailBytes/2))
}

// sealUntil returns the id below which the seal that is due seals everything: only the
// projects that fill a block are sealed where it is 0. The caller holds Store.mu.
func (s *Store) sealUntil() int64 {
	if !s.tailPressed() && time.Since(s.recent.since) < s.opts.SealAfter {
		return 0
	}
	s.recent.since = time.Now()
	return s.recent.next()
}

// fills reports whether so many entries of one project are sealed without those of others.
func (s *Store) fills(n int) bool { return n >= min(s.opts.sizes.BlockRows, s.opts.SealRows) }

// Seal moves the whole tail, as it is now, into blocks. Recording goes on meanwhile but for
// the moments of its short transactions.
//
// A crash before a transaction leaves the tail as it was, after it the blocks.
func (s *Store) Seal() error {
	s.mu.RLock()
	until := s.recent.next()
	s.mu.RUnlock()
	for {
		s.mu.RLock()
		done := s.recent.first >= until
		s.mu.RUnlock()
		if done {
			return nil
		}
		switch _, err := s.sealStep(until); {
		case errors.Is(err, errIdle):
			return nil // all else is set aside
		case err != nil:
			return err
		}
	}
}

// sealStep does one step of sealing: of projects that are in the midst of a seal it takes one
// further, and it seals those that fill a block and those with an entry below the id until, as
// many as fit into the step. left reports whether there are more of these.
//
// A project whose entries are scattered over many blocks is sealed in several steps, in
// which the others have their turns. Its record says how far it has come.
func (s *Store) sealStep(until int64) (left bool, err error) {
	s.maintenance.Lock()
	defer s.maintenance.Unlock()
	for {
		w := &sealWriter{seq: s.BlockSeq()}
		waiting := w.choose(s, until)
		if len(waiting) == 0 {
			return false, errIdle
		}
		if left, err = w.plan(s, waiting); err != nil {
			err = fmt.Errorf("seal: %w", err)
		} else {
			err = s.update("seal", w.write(s), func() { w.apply(s) })
		}
		switch {
		case err == nil:
			return left, s.unlessDamaged(s.tidyKeys())
		case !s.setAside(err):
			return false, err
		}
	}
}

// choose takes the tail as it is, and returns those of whom something is to be sealed, in
// the order of their turns.
func (w *sealWriter) choose(s *Store, until int64) []*projectPlan {
	s.mu.RLock()
	defer s.mu.RUnlock()
	w.tail = s.recent
	var fresh, begun []*projectPlan
	for p := range s.toSeal(until) {
		plan := newProjectPlan(p)
		if plan.rec.Sealing != nil {
			begun = append(begun, plan)
		} else {
			fresh = append(fresh, plan)
		}
	}
	byTurn(fresh, s.lastFresh)
	byTurn(begun, s.lastBegun)
	return append(begun[:min(len(begun), 1)], fresh...)
}

// toSeal returns the projects of which a step could seal something. The caller holds
// Store.mu.
func (s *Store) toSeal(until int64) map[*project]bool {
	projects := maps.Clone(s.full)
	for p := range s.stepwise {
		projects[p] = true
	}
	for i := range s.recent.slots[:max(0, min(until, s.recent.next())-s.recent.first)] {
		if t := &s.recent.slots[i]; t.entry != nil {
			projects[t.owner] = true
		}
	}
	for p := range s.aside {
		delete(projects, p)
	}
	return projects
}

// byTurn sorts plans by the number of their projects, those first whose number is above
// that of the last project that had its turn.
func byTurn(plans []*projectPlan, last *project) {
	behind := func(p *project) int {
		if last != nil && p.id > last.id {
			return 0
		}
		return 1
	}
	slices.SortFunc(plans, func(a, b *projectPlan) int {
		return cmp.Or(cmp.Compare(behind(a.project), behind(b.project)), cmp.Compare(a.project.id, b.project.id))
	})
}

// newProjectPlan returns the plan of what of p is to be sealed: its whole tail, or what
// is left of a seal that was begun. The caller holds Store.mu.
func newProjectPlan(p *project) *projectPlan {
	plan := &projectPlan{project: p, rec: p.rec, seq: p.lastSeq()}
	if p.rec.Sealing != nil {
		plan.seq = p.rec.Sealing.Seq
	}
	for _, e := range p.tail {
		if e.Seq > plan.seq {
			continue
		}
		plan.all = append(plan.all, e)
		if !plan.rec.Sealed(e.Seq, e.Position()) {
			plan.left = append(plan.left, e)
		}
	}
	return plan
}

// loadOf returns how much of p, up to a seq, is in the tail. The caller holds Store.mu.
func (s *Store) loadOf(p *project, seq int64) (l queue.Load) {
	for i := range s.recent.slots {
		if t := &s.recent.slots[i]; t.owner == p && t.entry != nil && t.seq <= seq {
			l.Add(queue.Load{Entries: 1, Bytes: t.size})
		}
	}
	return l
}

// errNoRoom is the error of those who wait for a sealer that cannot go on.
func errNoRoom(cause error) error {
	return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the log cannot make room for more; nothing was stored"), cause)
}
