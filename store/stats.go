package store

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/blocks"
	"auditlog/store/found"
	"auditlog/store/walk"
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
	named, err := q.search(ctx, q.whole())
	if err != nil {
		return err
	}
	return q.walkers(ctx, q.whole(), named, func(walkers []*walk.Walker) error {
		for _, w := range walkers {
			if err := countIn(w, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// countIn adds what a walker finds to t.
func countIn(w *walk.Walker, t *found.Counts) error {
	err := w.EachTail(func(e *audit.Entry) error { t.Add(e); return nil })
	if err != nil {
		return err
	}
	return w.EachBlock(func(b *block.Block, rows *bits.Rows) error {
		if err := t.AddRows(b, rows); err != nil {
			return err
		}
		return t.Weigh()
	})
}
