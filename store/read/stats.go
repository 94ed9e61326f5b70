package read

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/counts"
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
	t := counts.NewTally(c.Bounds, c.Top)
	err := admit.Work(ctx, func(ctx context.Context) error {
		call := counts.NewCall(ctx, t, q.filter, q.text != nil)
		for {
			if err := q.count(ctx, call); err != nil || !t.Recount() {
				return err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	st := t.Stats()
	st.Gaps = append(st.Gaps, q.lost(q.whole())...)
	return st, nil
}

// count adds what is selected to what a call counts.
func (q *prepared) count(ctx context.Context, c *counts.Call) error {
	named, err := q.search(ctx, q.whole())
	if err != nil {
		return err
	}
	return q.walkers(ctx, q.whole(), named, func(walkers []*walk.Walker) error {
		for _, w := range walkers {
			if err := c.Walk(w); err != nil {
				return err
			}
		}
		return nil
	})
}
