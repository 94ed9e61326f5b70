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
	named, err := q.search(ctx, q.whole())
	if err != nil {
		return nil, err
	}
	err = q.walkers(ctx, q.whole(), named, func(walkers []*walk.Walker) error {
		for _, w := range walkers {
			if err := countIn(w, t); err != nil {
				return err
			}
		}
		gaps = appendGaps(gaps, walkers)
		return nil
	})
	return gaps, err
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
