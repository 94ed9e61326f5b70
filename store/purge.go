package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
	"auditlog/store/purge"
	"auditlog/store/trees"
)

// PurgeStep does a bounded part of the purge of a deleted project, whatever its
// grace period; done is set when nothing of the project is left but the project.delete
// entry, as it was recorded, and an entry project.purge behind it that says what is
// gone. The pairs that earlier purges left stay as well.
//
// Each step is one transaction that also says how far the purge has come, so a
// crash between any two of them loses and repeats nothing. The first one makes
// the project invisible. It returns Conflict for a project that is not deleted.
func (s *Store) PurgeStep(ctx context.Context, name string) (done bool, err error) {
	if err := cmp.Or(ctx.Err(), s.Fresh()); err != nil {
		return false, err
	}
	s.mem.Mu.RLock()
	p := s.mem.Projects[name]
	var rec format.Project
	tail, fresh := false, 0
	if p != nil {
		// Its ids have to be in the order bucket, which forgets them first.
		rec, tail, fresh = p.Rec, s.mem.Tail.Has(p), p.Keys.Sealed()
	}
	s.mem.Mu.RUnlock()
	switch {
	case p == nil:
		return false, life.ErrNone(name)
	case rec.State == audit.Purged:
		return true, nil
	case rec.State == audit.Active:
		return false, audit.Errorf(audit.Conflict, "project %q is not deleted", name)
	case rec.State == audit.Deleting && rec.Hold != nil:
		return false, life.ErrHeld(name, rec.Hold)
	case rec.State == audit.Deleting:
		return false, s.beginPurge(ctx, p)
	case tail:
		return false, cmp.Or(s.Seal(), s.stuck(p))
	}
	s.maintenance.Lock()
	defer s.maintenance.Unlock()
	if fresh > 0 {
		return false, s.moveKeys()
	}
	step := purge.New(purge.Log{Memory: s.mem, Commits: s.commits, Blocks: s.blocks, Sizes: &s.opts.sizes}, p)
	err = s.update("purge", step.Write, func() {
		if w := step.Apply(); w != nil {
			s.apply(w)
		}
		s.sealed.broadcast()
	})
	return err == nil && step.Done(), err
}

// beginPurge closes the project for good and keeps the entries that outlive the purge:
// those that earlier purges left, and the project.delete entry.
func (s *Store) beginPurge(ctx context.Context, p *memory.Project) error {
	if err := s.opts.BeforePurge(ctx, p.Name); err != nil {
		return fmt.Errorf("before the purge of project %q: %w", p.Name, err)
	}
	s.mem.Mu.RLock()
	rec := p.Rec
	s.mem.Mu.RUnlock()
	progress := &format.Purge{Behind: s.behind(p.Name)}
	for _, k := range append(slices.Clone(rec.Kept), format.Kept{ID: rec.Deletion.EntryID}) {
		e, err := s.Get(ctx, p.Name, k.ID)
		if err != nil && s.begun(p) {
			return nil // by another
		}
		if err != nil {
			return fmt.Errorf("read an entry that outlives the purge: %w", err)
		}
		progress.Kept = append(progress.Kept, e.Clone())
	}
	deletion := rec.Deletion.EntryID
	return s.update("purge", func(tx kv.Tx) error {
		if p.Rec.State != audit.Deleting || p.Rec.Deletion.EntryID != deletion || p.Rec.Hold != nil {
			return kv.ErrNothing // restored or held in between, deleted anew, or begun by another
		}
		rec = p.Rec
		rec.State = audit.Purging
		rec.Purge = progress
		var err error
		if progress.Tree, err = trees.Drop(tx, p.ID); err != nil {
			return err
		}
		return p.Put(tx, &rec)
	}, func() {
		p.Rec = rec
		s.mem.Purging[p] = true
		s.mem.Purges++
	})
}

// begun reports whether a purge of p has begun.
func (s *Store) begun(p *memory.Project) bool {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return !p.Visible() || s.mem.Projects[p.Name] != p
}

// behind returns the sinks of a project, by name, and how far each has come.
func (s *Store) behind(project string) (behind []format.Behind) {
	if s.opts.Purging == nil {
		return nil
	}
	shipped := s.opts.Purging(project)
	for _, name := range slices.Sorted(maps.Keys(shipped)) {
		behind = append(behind, format.Behind{Sink: name, Through: shipped[name]})
	}
	return behind
}
