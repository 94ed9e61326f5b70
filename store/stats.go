package store

import (
	"context"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/blocks"
)

// Stats counts what is selected: see audit.Selection.
func (q *prepared) Stats(ctx context.Context, c audit.Counting) (*audit.Stats, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := blocks.NewTally(c.Bounds)
	err := q.stretches(ctx, q.whole(), func(w *walker) (bool, error) {
		return true, w.count(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	return t.Stats(), nil
}

// count adds what matches in the stretch to t.
func (w *walker) count(ctx context.Context, t *blocks.Tally) error {
	for _, e := range w.tailPart() {
		if w.q.matches(e) {
			t.Add(e)
		}
	}
	return w.eachBlock(ctx, func(b *block.Block, rows *bits.Rows) (bool, error) {
		return true, t.AddRows(b, rows)
	})
}
