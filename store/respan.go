package store

import (
	"bytes"
	"fmt"

	"auditlog/audit"
	"auditlog/store/kv"
)

// Late entries cut blocks in two, and history that is imported puts blocks where no
// span tells of them. A span, or a gap between spans, that has come to hold twice
// the blocks of a span is cut anew, so that a filter skips blocks wherever they came
// from: one after each seal, and of respanSpans times the blocks of a span at most.
const respanSpans = 4

// recut is a region that is cut anew: the records that go, and those that come.
type recut struct {
	drop [][]byte
	put  []spanPut
}

// region is a span, or the gap between two of them.
type region struct {
	from, to audit.Position
	span     bool
}

// respan cuts the first region anew that a seal has made too large. A crash before
// leaves it large until the next entry gets there.
func (s *Store) respan(w *sealWriter) error {
	var cut *recut
	err := s.read(func(tx kv.Tx) (err error) {
		for _, plan := range w.plans {
			cut, err = s.planRespan(tx, plan.project.id, w.records[plan.project], plan.blocks.put)
			if cut != nil || err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || cut == nil {
		return err
	}
	return s.update("seal", func(tx kv.Tx) error {
		for _, k := range cut.drop {
			if err := tx.Bucket(bucketSpans).Delete(k); err != nil {
				return fmt.Errorf("delete span: %w", err)
			}
		}
		return putSpans(tx, cut.put)
	}, func() {})
}

// planRespan returns how the first region is to be cut that holds too many blocks, of
// those that blocks, in their order, have been put into; nil when there is none.
func (s *Store) planRespan(tx kv.Tx, p ProjectID, rec *projectRecord, put []keyedBlock) (*recut, error) {
	var seen audit.Position // up to where regions have been looked at
	for i, b := range put {
		if rec.loose(b.key.Position) {
			break
		}
		if i > 0 && b.key.Compare(seen) < 0 {
			continue
		}
		r, err := regionAt(tx, p, rec, b.key.Position)
		if err != nil {
			return nil, err
		}
		seen = r.to
		run, end, err := s.crowd(tx, p, r)
		if err != nil {
			return nil, err
		}
		if len(run) > 0 {
			return s.recut(r, run, end)
		}
	}
	return nil, nil
}

// regionAt returns the region of a block that begins at a position before rec.Spanned.
func regionAt(tx kv.Tx, p ProjectID, rec *projectRecord, at audit.Position) (region, error) {
	f := spanFields()[0]
	_, v, err := spanBefore(tx, p, f, at)
	if err != nil {
		return region{}, err
	}
	if v != nil && at.Compare(v.end) < 0 {
		return region{v.start(0), v.end, true}, nil
	}
	gap := region{to: rec.Spanned}
	if v != nil {
		gap.from = v.end
	}
	want := spanKey(p, f, at)
	k, value := tx.Bucket(bucketSpans).Cursor().Seek(want)
	if bytes.HasPrefix(k, want[:5]) {
		next, err := openSpan(k, value)
		if err != nil {
			return region{}, err
		}
		gap.to = next.start(0)
	}
	return gap, nil
}

// crowd returns the blocks of a region when they are too many for it, as many as
// one cut takes, and where the next one begins.
func (s *Store) crowd(tx kv.Tx, p ProjectID, r region) (run []keyedBlock, end audit.Position, err error) {
	most := respanSpans * s.opts.sizes.span
	c := newBlockCursor(tx, p)
	ok, err := c.from(r.from)
	for ; ok && err == nil && c.key.Compare(r.to) < 0 && len(run) < most; ok, err = c.next() {
		run = append(run, keyedBlock{key: c.key})
	}
	if err != nil || len(run) < 2*s.opts.sizes.span {
		return nil, r.to, err
	}
	end = r.to
	if ok && c.key.Compare(r.to) < 0 {
		end = c.key.Position
	}
	for i := range run {
		if run[i].Block, err = s.readBlock(run[i].key, tx.Bucket(bucketBlocks).Get(run[i].key.Append(nil))); err != nil {
			return nil, end, err
		}
	}
	return run, end, nil
}

// recut plans spans for blocks of a region, each of about as many. What of the
// region lies behind them is a gap from then on.
func (s *Store) recut(r region, run []keyedBlock, end audit.Position) (*recut, error) {
	cut := &recut{}
	if r.span {
		for _, f := range spanFields() {
			cut.drop = append(cut.drop, spanKey(run[0].key.Project, f, r.from))
		}
	}
	span := s.opts.sizes.span
	for pieces := (len(run) + span - 1) / span; pieces > 0; pieces-- {
		n, to := len(run)/pieces, end
		if n < len(run) {
			to = run[n].key.Position
		}
		puts, err := newFieldSpans().extend(run[:n], to)
		if err != nil {
			return nil, err
		}
		cut.put = append(cut.put, puts...)
		run = run[n:]
	}
	return cut, nil
}
