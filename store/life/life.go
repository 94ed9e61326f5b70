// Package life says what may become of a project: which of its states takes what order, and
// what its record is then. It changes records that it is given and nothing else; package
// store reads and writes them, together with the entry that tells of the order.
package life

import (
	"time"

	"auditlog/audit"
	"auditlog/store/format"
)

// Order is an order about a project: the id and time of the entry that tells of it, and by
// whom it is.
type Order struct {
	EntryID int64
	At      time.Time
	By      string
	// Passed is how much time had passed in the log's life.
	Passed time.Duration
}

// Refusal returns why a project cannot be recorded to, or nil.
func Refusal(rec *format.Project, name string) error {
	switch rec.State {
	case audit.Deleting:
		return audit.Errorf(audit.Conflict, "project %q is deleted and will be purged at %s: restore it to record to it",
			name, rec.Deletion.PurgeAt.UTC().Format(time.RFC3339))
	case audit.Purging:
		return audit.Errorf(audit.Conflict, "project %q is being purged: record to it once that is done", name)
	}
	return nil
}

// Delete has a project be deleted, or wait for that to be approved.
func Delete(rec *format.Project, name string, o Order, how audit.DeletionOrder) error {
	if err := undeletable(rec, name); err != nil {
		return err
	}
	rec.Deletion = &audit.Deletion{EntryID: o.EntryID, By: o.By, At: o.At, Pending: how.Pending, Chain: how.Chain}
	if !how.Pending {
		rec.State, rec.Deletion.PurgeAt = audit.Deleting, o.At.Add(how.Grace)
		rec.PurgeAfter = o.Passed + how.Grace
	}
	return nil
}

// undeletable returns why no order to delete a project can be given, or nil.
func undeletable(rec *format.Project, name string) error {
	switch {
	case rec.State == audit.Deleting:
		return audit.Errorf(audit.Conflict, "project %q is deleted already and will be purged at %s",
			name, rec.Deletion.PurgeAt.UTC().Format(time.RFC3339))
	case rec.State == audit.Purging:
		return audit.Errorf(audit.Conflict, "project %q is being purged already", name)
	case rec.State == audit.Purged:
		return audit.Errorf(audit.NotFound, "project %q was purged and not recorded to since", name)
	case rec.Hold != nil:
		return ErrHeld(name, rec.Hold)
	case rec.Deletion != nil:
		return audit.Errorf(audit.Conflict, "that project %q be deleted waits to be approved already, as %s asked", name, rec.Deletion.By)
	}
	return nil
}

// Approve lets the pending order take effect whose entry has the id order.
func Approve(rec *format.Project, name string, o Order, order int64, grace time.Duration) error {
	switch d := rec.Deletion; {
	case d == nil || !d.Pending || d.EntryID != order:
		return audit.Errorf(audit.Conflict, "no order to delete project %q waits to be approved", name)
	case rec.Hold != nil:
		return ErrHeld(name, rec.Hold)
	}
	approved := *rec.Deletion
	approved.Pending, approved.ApprovedBy, approved.PurgeAt = false, o.By, o.At.Add(grace)
	rec.State, rec.Deletion, rec.PurgeAfter = audit.Deleting, &approved, o.Passed+grace
	return nil
}

// Restore takes a deletion back, or an order for one.
func Restore(rec *format.Project, name string) error {
	switch {
	case rec.State == audit.Active && rec.Deletion == nil:
		return audit.Errorf(audit.Conflict, "project %q is not deleted", name)
	case rec.State == audit.Purging:
		return audit.Errorf(audit.Conflict, "project %q is being purged and cannot be restored", name)
	case rec.State == audit.Purged:
		return audit.Errorf(audit.Conflict, "project %q was purged and cannot be restored", name)
	}
	rec.State, rec.Deletion, rec.PurgeAfter = audit.Active, nil, 0
	return nil
}

// Hold keeps a project from being deleted.
func Hold(rec *format.Project, name string, o Order, reason string) error {
	switch {
	case rec.Hold != nil:
		return audit.Errorf(audit.Conflict, "project %q is held already, by %s: %s", name, rec.Hold.By, rec.Hold.Reason)
	case rec.State == audit.Purging:
		return audit.Errorf(audit.Conflict, "project %q is being purged and cannot be held", name)
	case rec.State == audit.Purged:
		return audit.Errorf(audit.NotFound, "project %q was purged and not recorded to since", name)
	}
	rec.Hold = &audit.Hold{EntryID: o.EntryID, By: o.By, Reason: reason, At: o.At}
	return nil
}

// Release ends a hold.
func Release(rec *format.Project, name string) error {
	if rec.Hold == nil {
		return audit.Errorf(audit.Conflict, "project %q is not held", name)
	}
	rec.Hold = nil
	return nil
}

// ErrNone is the error of who asks for a project that is not there.
func ErrNone(name string) error {
	return audit.Errorf(audit.NotFound, "project %q not found", name)
}

// ErrHeld is the error of an order against a hold.
func ErrHeld(name string, h *audit.Hold) error {
	return audit.Errorf(audit.Conflict, "project %q is held by %s and cannot be deleted until it is released: %s", name, h.By, h.Reason)
}

// ExpectedSlack is how far the time of a purge may be off that was told with its order.
const ExpectedSlack = time.Minute

// Expected returns a deletion with the time at which its purge is to be expected by now.
func Expected(d *audit.Deletion, at time.Time) *audit.Deletion {
	if at.Sub(d.PurgeAt).Abs() <= ExpectedSlack {
		return d
	}
	moved := *d
	moved.PurgeAt = audit.Truncate(at)
	return &moved
}

// Count has a grace be counted that was given by a version which went by the clock.
func Count(rec *format.Project, passed time.Duration, now time.Time) {
	if rec.State == audit.Deleting && rec.PurgeAfter == 0 {
		rec.PurgeAfter = passed + rec.Deletion.PurgeAt.Sub(now)
	}
}
