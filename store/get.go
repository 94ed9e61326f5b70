package store

import (
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/block"
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
	e, owner := s.recent.get(id)
	p := s.projects[project]
	visible := p.visible()
	s.mu.RUnlock()
	if visible && e == nil && id > 0 {
		var err error
		if e, err = s.sealedEntry(p, id); err != nil {
			return nil, err
		}
		owner = p
	}
	if !visible || e == nil || owner != p {
		return nil, audit.Errorf(audit.NotFound, "entry %d not found in project %q", id, project)
	}
	return e, nil
}

// sealedEntry returns the entry of p with id from its block, or nil.
func (s *Store) sealedEntry(p *project, id int64) (*audit.Entry, error) {
	var e *audit.Entry
	err := s.read(func(tx kv.Tx) error {
		at, ok, err := placeOf(tx, id)
		if err != nil || !ok || at.Project != p.id {
			return err
		}
		b, row, err := s.blockOf(tx, p, id, at)
		if err != nil {
			return err
		}
		e, err = b.Entry(row, p.name)
		return err
	})
	return e, err
}

// blockOf returns the block of p that holds the entry with id, which the order bucket
// says is at a place, and its row there.
func (s *Store) blockOf(tx kv.Tx, p *project, id int64, at format.Place) (b *block.Block, row int, err error) {
	from, to := at.Bounds()
	c := blocks.NewCursor(tx, p.id)
	ok, err := c.Before(audit.Position{At: to})
	for ; ok && err == nil; ok, err = c.Prev() {
		last, least, greatest := block.Bounds(c.Value)
		if last < from {
			break
		}
		if id < least || id > greatest {
			continue // of the many blocks of a busy second only a few are opened
		}
		if b, err = s.blocks.Open(c.Key, c.Value); err != nil {
			break
		}
		if row, ok := b.FindID(id); ok {
			return b, row, nil
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return nil, 0, fmt.Errorf("entry %d of project %q: %w: not in the block that it belongs to", id, p.name, format.ErrCorrupt)
}
