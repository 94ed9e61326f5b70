package main

import (
	"context"
	"fmt"

	"auditlog/bench/peer"
	"auditlog/bench/work"
)

// Of each listing there are variants, all of which are asked once by one client,
// for comparison and so that every log has seen them, before they are timed.
const (
	listVariants   = 200
	searchVariants = 40
)

func (t *trial) listings(ctx context.Context) error {
	if err := t.asking(ctx, workListings, "", work.Listings(), listVariants); err != nil {
		return err
	}
	return t.newestPackaged(ctx)
}

func (t *trial) searches(ctx context.Context) error {
	return t.asking(ctx, workSearch, "", work.Searches(), searchVariants)
}

// asking does listings for one table; suffix is added to their names.
func (t *trial) asking(ctx context.Context, table, suffix string, listings []work.Listing, variants int) error {
	compared := 0
	u, err := t.using(func() (calls int, err error) {
		for _, l := range listings {
			entries, n, err := t.listing(ctx, table, l.Name+suffix, l, variants)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", l.Name, err)
			}
			compared, calls = compared+entries, calls+n
		}
		return calls, nil
	})
	if err != nil || suffix != "" {
		return err
	}
	t.note(row{table, "entries compared between the logs", unitNumber}, float64(compared))
	t.noteUsage(table, unitCall, u)
	return nil
}

// indexesWords is a log that searches words with LIKE but can do otherwise.
type indexesWords interface {
	IndexWords(ctx context.Context) error
}

// indexedWords searches again, in logs that need an index for it which is not
// among those of the other work.
func (t *trial) indexedWords(ctx context.Context) error {
	log, ok := t.log.(indexesWords)
	if !ok {
		return nil
	}
	before, err := t.log.Disk(ctx)
	if err != nil {
		return err
	}
	if err := log.IndexWords(ctx); err != nil {
		return err
	}
	after, err := t.log.Disk(ctx)
	if err != nil {
		return err
	}
	t.note(row{workSearch, "the index of trigrams", unitBytes}, float64(after-before)/float64(t.next))
	return t.asking(ctx, workSearch, ", trigrams", work.Searches(), searchVariants)
}

// listing compares and then times one listing. It returns how many entries were
// compared, and how many calls it made.
func (t *trial) listing(ctx context.Context, table, name string, l work.Listing, variants int) (compared, calls int, err error) {
	c, err := t.log.Connect(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	for v := range variants {
		entries, err := c.List(ctx, t.work.Query(l, v), work.Limit)
		if err != nil {
			return 0, 0, err
		}
		compared += len(entries)
		if err := t.answers.check(t.log.Name(), fmt.Sprintf("%s, variant %d", l.Name, v), entries); err != nil {
			return 0, 0, err
		}
	}
	ask := func(ctx context.Context, c peer.Conn, i int) error {
		// This stride keeps clients from asking the same at about the same time.
		_, err := c.List(ctx, t.work.Query(l, i*7%variants), work.Limit)
		return err
	}
	d := drive{clients: readers, n: t.requests, within: t.within, least: variants}
	res, err := d.run(ctx, t.log, ask, ask)
	t.noteLatencies(table, name, res)
	return compared, variants + readers + len(res.latencies), err
}
