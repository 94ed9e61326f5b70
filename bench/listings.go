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
	sum := 0
	memory := watchMemory(t.log)
	for _, l := range work.Listings() {
		n, err := t.listing(ctx, workListings, l.Name, l, listVariants)
		if err != nil {
			memory.end()
			return err
		}
		sum += n
	}
	peak, err := memory.end()
	if err != nil {
		return err
	}
	t.note(row{workListings, "entries compared between the logs", unitNumber}, float64(sum))
	if t.separate() {
		t.note(row{workListings, "memory at most", unitMemory}, mebi(peak.Own+peak.Shared))
		t.note(row{workListings, "of it the processes' own", unitMemory}, mebi(peak.Own))
	}
	return nil
}

func (t *trial) searches(ctx context.Context) error {
	for _, l := range work.Searches() {
		if _, err := t.listing(ctx, workSearch, l.Name, l, searchVariants); err != nil {
			return err
		}
	}
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
	for _, l := range work.Searches() {
		if _, err := t.listing(ctx, workSearch, l.Name+", trigrams", l, searchVariants); err != nil {
			return err
		}
	}
	return nil
}

// listing compares and then times one listing. It returns how many entries were
// compared.
func (t *trial) listing(ctx context.Context, table, name string, l work.Listing, variants int) (int, error) {
	c, err := t.log.Connect(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	sum := 0
	for v := range variants {
		entries, err := c.List(ctx, t.work.Query(l, v), work.Limit)
		if err != nil {
			return 0, err
		}
		sum += len(entries)
		if err := t.answers.check(t.log.Name(), fmt.Sprintf("%s, variant %d", l.Name, v), entries); err != nil {
			return 0, err
		}
	}
	ask := func(ctx context.Context, c peer.Conn, i int) error {
		// Another stride for each round keeps clients from asking the same at once.
		_, err := c.List(ctx, t.work.Query(l, i*7%variants), work.Limit)
		return err
	}
	d := drive{clients: readers, n: t.requests, within: t.within, least: variants}
	res, err := d.run(ctx, t.log, ask, ask)
	if err != nil {
		return 0, err
	}
	t.noteLatencies(table, name, res)
	return sum, nil
}
