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
			missing, err := q.countIn(ctx, w, t)
			if err != nil {
				return err
			}
			gaps = append(gaps, missing...)
		}
		return nil
	})
	return gaps, err
}

// countIn adds what a walker finds to t: as far as possible from what was counted ahead of time,
// also of blocks that are damaged since.
func (q *prepared) countIn(ctx context.Context, w *walk.Walker, t *found.Counts) (gaps []audit.Gap, err error) {
	if err := w.EachTail(func(e *audit.Entry) error { t.Add(e); return nil }); err != nil {
		return nil, err
	}
	if len(q.narrowings) > 0 || !counts.Counted(q.filter) {
		err := countRows(w, t, t.AddRows)
		return w.Gaps(), err
	}
	rest, err := t.AddSections(w.Tx, w.ID, q.filter, w.Low, w.High, admit.TurnOf(ctx).Look)
	if err != nil {
		return nil, err
	}
	for _, r := range rest {
		add := t.AddRows
		if r.Times {
			add = t.AddTimes
		}
		part := w.Within(walk.Stretch{Low: r.Low, High: r.High})
		if err := countRows(part, t, add); err != nil {
			return nil, err
		}
		for _, g := range part.Gaps() {
			g.AtMost = g.AtMost || r.Times // the totals have them
			gaps = append(gaps, g)
		}
	}
	return gaps, t.Weigh()
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
