package store

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
)

// maxTailBytes is the size of the tail's rows from which they are sealed however
// few they are.
const maxTailBytes = 8 << 20

// The tail may outgrow the rows that start a seal by this factor before recording waits
// for the sealer: late entries cost it more than others, and less each the more
// of them it has at once.
const tailSlack = 16

// sealLoop is the sealer: it moves the tail into blocks when it is large enough,
// or old enough. Its owner is Open, its end Close.
func (s *Store) sealLoop() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		s.mu.Lock()
		wait, ch := s.sealWait(), s.committed.wait()
		s.mu.Unlock()
		if wait <= 0 {
			if s.noteSeal(s.Seal()) {
				continue
			}
			wait, ch = sealRetry, nil
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-ch:
		case <-s.closing.Done():
			return
		}
	}
}

// sealRetry is how long the sealer waits after a failure: a full disk may have
// room again then.
const sealRetry = time.Second

// noteSeal keeps how the last seal ended, for recording to know, and reports a
// failure once, not at each further try.
func (s *Store) noteSeal(err error) (ok bool) {
	s.mu.Lock()
	before := s.sealErr
	s.sealErr = err
	s.sealed.broadcast()
	s.mu.Unlock()
	if err != nil && (before == nil || before.Error() != err.Error()) && s.closing.Err() == nil {
		s.opts.Report(fmt.Errorf("move entries into blocks: %w", err))
	}
	return err == nil
}

// sealWait returns how long the tail may still wait, 0 or less when it is due.
// The caller holds Store.mu.
func (s *Store) sealWait() time.Duration {
	r := &s.recent
	switch {
	case len(r.entries) == 0:
		return time.Hour
	case len(r.entries) >= s.opts.SealRows, r.bytes >= min(maxTailBytes, s.opts.TailBytes/2):
		return 0
	}
	return time.Until(r.since.Add(s.opts.SealAfter))
}

// full reports whether recording has to wait for the sealer. The caller holds
// Store.mu.
func (s *Store) full() bool {
	return len(s.recent.entries) >= tailSlack*s.opts.SealRows || s.recent.bytes >= s.opts.TailBytes
}

// Seal moves the whole tail into blocks. Recording goes on meanwhile but for the
// moment of the last, short transaction.
//
// A crash before that transaction leaves the tail as it was, after it the blocks.
func (s *Store) Seal() error {
	s.maintenance.Lock()
	defer s.maintenance.Unlock()
	s.mu.RLock()
	r := s.recent
	s.mu.RUnlock()
	if len(r.entries) == 0 {
		return nil
	}
	w := &sealWriter{tail: r, seq: s.BlockSeq(), records: make(map[*project]*format.Project)}
	if err := w.plan(s); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return s.update("seal", func(tx kv.Tx) error { return w.write(s, tx) }, func() { w.apply(s) })
}

// projectPlan is the part of a seal that concerns one project.
type projectPlan struct {
	project *project
	entries []*audit.Entry // sorted
	blocks  *blocks.Plan
}

// sealWriter writes one seal.
type sealWriter struct {
	tail    recent
	plans   []*projectPlan
	records map[*project]*format.Project
	seq     uint64 // the newest of the blocks
	reached uint64 // by the write, deletions included
}

// plan groups the tail by project and works out the blocks of each.
func (w *sealWriter) plan(s *Store) error {
	byProject := make(map[*project]*projectPlan)
	for i, e := range w.tail.entries {
		p := w.tail.owners[i]
		plan := byProject[p]
		if plan == nil {
			plan = &projectPlan{project: p}
			byProject[p] = plan
		}
		plan.entries = append(plan.entries, e)
	}
	w.plans = slices.SortedFunc(maps.Values(byProject), func(a, b *projectPlan) int {
		return cmp.Compare(a.project.id, b.project.id)
	})
	return s.read(func(tx kv.Tx) error {
		spans := s.blocks.NewSpanPlanner(&s.opts.sizes, tx)
		for _, plan := range w.plans {
			slices.SortFunc(plan.entries, blocks.ByPosition)
			c := blocks.NewCursor(tx, plan.project.id)
			var err error
			if plan.blocks, err = s.blocks.PlanMerge(&s.opts.sizes, c, plan.project.name, plan.entries, &w.seq); err != nil {
				return err
			}
			rec := s.record(plan.project)
			if plan.blocks.Spans, err = spans.Project(plan.project.id, &rec.Extent, plan.blocks); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *sealWriter) write(s *Store, tx kv.Tx) error {
	writer := &blocks.Writer{Tx: tx, Sizes: &s.opts.sizes, Seq: w.seq}
	for _, plan := range w.plans {
		if err := writer.Write(plan.blocks); err != nil {
			return err
		}
		if err := w.count(tx, plan); err != nil {
			return err
		}
	}
	err := keys.Put(tx, len(w.plans), func(i int) (format.ProjectID, []*audit.Entry) {
		return w.plans[i].project.id, w.plans[i].entries
	}, func(i int, key string) keys.Known {
		p := w.plans[i].project
		return p.keys.Get(p.hasher.Hash(key))
	})
	if err != nil {
		return err
	}
	w.reached = writer.Seq
	last := w.tail.next() - 1
	return errors.Join(
		writer.Finish(),
		blocks.AppendOrder(tx, w.tail.entries, func(i int) format.ProjectID { return w.tail.owners[i].id }),
		dropTail(tx, last),
		tx.Bucket(format.Meta).Put(format.MetaSealed, format.Uint64(uint64(last))),
	)
}

// count brings a project's record up to date.
func (w *sealWriter) count(tx kv.Tx, plan *projectPlan) error {
	rec := plan.project.rec
	first, last := plan.entries[0].Position(), plan.entries[len(plan.entries)-1].Position()
	if rec.Entries == 0 || first.Compare(rec.First) < 0 {
		rec.First = first
	}
	if rec.Entries == 0 || last.Compare(rec.Last) > 0 {
		rec.Last = last
	}
	rec.Entries += int64(len(plan.entries))
	byID := slices.SortedFunc(slices.Values(plan.entries), func(a, b *audit.Entry) int { return cmp.Compare(a.ID, b.ID) })
	if err := blocks.NewSequence(tx, &rec).Append(byID); err != nil {
		return err
	}
	rec.Seq += int64(len(plan.entries))
	rec.Extent = plan.blocks.Spans.Extent
	w.records[plan.project] = &rec
	return plan.project.put(tx, &rec)
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
	for p, rec := range w.records {
		p.rec = *rec
	}
	last := w.tail.next() - 1
	for _, plan := range w.plans {
		p := plan.project
		p.tail = slices.Collect(func(yield func(*audit.Entry) bool) {
			for _, e := range p.tail {
				if e.ID > last && !yield(e) {
					return
				}
			}
		})
		for _, e := range plan.entries {
			if e.Key != "" {
				p.keys.Delete(p.hasher.Hash(e.Key))
			}
		}
	}
	n := len(w.tail.entries)
	s.recent.entries = slices.Clone(s.recent.entries[n:])
	s.recent.owners = slices.Clone(s.recent.owners[n:])
	s.recent.first = last + 1
	s.recent.bytes -= w.tail.bytes
	s.recent.since = time.Now()
	s.blockSeq = w.reached
	s.sealed.broadcast()
}
