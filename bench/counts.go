package main

import (
	"context"
	"fmt"

	"auditlog/bench/peer"
	"auditlog/bench/work"
)

// countVariants are asked of each kind of count: fewer than of listings, because each looks at
// many entries where they are not counted ahead of time.
const countVariants = 40

// counts asks for what charts and lists of values show: how many entries there are by month and
// outcome, and by value.
func (t *trial) counts(ctx context.Context) error {
	u, err := t.using(func() (calls int, err error) {
		for _, l := range work.Counts() {
			n, err := t.counting(ctx, l)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", l.Name, err)
			}
			calls += n
		}
		return calls, nil
	})
	if err != nil {
		return err
	}
	t.noteUsage(workCounts, unitCall, u)
	return nil
}

// counting compares and then times one kind of count. It returns how many calls it made.
func (t *trial) counting(ctx context.Context, l work.Listing) (calls int, err error) {
	c, err := t.log.Connect(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for v := range countVariants {
		counts, err := c.Count(ctx, t.work.Query(l, v))
		if err != nil {
			return 0, err
		}
		if err := t.answers.checkCounts(t.log.Name(), fmt.Sprintf("counts, %s, variant %d", l.Name, v), counts); err != nil {
			return 0, err
		}
	}
	ask := func(ctx context.Context, c peer.Conn, i int) error {
		_, err := c.Count(ctx, t.work.Query(l, i*7%countVariants))
		return err
	}
	d := drive{clients: readers, n: t.requests, within: t.within, least: countVariants}
	res, err := d.run(ctx, t.log, ask, ask)
	t.noteLatencies(workCounts, l.Name, res)
	return countVariants + readers + len(res.latencies), err
}
