package store

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/blocks"
	"auditlog/store/counts"
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
	if len(q.narrowings) > 0 || !counts.Counted(q.filter) {
		return q.stretches(ctx, q.whole(), func(w *walker) (bool, error) { return true, w.count(t) })
	}
	return q.s.view(q.query.Project, func(v *view) error { return q.countView(ctx, v, t) })
}

// countView is count of what sections tell most of.
func (q *prepared) countView(ctx context.Context, v *view, t *found.Counts) error {
	w := &walker{view: v, q: q, stretch: q.whole(), turn: admit.TurnOf(ctx)}
	if err := w.countTail(t); err != nil {
		return err
	}
	rest, err := t.AddSections(v.tx, v.project.id, q.filter, w.low, w.high, w.turn.Look)
	if err != nil {
		return err
	}
	for _, r := range rest {
		w.stretch = stretch{r.Low, r.High}
		w.blocks = blocks.All(v.tx, v.project.id, &v.rec.Extent, q.filter, r.High)
		add := t.AddRows
		if r.Times {
			add = t.AddTimes
		}
		if err := w.countBlocks(t, add); err != nil {
			return err
		}
	}
	return t.Weigh()
}

// count adds what matches in the stretch to t.
func (w *walker) count(t *found.Counts) error {
	if err := w.countTail(t); err != nil {
		return err
	}
	return w.countBlocks(t, t.AddRows)
}

func (w *walker) countTail(t *found.Counts) error {
	for _, e := range w.tailPart() {
		if err := w.turn.Step(); err != nil {
			return err
		}
		if w.q.matches(e) {
			t.Add(e)
		}
	}
	return nil
}

func (w *walker) countBlocks(t *found.Counts, add func(*block.Block, *bits.Rows) error) error {
	return w.eachBlock(func(b *block.Block, rows *bits.Rows) (bool, error) {
		if err := add(b, rows); err != nil {
			return false, err
		}
		return true, t.Weigh()
	})
}
