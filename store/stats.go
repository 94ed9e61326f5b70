package store

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/counts"
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
	t := found.NewCounts(ctx, counts.NewTally(c.Bounds, c.Top))
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
			if err := q.countIn(ctx, w, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// countIn adds what a walker finds to t: as far as possible from what was counted ahead of time.
func (q *prepared) countIn(ctx context.Context, w *walk.Walker, t *found.Counts) error {
	err := w.EachTail(func(e *audit.Entry) error { t.Add(e); return nil })
	if err != nil {
		return err
	}
	if len(q.narrowings) > 0 || !counts.Counted(q.filter) {
		return countRows(w, t, t.AddRows)
	}
	rest, err := t.AddSections(w.Tx, w.ID, q.filter, w.Low, w.High, admit.TurnOf(ctx).Look)
	if err != nil {
		return err
	}
	for _, r := range rest {
		add := t.AddRows
		if r.Times {
			add = t.AddTimes
		}
		if err := countRows(w.Within(walk.Stretch{Low: r.Low, High: r.High}), t, add); err != nil {
			return err
		}
	}
	return t.Weigh()
}

// countRows adds the matches in the blocks of a walker.
func countRows(w *walk.Walker, t *found.Counts, add func(*block.Block, *bits.Rows) error) error {
	return w.EachBlock(func(b *block.Block, rows *bits.Rows) error {
		if err := add(b, rows); err != nil {
			return err
		}
		return t.Weigh()
	})
}
