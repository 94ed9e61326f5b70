package store

import (
	"context"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// After returns entries of all projects with an id above one, in commit order, at most
// limit of them, and the id up to which the caller then knows everything: what was
// purged, or is being, is left out. The entries must not be changed.
//
// As with a view, the tail is taken before the transaction begins: what is sealed
// in between is in both, and is read from one of them.
func (s *Store) After(ctx context.Context, id int64, limit int) (entries []*audit.Entry, through int64, err error) {
	return s.after(ctx, id, limit, s.visibleByID)
}

// Since returns entries of a project with an id above after in commit order, the
// oldest of them first, at most limit. The entries must not be changed.
func (s *Store) Since(ctx context.Context, name string, after int64, limit int) ([]*audit.Entry, error) {
	s.mu.RLock()
	p := s.projects[name]
	visible := p.visible()
	s.mu.RUnlock()
	if !visible {
		return nil, nil
	}
	entries, _, err := s.after(ctx, after, limit, func(id format.ProjectID) *project {
		if id != p.id {
			return nil
		}
		return p
	})
	return entries, err
}

// visibleByID returns the project with a number, or nil when there is none to be seen.
func (s *Store) visibleByID(id format.ProjectID) *project {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.byID[id]; p.visible() {
		return p
	}
	return nil
}

// after returns entries behind an id of the projects that of returns.
func (s *Store) after(ctx context.Context, id int64, limit int, of func(format.ProjectID) *project) ([]*audit.Entry, int64, error) {
	s.mu.RLock()
	tail := s.recent
	s.mu.RUnlock()
	through := max(id, 0)
	var entries []*audit.Entry
	if through+1 < tail.first {
		err := s.read(func(tx kv.Tx) (err error) {
			entries, through, err = s.blocks.After(ctx, tx, max(id, 0), tail.first, limit, func(id format.ProjectID) (string, bool) {
				if p := of(id); p != nil {
					return p.name, true
				}
				return "", false
			})
			return err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	for ; through+1 < tail.next() && len(entries) < limit; through++ {
		e, owner := tail.get(through + 1)
		if of(owner.id) == owner {
			entries = append(entries, e)
		}
	}
	return entries, through, nil
}
