package store

import (
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/block"
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
			r := orderReader{s: s, tx: tx, of: of, through: max(id, 0)}
			err = r.read(ctx, tail.first, limit)
			entries, through = r.entries, r.through
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

// orderReader reads sealed entries in commit order.
type orderReader struct {
	s       *Store
	tx      kv.Tx
	of      func(format.ProjectID) *project
	entries []*audit.Entry
	through int64 // up to where they have been read
	// open holds the block of each project that was read last: what follows of the
	// project mostly is in there, too.
	open map[format.ProjectID]*block.Block
}

// openBlocks bounds the blocks that one reader holds.
const openBlocks = 64

// read reads on until it has limit entries or reaches the id before.
func (r *orderReader) read(ctx context.Context, before int64, limit int) error {
	r.open = make(map[format.ProjectID]*block.Block)
	for r.through+1 < before && len(r.entries) < limit {
		if err := ctx.Err(); err != nil {
			return err
		}
		key, index := format.OrderKey(r.through + 1)
		places, err := readOrder(r.tx, key)
		if err != nil {
			return err
		}
		if index >= len(places) {
			return fmt.Errorf("order %x: %w: entry %d is missing", key, format.ErrCorrupt, r.through+1)
		}
		for ; index < len(places) && r.through+1 < before && len(r.entries) < limit; index++ {
			if err := r.add(r.through+1, places[index]); err != nil {
				return err
			}
			r.through++
		}
	}
	return nil
}

// add adds the entry with an id, unless it was purged or nobody asked for it.
func (r *orderReader) add(id int64, at format.Place) error {
	if at.Project == 0 {
		return nil
	}
	p := r.of(at.Project)
	if p == nil {
		return nil
	}
	b := r.open[p.id]
	row, ok := 0, false
	if b != nil {
		row, ok = b.FindID(id)
	}
	if !ok {
		var err error
		if b, row, err = r.s.blockOf(r.tx, p, id, at); err != nil {
			return err
		}
		if len(r.open) >= openBlocks {
			clear(r.open)
		}
		r.open[p.id] = b
	}
	e, err := b.Entry(row, p.name)
	if err != nil {
		return err
	}
	r.entries = append(r.entries, e)
	return nil
}
