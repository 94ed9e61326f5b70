package found

import (
	"context"

	"auditlog/admit"
	"auditlog/store/counts"
)

// Counts is a tally whose memory is that of a call.
type Counts struct {
	*counts.Tally
	ctx   context.Context // of the call
	taken int
}

// NewCounts returns t for the call of ctx.
func NewCounts(ctx context.Context, t *counts.Tally) *Counts { return &Counts{Tally: t, ctx: ctx} }

// Weigh takes the memory for what the tally has become more. It never takes much: a tally is
// bounded.
func (c *Counts) Weigh() error {
	more := c.Memory() - c.taken
	if more < weighEvery {
		return nil
	}
	c.taken += more
	return admit.Take(c.ctx, more)
}
