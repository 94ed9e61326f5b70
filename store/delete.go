package store

import (
	"context"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
)

// Delete closes a project to recording and sets the time of its purge, together
// with the project.delete entry that tells of it: both or neither.
//
// It returns NotFound for a project that is not there or purged already, Conflict
// for one that is deleted already or being purged.
func (s *Store) Delete(ctx context.Context, name string, entry *audit.Entry, grace time.Duration) (audit.Project, error) {
	err := s.changeProject(ctx, name, entry, func(w *commitWriter, rec *format.Project) error {
		switch rec.State {
		case audit.Deleting:
			return audit.Errorf(audit.Conflict, "project %q is deleted already and will be purged at %s",
				name, rec.Deletion.PurgeAt.UTC().Format(time.RFC3339))
		case audit.Purging:
			return audit.Errorf(audit.Conflict, "project %q is being purged already", name)
		case audit.Purged:
			return audit.Errorf(audit.NotFound, "project %q was purged and not recorded to since", name)
		}
		rec.State = audit.Deleting
		rec.Deletion = &audit.Deletion{EntryID: w.next, By: entry.Actor.Email, At: w.at, PurgeAt: w.at.Add(grace)}
		return nil
	})
	if err != nil {
		return audit.Project{}, err
	}
	return s.Project(name)
}

// Restore takes a deletion back, together with the project.restore entry.
//
// It returns NotFound for a project that is not there, Conflict for one that is
// not deleted or whose purge has begun.
func (s *Store) Restore(ctx context.Context, name string, entry *audit.Entry) (audit.Project, error) {
	err := s.changeProject(ctx, name, entry, func(_ *commitWriter, rec *format.Project) error {
		switch rec.State {
		case audit.Active:
			return audit.Errorf(audit.Conflict, "project %q is not deleted", name)
		case audit.Purging:
			return audit.Errorf(audit.Conflict, "project %q is being purged and cannot be restored", name)
		case audit.Purged:
			return audit.Errorf(audit.Conflict, "project %q was purged and cannot be restored", name)
		}
		rec.State, rec.Deletion = audit.Active, nil
		return nil
	})
	if err != nil {
		return audit.Project{}, err
	}
	return s.Project(name)
}

// Purges returns every deleted project's name with the time at which its purge
// begins, or began.
func (s *Store) Purges() map[string]time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	purges := make(map[string]time.Time)
	for _, p := range s.projects {
		if p.rec.State == audit.Deleting || p.rec.State == audit.Purging {
			purges[p.name] = p.rec.Deletion.PurgeAt
		}
	}
	return purges
}

// changeProject commits an entry of a project and a change of the project's
// record in one transaction, unless decide refuses.
func (s *Store) changeProject(ctx context.Context, name string, entry *audit.Entry, decide func(*commitWriter, *format.Project) error) error {
	entry.Project, entry.Key = name, "" // no duplicate of anything
	entry.RecordedBy = audit.RecordedByLog
	sub, err := s.prepare([]*audit.Entry{entry})
	if err != nil {
		return err
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
	sub.anyState = true
	return s.send(ctx, sub)
}
