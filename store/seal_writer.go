package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/queue"
)

// projectPlan is the part of a step that concerns one project.
type projectPlan struct {
	project *project
	rec     format.Project // as it was when the step began
	seq     int64          // up to which the seal goes that this is a step of
	all     []*audit.Entry // what that seal is of, by position
	left    []*audit.Entry // what of it is in no block yet
	entries []*audit.Entry // what of that comes into blocks in this step
	blocks  *blocks.Plan
}

// ends reports whether the seal of the project ends with this step.
func (p *projectPlan) ends() bool { return len(p.entries) == len(p.left) }

// sealWriter writes one step of a seal.
type sealWriter struct {
	tail    recent
	plans   []*projectPlan
	records map[*project]*format.Project
	seq     uint64 // the newest of the blocks that are planned
	// Of the transaction: the newest sequence of all, and the last id that leaves the tail.
	newest uint64
	last   int64
}

// plan works out the blocks of the projects that have their turn, as many as fit into the
// step. more reports whether some did not.
func (w *sealWriter) plan(s *Store, waiting []*projectPlan) (more bool, err error) {
	left := blocks.Budget{Blocks: stepBlocks, Bytes: stepBytes}
	entries := 0
	err = s.read(func(tx kv.Tx) error {
		spans := s.blocks.NewSpanPlanner(&s.opts.sizes, tx)
		for _, plan := range waiting {
			if more = left.Blocks <= 0 || left.Bytes <= 0 || entries >= stepEntries || len(w.plans) == stepProjects; more {
				return nil
			}
			most := blocks.Budget{Blocks: min(left.Blocks, projectBlocks), Bytes: min(left.Bytes, projectBytes)}
			if err := w.planOne(s, tx, spans, plan, most); err != nil {
				return err
			}
			for _, b := range plan.blocks.Drop {
				left.Blocks--
				left.Bytes -= len(b.Bytes())
			}
			entries += len(plan.entries)
		}
		return nil
	})
	return more, err
}

func (w *sealWriter) planOne(s *Store, tx kv.Tx, spans *blocks.SpanPlanner, plan *projectPlan, most blocks.Budget) error {
	p := plan.project
	var n int
	var err error
	plan.blocks, n, err = s.blocks.PlanMerge(&s.opts.sizes, blocks.NewCursor(tx, p.id), p.name, plan.left, most, &w.seq)
	if err != nil {
		return err
	}
	plan.entries = plan.left[:n]
	plan.blocks.Spans, err = spans.Project(p.id, &plan.rec.Extent, plan.blocks, plan.entries)
	w.plans = append(w.plans, plan)
	return err
}

// write returns the function that writes the step.
func (w *sealWriter) write(s *Store) func(kv.Tx) error {
	return func(tx kv.Tx) error {
		w.records = make(map[*project]*format.Project)
		writer := &blocks.Writer{Tx: tx, Sizes: &s.opts.sizes, Seq: w.seq}
		var ended []*projectPlan
		for _, plan := range w.plans {
			if err := writer.Write(plan.blocks); err != nil {
				return err
			}
			if err := w.count(tx, plan); err != nil {
				return err
			}
			if plan.ends() {
				ended = append(ended, plan)
			}
		}
		slices.SortFunc(ended, func(a, b *projectPlan) int { return cmp.Compare(a.project.id, b.project.id) })
		var fresh []format.FreshKeys
		for _, plan := range ended {
			if k := plan.project.keys.Unsealed(plan.seq); len(k) > 0 {
				fresh = append(fresh, format.FreshKeys{Project: plan.project.id, Keys: k})
			}
		}
		if err := keys.PutFresh(tx, fresh); err != nil {
			return err
		}
		if err := w.usage(tx, ended); err != nil {
			return err
		}
		w.newest = writer.Seq
		return errors.Join(writer.Finish(), w.cut(tx))
	}
}

// count brings a project's record up to date.
func (w *sealWriter) count(tx kv.Tx, plan *projectPlan) error {
	rec := plan.project.rec
	if len(plan.entries) > 0 {
		first, last := plan.entries[0].Position(), plan.entries[len(plan.entries)-1].Position()
		if rec.Entries == 0 || first.Compare(rec.First) < 0 {
			rec.First = first
		}
		if rec.Entries == 0 || last.Compare(rec.Last) > 0 {
			rec.Last = last
		}
	}
	rec.Entries += int64(len(plan.entries))
	rec.Extent = plan.blocks.Spans.Extent
	if plan.ends() {
		byID := slices.SortedFunc(slices.Values(plan.all), func(a, b *audit.Entry) int { return cmp.Compare(a.ID, b.ID) })
		if err := blocks.NewSequence(tx, &rec).Append(byID); err != nil {
			return err
		}
		rec.Seq, rec.Sealing = plan.seq, nil
	} else {
		rec.Sealing = &format.Sealing{
			Seq: plan.seq, Before: plan.left[len(plan.entries)].Position(),
			Entries: int64(len(plan.all) - len(plan.left) + len(plan.entries)),
		}
	}
	w.records[plan.project] = &rec
	return plan.project.put(tx, &rec)
}

// sealed reports whether an id of the tail is in a block once the step is done.
func (w *sealWriter) sealed(t *slot) bool {
	if t.entry == nil {
		return true
	}
	rec := w.records[t.owner]
	return rec != nil && t.seq <= rec.Seq
}

// cut takes from the tail the rows up to the first one that holds an entry which is not
// sealed, and has the order bucket tell of them.
func (w *sealWriter) cut(tx kv.Tx) error {
	n := slices.IndexFunc(w.tail.slots, func(t slot) bool { return !w.sealed(&t) })
	if n < 0 {
		n = len(w.tail.slots)
	} else { // not within a row, which is deleted whole
		row, _ := kv.AtOrBefore(tx.Bucket(format.Tail).Cursor(), format.Uint64(uint64(w.tail.first)+uint64(n)))
		n = max(0, int(int64(format.ReadUint64(row))-w.tail.first))
	}
	w.last = w.tail.first + int64(n) - 1
	if n == 0 {
		return nil
	}
	slots := w.tail.slots
	return errors.Join(
		blocks.AppendOrder(tx, w.tail.first, n, func(i int) format.Owner {
			return format.Owner{Project: slots[i].owner.id, Seq: slots[i].seq}
		}),
		dropTail(tx, w.last),
		tx.Bucket(format.Meta).Put(format.MetaSealed, format.Uint64(uint64(w.last))),
	)
}

// dropTail deletes the tail's rows up to the one with the id last.
func dropTail(tx kv.Tx, last int64) error {
	_, err := tx.Bucket(format.Tail).DeleteRange(nil, format.Uint64(uint64(last)+1), math.MaxInt)
	if err != nil {
		return fmt.Errorf("delete tail rows: %w", err)
	}
	return nil
}

// apply takes what was sealed out of the memory. The caller holds Store.mu.
func (w *sealWriter) apply(s *Store) {
	for _, plan := range w.plans {
		w.applyOne(s, plan)
	}
	r := &s.recent
	var freed queue.Shares
	slots := slices.Clone(r.slots[w.last+1-r.first:])
	for i := range r.slots {
		t := &r.slots[i]
		if t.entry == nil || !w.sealed(t) {
			continue
		}
		freed.Add(t.entry.RecordedBy, t.owner.name, t.size)
		r.unsealed--
		r.bytes -= t.size
		if kept := int64(i) + r.first - w.last - 1; kept >= 0 {
			slots[kept].entry = nil
		}
	}
	r.slots, r.first = slots, w.last+1
	s.blockSeq = w.newest
	s.queue.Free(freed.Parts...)
	s.sealed.broadcast()
}

// applyOne is apply for one project.
func (w *sealWriter) applyOne(s *Store, plan *projectPlan) {
	p := plan.project
	if plan.rec.Sealing != nil {
		s.lastBegun = p
	} else {
		s.lastFresh = p
	}
	p.rec = *w.records[p]
	if !plan.ends() {
		if plan.rec.Sealing == nil {
			s.stepwise[p] = s.loadOf(p, plan.seq)
		}
		return
	}
	delete(s.stepwise, p)
	delete(s.full, p)
	p.keys.Seal(plan.seq)
	var tail []*audit.Entry
	for _, e := range p.tail {
		if e.Seq > plan.seq {
			tail = append(tail, e)
		}
	}
	p.tail = nil
	s.addTail(p, tail)
}
