package store

import (
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
)

// passed returns how much time the log has seen pass in its life: that in which it was open.
// Clocks are set and are wrong, so graces are counted in this: no reading of one can end them.
func (s *Store) passed() time.Duration { return s.passedBefore + s.opts.Open() }

// Pass keeps how much time has passed, if a project waits for its purge.
func (s *Store) Pass() error {
	if len(s.Purges()) == 0 {
		return nil
	}
	return s.update("time that passed", s.putPassed, func() {})
}

func (s *Store) putPassed(tx kv.Tx) error {
	return tx.Bucket(format.Meta).Put(format.MetaPassed, format.Uint64(uint64(s.passed())))
}

// Purges returns the name of every deleted project that is not held, with how long it is
// until its purge begins, which is not above zero where that is due; of those that are known while
// the database cannot be read.
func (s *Store) Purges() map[string]time.Duration {
	_ = s.Fresh()
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	purges := make(map[string]time.Duration)
	for _, p := range s.mem.Projects {
		if p.Rec.State == audit.Deleting && p.Rec.Hold == nil || p.Rec.State == audit.Purging {
			purges[p.Name] = p.Rec.PurgeAfter - s.passed()
		}
	}
	return purges
}

// info returns the public view of p: the purge of a deleted project at the time at which it is
// to be expected by now. The caller holds State.Mu.
func (s *Store) info(p *memory.Project) audit.Project {
	info := p.Info()
	info.Damaged = len(s.mem.Hurt.Errs) > 0 || s.sealer.IsAside(p)
	if p.Rec.State != audit.Deleting {
		return info
	}
	info.Deletion = life.Expected(info.Deletion, s.opts.Now().Add(p.Rec.PurgeAfter-s.passed()))
	return info
}
