package store

import (
	"context"
	"time"

	"auditlog/audit"
	"auditlog/store/commit"
	"auditlog/store/format"
	"auditlog/store/life"
)

// Delete closes a project to recording and sets the time of its purge, or has the
// order wait to be approved, together with the project.delete entry that tells of it.
//
// It returns NotFound for a project that is not there or purged already, Conflict
// for one that is deleted already, being purged or held.
func (s *Store) Delete(ctx context.Context, name string, entry *audit.Entry, order audit.DeletionOrder) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(w *commit.Writer, rec *format.Project) error {
		return life.Delete(rec, name, w.Order(entry), order)
	})
}

// Approve lets a pending order take effect, together with the project.approve entry:
// the one whose entry has the id order.
//
// It returns NotFound for a project that is not there, Conflict where that order is not
// pending or the project is held.
func (s *Store) Approve(ctx context.Context, name string, entry *audit.Entry, order int64, grace time.Duration) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(w *commit.Writer, rec *format.Project) error {
		return life.Approve(rec, name, w.Order(entry), order, grace)
	})
}

// Restore takes a deletion back, or an order for one, together with the project.restore
// entry.
//
// It returns NotFound for a project that is not there, Conflict for one that is
// not deleted or whose purge has begun.
func (s *Store) Restore(ctx context.Context, name string, entry *audit.Entry) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(_ *commit.Writer, rec *format.Project) error { return life.Restore(rec, name) })
}

// Hold keeps a project from being deleted, and from being purged if it is deleted
// already, together with the project.hold entry.
//
// It returns NotFound for a project that is not there or purged already, Conflict for
// one that is held or being purged.
func (s *Store) Hold(ctx context.Context, name string, entry *audit.Entry, reason string) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(w *commit.Writer, rec *format.Project) error {
		return life.Hold(rec, name, w.Order(entry), reason)
	})
}

// ReleaseHold ends a hold, together with the project.release entry.
//
// It returns NotFound for a project that is not there, Conflict for one that is not held.
func (s *Store) ReleaseHold(ctx context.Context, name string, entry *audit.Entry) (audit.Project, error) {
	return s.changeProject(ctx, name, entry, func(_ *commit.Writer, rec *format.Project) error { return life.Release(rec, name) })
}

// Create makes a project, or has one that was purged begin anew, together with the
// project.create entry. It returns Conflict for one that is there, and Invalid for a name that no new
// one may have.
func (s *Store) Create(ctx context.Context, name string, entry *audit.Entry) (audit.Project, error) {
	sub, err := s.prepareOwn(name, entry)
	if err != nil {
		return audit.Project{}, err
	}
	sub.Change = func(w *commit.Writer) error { return w.Create(name) }
	return s.sendChange(ctx, name, sub)
}

// changeProject commits an entry of a project and a change of the project's
// record in one transaction, unless decide refuses, and returns the project as it is
// then.
func (s *Store) changeProject(
	ctx context.Context, name string, entry *audit.Entry, decide func(*commit.Writer, *format.Project) error,
) (audit.Project, error) {
	sub, err := s.prepareOwn(name, entry)
	if err != nil {
		return audit.Project{}, err
	}
	sub.Change = func(w *commit.Writer) error {
		if err := w.Change(name, func(rec *format.Project) error { return decide(w, rec) }); err != nil {
			return err
		}
		return s.putPassed(w.Tx)
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
	sub.AnyState, sub.Lasting, sub.item.First = true, true, true
	return sub, nil
}

func (s *Store) sendChange(ctx context.Context, name string, sub *submission) (audit.Project, error) {
	if err := s.send(ctx, sub); err != nil {
		return audit.Project{}, err
	}
	return s.project(name)
}
