package store

import (
	"context"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Get returns one entry of a project, or a NotFound Fault. The entry must not be
// changed.
func (s *Store) Get(ctx context.Context, project string, id int64) (*audit.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	t := s.recent.get(id)
	p := s.projects[project]
	visible, rec := p.visible(), p.record()
	s.mu.RUnlock()
	e := t.entry
	if visible && e == nil && id > 0 && (t.owner == nil || t.owner == p) {
		var err error
		if e, err = s.sealedEntry(p, &rec, id, t.seq); err != nil {
			return nil, err
		}
		t.owner = p
	}
	if !visible || e == nil || t.owner != p {
		return nil, audit.Errorf(audit.NotFound, "entry %d not found in project %q", id, project)
	}
	return e, nil
}

// sealedEntry returns the entry of p with id from its block, or nil. rec is p's record
// of now or before. The seq is 0 where it is not known, and the order bucket tells it.
func (s *Store) sealedEntry(p *project, rec *format.Project, id, seq int64) (*audit.Entry, error) {
	var e *audit.Entry
	err := s.read(func(tx kv.Tx) error {
		if seq == 0 {
			o, err := blocks.OwnerOf(tx, id)
			if err != nil || o.Project != p.id {
				return err
			}
			seq = o.Seq
		}
		q := blocks.NewSequence(tx, rec)
		at, ok, err := q.At(seq)
		if err == nil && (!ok || at.ID != id) {
			err = q.Missing(seq)
		}
		if err != nil {
			return s.unlessPurged(tx, p, err)
		}
		b, row, err := s.blocks.Locate(tx, p.id, at)
		if err != nil {
			return err
		}
		e, err = b.Entry(row, p.name)
		return err
	})
	return e, err
}
