package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/memory"
	"auditlog/store/seal"
)

// setAside sets the project aside that damage keeps a seal from. It reports false of any other
// error.
func (s *Store) setAside(err error) bool {
	var of *seal.ProjectError
	if !errors.As(err, &of) || !blocks.IsDamage(err) {
		return false
	}
	err = s.located(of)
	s.mem.Mu.Lock()
	s.sealer.SetAside(of.Project, err)
	s.mem.Mu.Unlock()
	s.opts.Report(fmt.Errorf("set aside, its new entries stay in the tail: %w", err))
	return true
}

// Damaged returns what is known to be damaged and keeps something from being done, or an
// answer from being whole.
func (s *Store) Damaged() []string {
	var all []string
	for _, err := range s.db.Damages() {
		all = append(all, s.located(err).Error())
	}
	for _, err := range s.mem.Hurt.Errs {
		all = append(all, s.located(err).Error())
	}
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	for _, err := range s.sealer.Aside() {
		all = append(all, "set aside: "+err.Error())
	}
	if s.keysDamage != nil {
		all = append(all, s.keysDamage.Error())
	}
	for _, p := range s.mem.Projects {
		for i := range p.Rec.Lost {
			all = append(all, p.Rec.Lost[i].String())
		}
	}
	slices.Sort(all)
	return all
}

// unlessDamaged keeps damage of keys in mind, which then stay where they are, and returns every
// other error.
func (s *Store) unlessDamaged(err error) error {
	if !blocks.IsDamage(err) {
		return err
	}
	s.mem.Mu.Lock()
	first := s.keysDamage == nil
	s.keysDamage = err
	s.mem.Mu.Unlock()
	if first {
		s.opts.Report(err)
	}
	return nil
}

// stuck returns an error when p's entries cannot leave the tail because a project is set aside.
func (s *Store) stuck(p *memory.Project) error {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	if len(s.sealer.Aside()) == 0 || !s.mem.Tail.Has(p) {
		return nil
	}
	return audit.Errorf(audit.Unavailable, "the log is damaged where entries are to be moved to: it has to be repaired first")
}

// sealIdle is how long the sealer rests when all that is left to be sealed is set aside.
const sealIdle = time.Second

// errIdle says that a step found nothing to seal.
var errIdle = errors.New("nothing to seal")

// settleHurt stops a log from being written whose small things are damaged.
func (s *Store) settleHurt() {
	if err := s.mem.Hurt.Err(); err != nil {
		s.lost.Store(&err)
		s.opts.Report(err)
	}
}
