package store

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/blocks"
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
	s.mu.RLock()
	tail := s.recent
	s.mu.RUnlock()
	through = max(id, 0)
	if through+1 < tail.first {
		err := s.read(func(tx kv.Tx) (err error) {
			entries, through, err = s.blocks.After(ctx, tx, max(id, 0), tail.first, limit, s.visibleByID)
			return err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	for ; through+1 >= tail.first && through+1 < tail.next() && len(entries) < limit; through++ {
		t := tail.get(through + 1)
		_, rec := s.visibleByID(t.owner.id)
		if rec == nil {
			continue
		}
		e := t.entry
		if e == nil { // its seal has overtaken those of other projects
			if e, err = s.sealedEntry(t.owner, rec, through+1, t.seq); err != nil {
				return nil, 0, err
			}
		}
		if e != nil {
			entries = append(entries, e)
		}
	}
	return entries, through, nil
}

// visibleByID returns the name and record of the project with a number, or nil when there
// is none to be seen.
func (s *Store) visibleByID(id format.ProjectID) (string, *format.Project) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.byID[id]
	if !p.visible() {
		return "", nil
	}
	rec := p.record()
	return p.name, &rec
}

// AfterSeq returns entries of a project with a seq above one, in the order of seqs, at most
// limit of them. The entries must not be changed.
func (s *Store) AfterSeq(ctx context.Context, project string, seq int64, limit int) ([]*audit.Entry, error) {
	return s.afterSeq(ctx, project, limit,
		func(*blocks.Sequence, int64) (int64, error) { return seq, nil },
		func(e *audit.Entry) bool { return e.Seq > seq })
}

// Since returns entries of a project with an id above after in commit order, the
// oldest of them first, at most limit. The entries must not be changed.
func (s *Store) Since(ctx context.Context, project string, after int64, limit int) ([]*audit.Entry, error) {
	return s.afterSeq(ctx, project, limit,
		func(q *blocks.Sequence, last int64) (int64, error) { return q.Behind(after, last) },
		func(e *audit.Entry) bool { return e.ID > after })
}

// afterSeq returns entries of a project from behind a seq on, which from finds among those
// that are sealed; of the tail, those that behind holds for.
func (s *Store) afterSeq(ctx context.Context, name string, limit int, from func(q *blocks.Sequence, last int64) (int64, error),
	behind func(*audit.Entry) bool) (entries []*audit.Entry, err error) {
	s.mu.RLock()
	p, tail := s.projects[name], s.recent
	visible, rec := p.visible(), p.record()
	s.mu.RUnlock()
	if !visible {
		return nil, nil
	}
	all := false // of those that are sealed
	err = admit.Work(ctx, func(ctx context.Context) error {
		return s.read(func(tx kv.Tx) error {
			entries = nil
			seq, err := from(blocks.NewSequence(tx, &rec), rec.Seq)
			if err == nil {
				entries, all, err = s.blocks.AfterSeq(ctx, tx, &rec, name, seq, rec.Seq, limit)
			}
			return s.unlessPurged(tx, p, err)
		})
	})
	if err != nil {
		return nil, err
	}
	for _, t := range tail.slots {
		if !all || len(entries) >= limit {
			break
		}
		if t.owner == p && t.entry != nil && behind(t.entry) {
			entries = append(entries, t.entry)
		}
	}
	return entries, nil
}

// unlessPurged returns err, or nil if what is missing was purged since p was looked up.
func (s *Store) unlessPurged(tx kv.Tx, p *project, err error) error {
	if err == nil {
		return nil
	}
	rec, readErr := readProject(tx, p.name)
	if readErr != nil {
		return readErr
	}
	if rec == nil || rec.ID != p.id || rec.State == audit.Purging {
		return nil
	}
	return err
}
