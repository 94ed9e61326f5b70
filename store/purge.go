package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
	"auditlog/store/trees"
)

// How much one step of a purge does at most: a few milliseconds of writing, so
// that recording is hardly held up.
const (
	purgeOrderKeys = 128
	purgeBlocks    = 64
	purgeSpans     = 2000
	purgeKeys      = 64 // rows, of tens of kilobytes
	purgeTiles     = 64 // of 8 KiB
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
		return false, errNoProject(name)
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
	w := &purgeWriter{s: s, p: p}
	if err := s.update("purge", w.step, w.apply); err != nil {
		return false, err
	}
	return w.rec.State == audit.Purged, nil
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

// purgeWriter does one step. What it deletes, in this order: the places of the
// entries, their blocks, their keys, the tree over them, and at last the project's record,
// secret included, in whose stead an empty project of the same name begins.
type purgeWriter struct {
	s   *Store
	p   *memory.Project
	tx  kv.Tx
	rec format.Project
	seq uint64
	// fresh and commit are of the last step: the project begun anew, and its
	// project.purge entry.
	fresh  *memory.Project
	commit *commitWriter
}

func (w *purgeWriter) step(tx kv.Tx) error {
	w.tx = tx
	w.rec = w.p.Rec
	w.fresh, w.commit = nil, nil
	if w.rec.State != audit.Purging {
		return kv.ErrNothing // another has ended it
	}
	w.seq = format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaBlockSeq))
	progress := *w.rec.Purge
	progress.Behind = slices.Clone(progress.Behind)
	w.rec.Purge = &progress
	for _, part := range []func() (left bool, err error){w.order, w.blocks, w.keys, w.spans, w.tiles} {
		left, err := part()
		if err != nil {
			return fmt.Errorf("purge project %q: %w", w.p.Name, err)
		}
		if left {
			return w.p.Put(tx, &w.rec)
		}
	}
	return w.finish()
}

// order forgets where the project's entries are: whose their ids are, and their places.
func (w *purgeWriter) order() (left bool, err error) {
	return blocks.Disown(w.tx, w.p.ID, purgeOrderKeys)
}

// blocks deletes blocks and adds up what was in them.
func (w *purgeWriter) blocks() (left bool, err error) {
	writer := &blocks.Writer{Tx: w.tx, Sizes: &w.s.opts.sizes, Seq: w.seq}
	var drop []blocks.Keyed
	for _, id := range format.LayerIDs(w.p.ID) {
		if drop, err = w.some(id, drop); err != nil {
			return false, err
		}
	}
	if len(drop) == 0 {
		return false, nil
	}
	writer.Expect(&blocks.Plan{Drop: drop})
	w.rec.Late = slices.Clone(w.rec.Late)
	for _, b := range drop {
		count(w.rec.Purge, b)
		if l := w.rec.LayerAt(format.LayerOf(b.Key.Project)); l != nil {
			l.Entries -= int64(b.Rows())
		}
		if err := writer.Drop(b, true); err != nil {
			return false, err
		}
	}
	w.seq = writer.Seq
	return true, writer.Finish()
}

// some adds blocks of a layer to those that are to be deleted in one step, while there is room.
func (w *purgeWriter) some(id format.ProjectID, drop []blocks.Keyed) ([]blocks.Keyed, error) {
	c := blocks.NewCursor(w.tx, id)
	ok, err := c.First()
	for ; ok && err == nil && len(drop) < purgeBlocks; ok, err = c.Next() {
		b, err := w.s.blocks.Fresh(c.Key, c.Value)
		if err != nil {
			return nil, err
		}
		drop = append(drop, blocks.Keyed{Key: c.Key, Block: b})
	}
	return drop, err
}

// count adds a block that is deleted, but for the entries that stay.
func count(p *format.Purge, b blocks.Keyed) {
	for row, id := range b.IDs(nil) {
		p.Count(id, b.EntrySeq(row), b.CreatedAt(row))
	}
}

// keys deletes idempotency keys, which are all in runs.
func (w *purgeWriter) keys() (left bool, err error) { return w.drop(format.Keys, purgeKeys) }

// spans deletes the secondary index.
func (w *purgeWriter) spans() (left bool, err error) {
	for _, id := range format.LayerIDs(w.p.ID) {
		if left, err = w.dropOf(id, format.Spans, purgeSpans); left || err != nil {
			break
		}
	}
	return left, err
}

// tiles deletes the tree. Its root is in the project's record.
func (w *purgeWriter) tiles() (left bool, err error) { return w.drop(format.Tiles, purgeTiles) }

// drop deletes keys of a bucket that begin with the project's number, so many at most.
func (w *purgeWriter) drop(bucket string, most int) (left bool, err error) {
	return w.dropOf(w.p.ID, bucket, most)
}

// dropOf is drop of keys that begin with the id of a layer.
func (w *purgeWriter) dropOf(id format.ProjectID, bucket string, most int) (left bool, err error) {
	prefix := format.ProjectPrefix(id)
	n, err := w.tx.Bucket(bucket).DeleteRange(prefix, kv.Next(prefix), most)
	if err != nil {
		return false, fmt.Errorf("delete from %s: %w", bucket, err)
	}
	return n > 0, nil
}

// finish begins the project anew with the entries that stay, and records the
// project.purge entry behind them, in the same transaction.
func (w *purgeWriter) finish() error {
	id, err := nextProjectID(w.tx)
	if err != nil {
		return err
	}
	old := w.rec
	w.rec = format.Project{ID: id, State: audit.Purged, Incarnation: old.Incarnation + 1, Base: old.Seq + 1, Seq: old.Seq}
	if w.fresh, err = w.s.begin(w.p.Name, &w.rec); err != nil {
		return err
	}
	if err := w.tx.Bucket(format.Usages).Delete(format.ProjectUsageKey(w.p.ID)); err != nil {
		return fmt.Errorf("delete usage: %w", err)
	}
	if err := w.searches(); err != nil {
		return err
	}
	if err := w.keep(old.Purge.Kept); err != nil {
		return err
	}
	w.fresh.Rec = w.rec
	e := old.PurgeEntry()
	if err := w.record(e); err != nil {
		return err
	}
	w.rec.Kept = append(w.rec.Kept, format.KeptOf(e))
	w.fresh.Rec = w.rec
	return w.fresh.Put(w.tx, &w.rec)
}

// keep puts the entries that stay into the project that begins anew.
func (w *purgeWriter) keep(entries []*audit.Entry) error {
	for _, e := range entries {
		w.rec.Kept = append(w.rec.Kept, format.KeptOf(e))
		if err := blocks.Own(w.tx, e.ID, format.Owner{Project: w.fresh.ID, Seq: e.Seq}); err != nil {
			return err
		}
	}
	sorted := slices.SortedFunc(slices.Values(entries), blocks.ByPosition)
	w.rec.Entries = int64(len(sorted))
	w.rec.First, w.rec.Last = sorted[0].Position(), sorted[len(sorted)-1].Position()
	cursor := blocks.NewCursor(w.tx, w.fresh.ID)
	plan, _, err := w.s.blocks.PlanMerge(&w.s.opts.sizes, cursor, w.fresh.Name, sorted, blocks.Unbounded(), &w.seq)
	if err != nil {
		return err
	}
	w.rec.Extent = format.Extent{Loose: len(plan.Put)} // there are no spans yet
	writer := &blocks.Writer{Tx: w.tx, Sizes: &w.s.opts.sizes, Seq: w.seq}
	if err := writer.Write(plan); err != nil {
		return err
	}
	w.seq = writer.Seq
	return writer.Finish()
}

// record puts an entry of the log's own into the project that begins anew.
func (w *purgeWriter) record(e *audit.Entry) error {
	sub, err := w.s.prepare([]*audit.Entry{e})
	if err != nil {
		return err
	}
	w.commit = w.s.newCommitWriter(w.tx)
	if err := w.commit.append(w.fresh, e, sub.rows[0]); err != nil {
		return err
	}
	if err := w.commit.last(e); err != nil {
		return err
	}
	return w.commit.finish()
}

// apply brings the memory to the state of the step. The caller holds State.Mu.
func (w *purgeWriter) apply() {
	w.p.Rec = w.rec
	w.s.mem.BlockSeq = w.seq
	w.s.sealed.broadcast()
	if w.fresh != nil {
		w.s.mem.Projects[w.fresh.Name] = w.fresh
		delete(w.s.mem.ByID, w.p.ID)
		delete(w.s.mem.Purging, w.p)
		w.s.mem.Purges++
		w.s.keys.Purged(w.p.ID, &w.p.Rec.Keys)
		w.s.sealer.Gone(w.p)
		w.s.mem.ByID[w.fresh.ID] = w.fresh
		w.s.meter.Forget(w.fresh.Name)
		w.commit.apply()
	}
}
