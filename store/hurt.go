package store

import (
	"fmt"

	"auditlog/audit"
)

// settleHurt stops a log from being written whose small things are damaged.
func (s *Store) settleHurt() {
	if len(s.hurt.Errs) == 0 {
		return
	}
	err := s.unreadable()
	s.lost.Store(&err)
	s.opts.Report(err)
}

// unreadable is the error of what is not known because of damage.
func (s *Store) unreadable() error {
	fault := audit.Errorf(audit.Unavailable, "the log is damaged where it cannot be gone on from: it is read, and takes nothing, until auditlog repair has mended it")
	return fmt.Errorf("%w: %w", fault, s.located(s.hurt.Errs[0]))
}

// missed returns err, or that of the damage because of which it may be wrong that something is
// not there.
func (s *Store) missed(err error) error {
	if audit.KindOf(err) == audit.NotFound && len(s.hurt.Errs) > 0 {
		return s.unreadable()
	}
	return err
}
