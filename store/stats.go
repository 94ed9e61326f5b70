package store

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/blocks"
	"auditlog/store/found"
)

// Stats counts what is selected: see audit.Selection.
func (q *prepared) Stats(ctx context.Context, c audit.Counting) (*audit.Stats, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Top == 0 {
		c.Top = audit.DefaultTop
	}
	t := found.NewCounts(ctx, blocks.NewTally(c.Bounds, c.Top))
	var gaps []audit.Gap
	err := admit.Work(ctx, func(ctx context.Context) (err error) {
		for {
			if gaps, err = q.count(ctx, t); err != nil || !t.Recount() {
				return err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	st := t.Stats()
	st.Gaps = append(gaps, q.lost(q.whole())...)
	return st, nil
}

// count adds what is selected to t, and returns what is missing from it.
func (q *prepared) count(ctx context.Context, t *found.Counts) (gaps []audit.Gap, err error) {
	err = q.stretches(ctx, q.whole(), func(w *walker) (bool, error) {
		err := w.count(t)
		gaps = append(gaps, w.gaps...)
		return true, err
	})
	return gaps, err
}

// count adds what matches in the stretch to t.
func (w *walker) count(t *found.Counts) error {
	for _, e := range w.tailPart() {
		if err := w.turn.Step(); err != nil {
			return err
		}
		if w.q.matches(e) {
			t.Add(e)
		}
	}
	return w.eachBlock(func(b *block.Block, rows *bits.Rows) (bool, error) {
		if err := t.AddRows(b, rows); err != nil {
			return false, err
		}
		return true, t.Weigh()
	})
}
