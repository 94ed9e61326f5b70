package index

import (
	"context"
	"errors"
	"fmt"
	"os"

	segment "github.com/blevesearch/scorch_segment_api/v2"

	"auditlog/fulltext"
)

// Rebuild makes the index anew, from the whole log, and calls progress with how
// many changes of the log are taken in, of how many. No Run may use the folder.
func Rebuild(ctx context.Context, cfg Config, progress func(done, of uint64)) error {
	if err := errors.Join(os.RemoveAll(cfg.Dir), removeAside(cfg.Dir)); err != nil {
		return err
	}
	x := New(cfg)
	e, docs, err := x.openOnce(ctx)
	if err != nil {
		return err
	}
	f := &follower{x: x, e: e, docs: docs}
	if err = f.catchUp(ctx, progress); err == nil {
		err = e.merge(ctx)
	}
	return e.finish(err)
}

// catchUp takes in all changes that there are.
func (f *follower) catchUp(ctx context.Context, progress func(done, of uint64)) error {
	err := f.begin()
	for full := true; full && err == nil; {
		if err = ctx.Err(); err == nil {
			full, err = f.Step(ctx)
			progress(f.docs.cursor, f.x.cfg.Source.BlockSeq())
		}
	}
	return err
}

// Check compares the index in cfg.Dir with the blocks of the log and calls report
// with every disagreement. No Run may use the folder, in which nothing is written. A
// folder that is missing or whose index is of something else is no problem: the index
// will be built. The error is for what kept it from reading.
func Check(ctx context.Context, cfg Config, report func(problem string)) error {
	if _, err := os.Stat(cfg.Dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	x := New(cfg)
	e, docs, err := x.openedOnce(ctx, openEngineReadOnly)
	var stale *staleError
	switch {
	case errors.As(err, &stale), errors.Is(err, errNoIndex):
		return nil
	case err != nil && (ctx.Err() != nil || saysNothing(err) || isUnreadable(err)):
		return err
	case err != nil:
		report(fmt.Sprintf("the index is damaged and will be rebuilt: %v", err))
		return nil
	}
	c := &checker{ctx: ctx, src: cfg.Source, docs: docs, report: report}
	return e.finish(e.read(c.snapshot))
}

// checker compares the terms of documents with the words of their blocks.
type checker struct {
	ctx    context.Context
	src    Source
	docs   *docSet
	report func(string)
}

func (c *checker) snapshot(s *snapshot) error {
	for _, id := range c.docs.stale {
		c.report(fmt.Sprintf("the index has %v as of change %d, which is not there", id.key, id.seq))
	}
	for _, p := range s.parts {
		if err := c.part(p); err != nil {
			return err
		}
	}
	return nil
}

// part checks that each document of a part has all terms of its block, and as many.
func (c *checker) part(p part) error {
	dict, err := p.segment.Dictionary(fieldText)
	if err != nil {
		return err
	}
	counts, err := countTerms(dict, len(p.docs.ids))
	if err != nil {
		return err
	}
	for n, id := range p.docs.ids {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if p.deleted != nil && p.deleted.Contains(uint32(n)) || c.docs.seqs[id.key] != id.seq {
			continue
		}
		if err := c.document(dict, uint32(n), id, counts[n]); err != nil {
			return err
		}
	}
	return nil
}

// document checks document n of a segment, which has count terms.
func (c *checker) document(dict segment.TermDictionary, n uint32, id docID, count int) error {
	want := newDocument(id)
	ok, err := c.src.BlockTexts(id.key, want.add, want.addWhole)
	if err != nil {
		return &sourceError{fmt.Errorf("read %v: %w", id.key, err)}
	}
	if !ok || c.outdated(id) {
		return nil // it changed meanwhile
	}
	l := lookup{ctx: c.ctx, dict: dict}
	missing := 0
	for term := range want.terms {
		docs, err := l.term([]byte(term))
		if err != nil {
			return err
		}
		if !docs.Contains(n) {
			missing++
		}
	}
	if missing > 0 || count != len(want.terms) {
		c.report(fmt.Sprintf("the index has %d terms of %v, of which the block has %d; it lacks %d", count, id.key, len(want.terms), missing))
	}
	return nil
}

// outdated reports whether the block of a document has changed since.
func (c *checker) outdated(id docID) bool {
	found := false
	err := eachChange(c.ctx, c.src, c.docs.cursor, func(change fulltext.BlockChange) error {
		found = found || change.Key == id.key
		return nil
	})
	return found || err != nil
}

// countTerms returns how many terms each of n documents has.
func countTerms(dict segment.TermDictionary, n int) ([]int, error) {
	counts := make([]int, n)
	l := lookup{dict: dict}
	it := dict.AutomatonIterator(nil, nil, nil)
	for {
		entry, err := it.Next()
		if entry == nil || err != nil {
			return counts, err
		}
		docs, err := l.term([]byte(entry.Term))
		if err != nil {
			return nil, err
		}
		for i := docs.Iterator(); i.HasNext(); {
			if d := int(i.Next()); d < n {
				counts[d]++
			}
		}
	}
}
