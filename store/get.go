package store

import (
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/block"
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
		if err != nil || !ok || at.project != p.id {
			return err
		}
		e, err = s.entryAt(tx, p, id, at)
		return err
	})
	return e, err
}

// entryAt returns the entry of p with id, which the order bucket says is at a place.
func (s *Store) entryAt(tx kv.Tx, p *project, id int64, at place) (*audit.Entry, error) {
	from, to := at.bounds()
	c := newBlockCursor(tx, p.id)
	ok, err := c.before(audit.Position{At: to})
	for ; ok && err == nil; ok, err = c.prev() {
		last, least, greatest := block.Bounds(c.value)
		if last < from {
			break
		}
		if id < least || id > greatest {
			continue // of the many blocks of a busy second only a few are opened
		}
		b, err := s.openBlock(c.key, c.value)
		if err != nil {
			return nil, err
		}
		if row, ok := b.FindID(id); ok {
			return b.Entry(row, p.name)
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("entry %d of project %q: %w: not in the block that it belongs to", id, p.name, errCorrupt)
}

// sealedSince returns entries of p with an id between two others from its blocks,
// in commit order: see Since.
func (s *Store) sealedSince(ctx context.Context, p *project, after, before int64, limit int) ([]*audit.Entry, error) {
	var entries []*audit.Entry
	err := s.read(func(tx kv.Tx) error {
		for id := max(after, 0) + 1; id < before && len(entries) < limit; {
			if err := ctx.Err(); err != nil {
				return err
			}
			key, index := orderKey(id)
			places, err := readOrder(tx, key)
			if err != nil {
				return err
			}
			for ; index < len(places) && id < before && len(entries) < limit; index, id = index+1, id+1 {
				if places[index].project != p.id {
					continue
				}
				e, err := s.entryAt(tx, p, id, places[index])
				if err != nil {
					return err
				}
				entries = append(entries, e)
			}
			if len(places) == 0 {
				return fmt.Errorf("order %x: %w: missing", key, errCorrupt)
			}
		}
		return nil
	})
	return entries, err
}
