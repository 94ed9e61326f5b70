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
	visible, rec := p.visible(), p.record()
	s.mu.RUnlock()
	if visible && e == nil && id > 0 {
		var err error
		if e, err = s.sealedEntry(p, &rec, id); err != nil {
			return nil, err
		}
		owner = p
	}
	if !visible || e == nil || owner != p {
		return nil, audit.Errorf(audit.NotFound, "entry %d not found in project %q", id, project)
	}
	return e, nil
}

// sealedEntry returns the entry of p with id from its block, or nil. rec is p's record
// of now or before.
func (s *Store) sealedEntry(p *project, rec *projectRecord, id int64) (*audit.Entry, error) {
	var e *audit.Entry
	err := s.read(func(tx kv.Tx) error {
		o, err := ownerOf(tx, id)
		if err != nil || o.project != p.id {
			return err
		}
		q := newSequence(tx, rec)
		at, ok, err := q.at(o.seq)
		if err == nil && (!ok || at.id != id) {
			err = q.missing(o.seq)
		}
		if err != nil {
			return err
		}
		e, err = s.entryAt(tx, p, at)
		return err
	})
	return e, err
}

// entryAt returns the entry of p that lies at a place.
func (s *Store) entryAt(tx kv.Tx, p *project, at place) (*audit.Entry, error) {
	from, to := at.bounds()
	c := newBlockCursor(tx, p.id)
	ok, err := c.before(audit.Position{At: to})
	for ; ok && err == nil; ok, err = c.prev() {
		last, least, greatest := block.Bounds(c.value)
		if last < from {
			break
		}
		if at.id < least || at.id > greatest {
			continue // of the many blocks of a busy second only a few are opened
		}
		b, err := s.openBlock(c.key, c.value)
		if err != nil {
			return nil, err
		}
		if row, ok := b.FindID(at.id); ok {
			return b.Entry(row, p.name)
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("entry %d of project %q: %w: not in the block that it belongs to", at.id, p.name, errCorrupt)
}

// sealedSince returns entries of p with an id above after from its blocks, in the order
// of their seqs. rec is p's record of now or before; what was sealed since is left out.
func (s *Store) sealedSince(ctx context.Context, p *project, rec *projectRecord, after int64, limit int) ([]*audit.Entry, error) {
	var entries []*audit.Entry
	err := s.read(func(tx kv.Tx) error {
		entries = nil
		q := newSequence(tx, rec)
		seq, err := q.behind(after, rec.Seq)
		if err != nil {
			return s.unlessPurged(tx, p, err)
		}
		for seq = q.next(seq, rec.Seq); seq <= rec.Seq && len(entries) < limit; seq = q.next(seq, rec.Seq) {
			if err := ctx.Err(); err != nil {
				return err
			}
			at, ok, err := q.at(seq)
			if err == nil && !ok {
				err = q.missing(seq)
			}
			if err != nil {
				return s.unlessPurged(tx, p, err)
			}
			e, err := s.entryAt(tx, p, at)
			if err != nil {
				return s.unlessPurged(tx, p, err)
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// unlessPurged returns err, or nil if what is missing was purged since p was looked up.
func (s *Store) unlessPurged(tx kv.Tx, p *project, err error) error {
	rec, readErr := readProject(tx, p.name)
	if readErr != nil {
		return readErr
	}
	if rec == nil || rec.ID != p.id || rec.State == audit.Purging {
		return nil
	}
	return err
}
