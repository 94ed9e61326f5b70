package store

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"auditlog/audit"
	"auditlog/store/kv"
)

// How much one step of a purge does at most: a few milliseconds of writing, so
// that recording is hardly held up.
const (
	purgeOrderKeys = 128
	purgeBlocks    = 64
	purgeKeys      = 2000
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
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.RLock()
	p := s.projects[name]
	var rec projectRecord
	tail := 0
	if p != nil {
		rec, tail = p.rec, len(p.tail)
	}
	s.mu.RUnlock()
	switch {
	case p == nil:
		return false, errNoProject(name)
	case rec.State == audit.Purged:
		return true, nil
	case rec.State == audit.Active:
		return false, audit.Errorf(audit.Conflict, "project %q is not deleted", name)
	case rec.State == audit.Deleting && rec.Hold != nil:
		return false, errHeld(name, rec.Hold)
	case rec.State == audit.Deleting:
		return false, s.beginPurge(ctx, p)
	case tail > 0:
		return false, s.Seal()
	}
	s.maintenance.Lock()
	defer s.maintenance.Unlock()
	w := &purgeWriter{s: s, p: p}
	if err := s.update("purge", w.step, w.apply); err != nil {
		return false, err
	}
	return w.rec.State == audit.Purged, nil
}

// beginPurge closes the project for good and keeps the entries that outlive the purge:
// those that earlier purges left, and the project.delete entry.
func (s *Store) beginPurge(ctx context.Context, p *project) error {
	s.mu.RLock()
	rec := p.rec
	s.mu.RUnlock()
	progress := &purgeProgress{}
	for _, k := range append(slices.Clone(rec.Kept), keptEntry{ID: rec.Deletion.EntryID}) {
		e, err := s.Get(ctx, p.name, k.ID)
		if err != nil {
			return fmt.Errorf("read an entry that outlives the purge: %w", err)
		}
		progress.Kept = append(progress.Kept, e.Clone())
	}
	deletion := rec.Deletion.EntryID
	return s.update("purge", func(tx kv.Tx) error {
		if p.rec.State != audit.Deleting || p.rec.Deletion.EntryID != deletion || p.rec.Hold != nil {
			return errNothing // restored or held in between, deleted anew, or begun by another
		}
		rec = p.rec
		rec.State = audit.Purging
		rec.Purge = progress
		return p.put(tx, &rec)
	}, func() { p.rec = rec })
}

// purgeProgress is how far a purge has come.
type purgeProgress struct {
	// Kept are the entries that stay, by seq; the last one is the project.delete
	// entry that ordered the purge.
	Kept []*audit.Entry `json:"kept"`
	// Gone counts what is gone so far.
	Gone purged `json:"gone"`
}

// deletion returns the entry that ordered the purge.
func (p *purgeProgress) deletion() *audit.Entry { return p.Kept[len(p.Kept)-1] }

// keeps reports whether the entry with an id stays.
func (p *purgeProgress) keeps(id int64) bool {
	return slices.ContainsFunc(p.Kept, func(e *audit.Entry) bool { return e.ID == id })
}

// purgeWriter does one step. What it deletes, in this order: the places of the
// entries, their blocks, their keys, and at last the project's record, secret
// included, in whose stead an empty project of the same name begins.
type purgeWriter struct {
	s   *Store
	p   *project
	tx  kv.Tx
	rec projectRecord
	seq uint64
	// fresh and commit are of the last step: the project begun anew, and its
	// project.purge entry.
	fresh  *project
	commit *commitWriter
}

func (w *purgeWriter) step(tx kv.Tx) error {
	w.tx = tx
	w.rec = w.p.rec
	w.fresh, w.commit = nil, nil
	if w.rec.State != audit.Purging {
		return errNothing // another has ended it
	}
	w.seq = getU64(tx.Bucket(bucketMeta).Get(metaBlockSeq))
	progress := *w.rec.Purge
	w.rec.Purge = &progress
	for _, part := range []func() (left bool, err error){w.order, w.blocks, w.keys, w.spans} {
		left, err := part()
		if err != nil {
			return fmt.Errorf("purge project %q: %w", w.p.name, err)
		}
		if left {
			return w.p.put(tx, &w.rec)
		}
	}
	return w.finish()
}

// order forgets where the project's entries are: whose their ids are, and their places.
func (w *purgeWriter) order() (left bool, err error) {
	ids := make(map[string][]int) // by the key of the order bucket, indexes
	rows := 0
	for k, v := range kv.Prefix(w.tx.Bucket(bucketSeqs), u32(w.p.id)) {
		if len(ids) >= purgeOrderKeys || rows == purgeOrderKeys {
			break
		}
		places, err := decodePlaces(k, v)
		if err != nil {
			return false, err
		}
		for _, p := range places {
			key, index := orderKey(p.id)
			ids[string(key)] = append(ids[string(key)], index)
		}
		rows++
	}
	if err := w.disown(ids); err != nil {
		return false, err
	}
	if _, err := w.tx.Bucket(bucketSeqs).DeleteRange(u32(w.p.id), u32(w.p.id+1), rows); err != nil {
		return false, fmt.Errorf("delete from %s: %w", bucketSeqs, err)
	}
	return rows > 0, nil
}

// disown says of ids, which are given by key and index, that their entries are gone.
func (w *purgeWriter) disown(ids map[string][]int) error {
	var keys [][]byte
	for _, key := range slices.Sorted(maps.Keys(ids)) {
		keys = append(keys, []byte(key))
	}
	bucket := w.tx.Bucket(bucketOrder)
	var values [][]byte
	var failed error
	bucket.GetMany(keys, func(key, value []byte) {
		owners, err := decodeOrder(key, value)
		if err != nil {
			failed = err
			return
		}
		for _, index := range ids[string(key)] {
			if index < len(owners) && owners[index].project == w.p.id {
				owners[index] = owner{}
			}
		}
		values = append(values, encodeOrder(key, owners))
	})
	if failed != nil {
		return failed
	}
	for i, key := range keys {
		if err := bucket.Put(key, values[i]); err != nil {
			return fmt.Errorf("put order: %w", err)
		}
	}
	return nil
}

// blocks deletes blocks and adds up what was in them.
func (w *purgeWriter) blocks() (left bool, err error) {
	c := newBlockCursor(w.tx, w.p.id)
	blocks := &blockWriter{w.tx, &w.s.opts.sizes, w.seq}
	var drop []keyedBlock
	ok, err := c.first()
	for ; ok && err == nil && len(drop) < purgeBlocks; ok, err = c.next() {
		b, err := w.s.readBlock(c.key, c.value)
		if err != nil {
			return false, err
		}
		drop = append(drop, keyedBlock{c.key, b})
	}
	if err != nil || len(drop) == 0 {
		return false, err
	}
	for _, b := range drop {
		w.rec.Purge.count(b)
		w.rec.Entries -= int64(b.Rows())
		if err := blocks.drop(b, true); err != nil {
			return false, err
		}
	}
	w.seq = blocks.seq
	return true, blocks.finish()
}

// count adds a block that is deleted, but for the entries that stay.
func (p *purgeProgress) count(b keyedBlock) {
	for row, id := range b.IDs(nil) {
		if !p.keeps(id) {
			p.Gone.add(id, b.EntrySeq(row), b.CreatedAt(row))
		}
	}
}

// keys deletes idempotency keys.
func (w *purgeWriter) keys() (left bool, err error) { return w.drop(bucketKeys) }

// spans deletes the secondary index.
func (w *purgeWriter) spans() (left bool, err error) { return w.drop(bucketSpans) }

// drop deletes keys of a bucket that begin with the project's number.
func (w *purgeWriter) drop(bucket string) (left bool, err error) {
	n, err := w.tx.Bucket(bucket).DeleteRange(u32(w.p.id), u32(w.p.id+1), purgeKeys)
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
	w.fresh = &project{name: w.p.name, id: id}
	w.rec = projectRecord{ID: id, State: audit.Purged, Incarnation: old.Incarnation + 1, Base: old.Seq + 1, Seq: old.Seq,
		Secret: make([]byte, 32)}
	if _, err := io.ReadFull(w.s.opts.Rand, w.rec.Secret); err != nil {
		return fmt.Errorf("make secret of project %q: %w", w.p.name, err)
	}
	if err := w.keep(old.Purge.Kept); err != nil {
		return err
	}
	w.fresh.rec = w.rec
	e := purgeEntry(&old)
	if err := w.record(e); err != nil {
		return err
	}
	w.rec.Kept = append(w.rec.Kept, keptOf(e))
	w.fresh.rec = w.rec
	return w.fresh.put(w.tx, &w.rec)
}

// keep puts the entries that stay into the project that begins anew.
func (w *purgeWriter) keep(entries []*audit.Entry) error {
	for _, e := range entries {
		w.rec.Kept = append(w.rec.Kept, keptOf(e))
		if err := w.own(e); err != nil {
			return err
		}
	}
	sorted := slices.SortedFunc(slices.Values(entries), byPosition)
	w.rec.Entries = int64(len(sorted))
	w.rec.First, w.rec.Last = sorted[0].Position(), sorted[len(sorted)-1].Position()
	plan, err := w.s.planMerge(newBlockCursor(w.tx, w.fresh.id), w.fresh.name, sorted, &w.seq)
	if err != nil {
		return err
	}
	plan.spans = &spanPlan{loose: len(plan.put)}
	w.rec.Loose = plan.spans.loose
	blocks := &blockWriter{w.tx, &w.s.opts.sizes, w.seq}
	if err := blocks.write(plan); err != nil {
		return err
	}
	w.seq = blocks.seq
	return blocks.finish()
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

// own says that e is in the project that has begun anew.
func (w *purgeWriter) own(e *audit.Entry) error {
	key, index := orderKey(e.ID)
	owners, err := readOrder(w.tx, key)
	if err == nil && index >= len(owners) {
		err = fmt.Errorf("order %x: %w: entry %d is missing", key, errCorrupt, e.ID)
	}
	if err != nil {
		return err
	}
	owners[index] = owner{w.fresh.id, e.Seq}
	return w.tx.Bucket(bucketOrder).Put(key, encodeOrder(key, owners))
}

// apply brings the memory to the state of the step. The caller holds Store.mu.
func (w *purgeWriter) apply() {
	w.p.rec = w.rec
	w.s.blockSeq = w.seq
	w.s.sealed.broadcast()
	if w.fresh != nil {
		w.s.projects[w.fresh.name] = w.fresh
		delete(w.s.byID, w.p.id)
		w.s.byID[w.fresh.id] = w.fresh
		w.commit.apply()
	}
}
