// Package hurt is what is known of damage to the small things that a store reads when it is opened:
// the projects' records, the tail, what has been used. It reads around it, and says what may be
// missing. What follows from that, package store decides.
package hurt

import (
	"fmt"
	"strings"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/kv"
)

// Hurt is what of the small things that a store keeps in memory could not be read when it was
// opened: rows of the tail, records of projects. Such a log is read and not written, for what
// it would go on from is not known; and its answers say that something may be missing.
type Hurt struct {
	// Name is the database's.
	Name string
	// Errs say what is damaged, Gaps what answers may lack because of it.
	Errs []error
	Gaps []audit.Gap
	// Tail is set where rows of the tail are missing, End where it is not known what its last ones are.
	Tail, End bool
	// Noted says that the last that Around came to was damaged.
	Noted bool
}

// Note notes damage, and reports false of any other error.
func (h *Hurt) Note(err error) bool {
	if err == nil || !blocks.IsDamage(err) {
		return false
	}
	h.Errs, h.Noted = append(h.Errs, err), true
	return true
}

// Around calls fn with the rows of a bucket, and notes what is damaged: pages, and rows of
// which fn says so.
func (h *Hurt) Around(tx kv.Tx, bucket string, prefix []byte, fn func(k, v []byte) error) error {
	h.Noted = false
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
			h.Note(hidden)
			k, v = c.Past(hidden, false)
		}
		if len(k) < len(prefix) || string(k[:len(prefix)]) != string(prefix) {
			return nil
		}
		h.Noted = false
		if err := fn(k, v); err != nil && !h.Note(err) {
			return err
		}
	}
}

// Projects notes that there may be projects which nobody knows of.
func (h *Hurt) Projects(before int) {
	if len(h.Errs) > before {
		h.Gaps = append(h.Gaps, audit.Gap{AtLeast: true})
	}
}

// Skipped notes that entries of the tail cannot be read, whose projects are not known: up to
// before an id, or to the end where that is 0.
func (h *Hurt) Skipped(first, before int64) {
	h.Tail, h.End = true, before == 0
	g := audit.Gap{FirstID: first, LastID: before - 1, Entries: before - first}
	if before == 0 {
		g = audit.Gap{FirstID: first, LastID: first, AtLeast: true}
	}
	h.Gaps = append(h.Gaps, g)
}

// Err returns the error of what is not known because of damage, nil where nothing is damaged.
func (h *Hurt) Err() error {
	if len(h.Errs) == 0 {
		return nil
	}
	fault := audit.Errorf(audit.Unavailable, "the log is damaged where it cannot be gone on from: it is read, and takes nothing, until auditlog repair has mended it")
	return fmt.Errorf("%w: %w", fault, h.Located(h.Errs[0]))
}

// Located says of damage in which database it is.
func (h *Hurt) Located(err error) error {
	if err != nil && blocks.IsDamage(err) && !strings.Contains(err.Error(), h.Name) {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	return err
}

// Missed returns err, or that of the damage because of which it may be wrong that something is
// not there.
func (h *Hurt) Missed(err error) error {
	if audit.KindOf(err) == audit.NotFound && len(h.Errs) > 0 {
		return h.Err()
	}
	return err
}
