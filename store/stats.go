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
	err := admit.Work(ctx, func(ctx context.Context) error {
		for {
			if err := q.count(ctx, t); err != nil || !t.Recount() {
				return err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return t.Stats(), nil
}

// count adds what is selected to t.
func (q *prepared) count(ctx context.Context, t *found.Counts) error {
	return q.stretches(ctx, q.whole(), func(w *walker) (bool, error) { return true, w.count(t) })
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
