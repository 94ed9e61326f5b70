package store

import (
	"context"

	"auditlog/admit"
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
		err := admit.Work(ctx, func(context.Context) (err error) {
			e, err = s.sealedEntry(p, &rec, id, t.seq)
			return err
		})
		if err != nil {
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
		var err error
		if e, err = s.blocks.Entry(tx, rec, p.name, seq, id); err != nil {
			e, err = nil, s.unlessPurged(tx, p, err)
		}
		return err
	})
	return e, err
}
