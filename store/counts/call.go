package counts

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/walk"
)

// Call is a tally whose memory is that of a call, and whose time its turns.
type Call struct {
	*Tally
	ctx    context.Context // of the call
	filter *block.Filter
	// ahead is set where what was counted ahead of time says what the query asks.
	ahead bool
	taken int
}

// NewCall returns t for the call of ctx, which counts what a filter selects, and with more set
// something besides that the filter does not know of.
func NewCall(ctx context.Context, t *Tally, f *block.Filter, more bool) *Call {
	return &Call{Tally: t, ctx: ctx, filter: f, ahead: !more && Counted(f)}
}

// weighEvery is how much is taken of the call's memory at once.
const weighEvery = 16 << 10

// weigh takes the memory for what the tally has become more. It never takes much: a tally is
// bounded.
func (c *Call) weigh() error {
	more := c.Memory() - c.taken
	if more < weighEvery {
		return nil
	}
	c.taken += more
	return admit.Take(c.ctx, more)
}

// Walk counts what a walker finds: as far as possible from what was counted ahead of time, also
// of blocks that are damaged since.
func (c *Call) Walk(w *walk.Walker) error {
	err := w.EachTail(func(e *audit.Entry) error { c.Add(e); return nil })
	if err != nil {
		return err
	}
	if !c.ahead {
		return c.rows(w, c.addRows, false)
	}
	rest, err := c.AddSections(w.Tx, w.ID, c.filter, w.Low, w.High, admit.TurnOf(c.ctx).Look)
	if err != nil {
		return err
	}
	for _, r := range rest {
		add := c.addRows
		if r.Times {
			add = c.addTimes
		}
		if err := c.rows(w.Within(walk.Stretch{Low: r.Low, High: r.High}), add, r.Times); err != nil {
			return err
		}
	}
	return c.weigh()
}

// rows counts the matches in the blocks of a walker. told says that they are in the totals.
func (c *Call) rows(w *walk.Walker, add func(*block.Block, *bits.Rows) error, told bool) error {
	err := w.EachBlock(func(b *block.Block, rows *bits.Rows) error {
		if err := add(b, rows); err != nil {
			return err
		}
		return c.weigh()
	})
	for _, g := range w.Gaps() {
		g.AtMost = g.AtMost || told
		c.out.Gaps = append(c.out.Gaps, g)
	}
	return err
}
