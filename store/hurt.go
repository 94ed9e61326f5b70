package store

import (
	"fmt"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// hurt is what of the small things that a store keeps in memory could not be read when it was
// opened: rows of the tail, records of projects. Such a log is read and not written, for what
// it would go on from is not known; and its answers say that something may be missing.
type hurt struct {
	errs []error
	gaps []audit.Gap
	// tail is set where rows of it are missing, end where it is not known what its last ones are.
	tail, end bool
	noted     bool // the last that around came to was damaged
}

// note notes damage, and reports false of any other error.
func (h *hurt) note(err error) bool {
	if err == nil || !blocks.IsDamage(err) {
		return false
	}
	h.errs, h.noted = append(h.errs, err), true
	return true
}

// around calls fn with the rows of a bucket, and notes what is damaged: pages, and rows of
// which fn says so.
func (h *hurt) around(tx kv.Tx, bucket string, prefix []byte, fn func(k, v []byte) error) error {
	h.noted = false
	c := tx.Bucket(bucket).Cursor()
	if tx.Err() != nil {
		return tx.Err() // all of it
	}
	for k, v := c.Seek(prefix); ; k, v = c.Next() {
		for k == nil {
			hidden := tx.Pass()
			if hidden == nil {
				return tx.Err()
			}
			h.note(hidden)
			k, v = c.Past(hidden, false)
		}
		if len(k) < len(prefix) || string(k[:len(prefix)]) != string(prefix) {
			return nil
		}
		h.noted = false
		if err := fn(k, v); err != nil && !h.note(err) {
			return err
		}
	}
}

// projects notes that there may be projects which nobody knows of.
func (h *hurt) projects(before int) {
	if len(h.errs) > before {
		h.gaps = append(h.gaps, audit.Gap{AtLeast: true})
	}
}

// skipped notes that entries of the tail cannot be read, whose projects are not known: up to
// before an id, or to the end where that is 0.
func (h *hurt) skipped(first, before int64) {
	h.tail, h.end = true, before == 0
	g := audit.Gap{FirstID: first, LastID: before - 1, Entries: before - first}
	if before == 0 {
		g = audit.Gap{FirstID: first, LastID: first, AtLeast: true}
	}
	h.gaps = append(h.gaps, g)
}

// settleHurt stops a log from being written whose small things are damaged.
func (s *Store) settleHurt() {
	if len(s.hurt.errs) == 0 {
		return
	}
	err := s.unreadable()
	s.lost.Store(&err)
	s.opts.Report(err)
}

// unreadable is the error of what is not known because of damage.
func (s *Store) unreadable() error {
	fault := audit.Errorf(audit.Unavailable, "the log is damaged where it cannot be gone on from: it is read, and takes nothing, until auditlog repair has mended it")
	return fmt.Errorf("%w: %w", fault, s.located(s.hurt.errs[0]))
}

// missed returns err, or that of the damage because of which it may be wrong that something is
// not there.
func (s *Store) missed(err error) error {
	if audit.KindOf(err) == audit.NotFound && len(s.hurt.errs) > 0 {
		return s.unreadable()
	}
	return err
}

// tailKey returns the id that a row of the tail begins with.
func tailKey(k []byte) (first int64, err error) {
	if len(k) != 8 {
		return 0, format.ErrCorrupt
	}
	return int64(format.ReadUint64(k)), nil
}
