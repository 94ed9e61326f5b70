package store

import (
	"context"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
)

// Delete closes a project to recording and sets the time of its purge, or has the
// order wait to be approved, together with the project.delete entry that tells of it.
//
// It returns NotFound for a project that is not there or purged already, Conflict
// for one that is deleted already, being purged or held.
func (s *Store) Delete(ctx context.Context, name string, entry *audit.Entry, order audit.DeletionOrder) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(w *commitWriter, rec *format.Project) error {
		if err := undeletable(rec, name); err != nil {
			return err
		}
		rec.Deletion = &audit.Deletion{
			EntryID: w.next, By: entry.Actor.Email, At: w.at, Pending: order.Pending, Chain: order.Chain,
		}
		if order.Pending {
			return nil
		}
		rec.State, rec.Deletion.PurgeAt = audit.Deleting, w.at.Add(order.Grace)
		return nil
	})
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
		return errHeld(name, rec.Hold)
	case rec.Deletion != nil:
		return audit.Errorf(audit.Conflict, "that project %q be deleted waits to be approved already, as %s asked", name, rec.Deletion.By)
	}
	return nil
}

// Approve lets a pending order take effect, together with the project.approve entry:
// the one whose entry has the id order.
//
// It returns NotFound for a project that is not there, Conflict where that order is not
// pending or the project is held.
func (s *Store) Approve(ctx context.Context, name string, entry *audit.Entry, order int64, grace time.Duration) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(w *commitWriter, rec *format.Project) error {
		switch d := rec.Deletion; {
		case d == nil || !d.Pending || d.EntryID != order:
			return audit.Errorf(audit.Conflict, "no order to delete project %q waits to be approved", name)
		case rec.Hold != nil:
			return errHeld(name, rec.Hold)
		}
		approved := *rec.Deletion
		approved.Pending, approved.ApprovedBy, approved.PurgeAt = false, entry.Actor.Email, w.at.Add(grace)
		rec.State, rec.Deletion = audit.Deleting, &approved
		return nil
	})
}

// Restore takes a deletion back, or an order for one, together with the project.restore
// entry.
//
// It returns NotFound for a project that is not there, Conflict for one that is
// not deleted or whose purge has begun.
func (s *Store) Restore(ctx context.Context, name string, entry *audit.Entry) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(_ *commitWriter, rec *format.Project) error {
		switch {
		case rec.State == audit.Active && rec.Deletion == nil:
			return audit.Errorf(audit.Conflict, "project %q is not deleted", name)
		case rec.State == audit.Purging:
			return audit.Errorf(audit.Conflict, "project %q is being purged and cannot be restored", name)
		case rec.State == audit.Purged:
			return audit.Errorf(audit.Conflict, "project %q was purged and cannot be restored", name)
		}
		rec.State, rec.Deletion = audit.Active, nil
		return nil
	})
}

// Hold keeps a project from being deleted, and from being purged if it is deleted
// already, together with the project.hold entry.
//
// It returns NotFound for a project that is not there or purged already, Conflict for
// one that is held or being purged.
func (s *Store) Hold(ctx context.Context, name string, entry *audit.Entry, reason string) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(w *commitWriter, rec *format.Project) error {
		switch {
		case rec.Hold != nil:
			return audit.Errorf(audit.Conflict, "project %q is held already, by %s: %s", name, rec.Hold.By, rec.Hold.Reason)
		case rec.State == audit.Purging:
			return audit.Errorf(audit.Conflict, "project %q is being purged and cannot be held", name)
		case rec.State == audit.Purged:
			return audit.Errorf(audit.NotFound, "project %q was purged and not recorded to since", name)
		}
		rec.Hold = &audit.Hold{EntryID: w.next, By: entry.Actor.Email, Reason: reason, At: w.at}
		return nil
	})
}

// ReleaseHold ends a hold, together with the project.release entry.
//
// It returns NotFound for a project that is not there, Conflict for one that is not held.
func (s *Store) ReleaseHold(ctx context.Context, name string, entry *audit.Entry) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(_ *commitWriter, rec *format.Project) error {
		if rec.Hold == nil {
			return audit.Errorf(audit.Conflict, "project %q is not held", name)
		}
		rec.Hold = nil
		return nil
	})
}

func errHeld(name string, h *audit.Hold) error {
	return audit.Errorf(audit.Conflict, "project %q is held by %s and cannot be deleted until it is released: %s", name, h.By, h.Reason)
}

// Create makes a project, or has one that was purged begin anew, together with the
// project.create entry. It returns Conflict for one that is there.
func (s *Store) Create(ctx context.Context, name string, entry *audit.Entry) (audit.Project, error) {
	sub, err := s.prepareOwn(name, entry)
	if err != nil {
		return audit.Project{}, err
	}
	sub.change = func(w *commitWriter) error {
		p := w.s.projects[name]
		if p == nil && w.created[name] == nil {
			_, err := w.create(name)
			return err
		}
		if p == nil || w.record(p).State != audit.Purged {
			return audit.Errorf(audit.Conflict, "project %q is there already", name)
		}
		_, err := w.revive(p)
		return err
	}
	return s.sendChange(ctx, name, sub)
}

// Purges returns the name of every deleted project that is not held, with the time at
// which its purge begins, or began.
func (s *Store) Purges() map[string]time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	purges := make(map[string]time.Time)
	for _, p := range s.projects {
		if p.rec.State == audit.Deleting && p.rec.Hold == nil || p.rec.State == audit.Purging {
			purges[p.name] = p.rec.Deletion.PurgeAt
		}
	}
	return purges
}

// changeProject commits an entry of a project and a change of the project's
// record in one transaction, unless decide refuses, and returns the project as it is
// then.
func (s *Store) changeProject(
	ctx context.Context, name string, entry *audit.Entry, decide func(*commitWriter, *format.Project) error,
) (audit.Project, error) {
	sub, err := s.prepareOwn(name, entry)
	if err != nil {
		return audit.Project{}, err
	}
	sub.change = func(w *commitWriter) error {
		p := w.s.projects[name]
		if p == nil {
			return errNoProject(name)
		}
		rec := *w.record(p)
		if err := decide(w, &rec); err != nil {
			return err
		}
		w.changed[p] = &rec
		return p.put(w.tx, &rec)
	}
	return s.sendChange(ctx, name, sub)
}

// prepareOwn makes a submission of an entry that tells of a change of a project.
func (s *Store) prepareOwn(name string, entry *audit.Entry) (*submission, error) {
	entry.Project, entry.Key = name, "" // no duplicate of anything
	entry.RecordedBy = audit.RecordedByLog
	sub, err := s.prepare([]*audit.Entry{entry})
	if err != nil {
		return nil, err
	}
	sub.anyState, sub.lasting = true, true
	return sub, nil
}

func (s *Store) sendChange(ctx context.Context, name string, sub *submission) (audit.Project, error) {
	if err := s.send(ctx, sub); err != nil {
		return audit.Project{}, err
	}
	return s.Project(name)
}
