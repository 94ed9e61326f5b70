package index

import (
	"context"
	"errors"
	"fmt"
	"os"

	"auditlog/fulltext"
	"auditlog/index/lexicon"
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
	for _, id := range c.docs.missed {
		if id == filler {
			continue
		}
		c.report(fmt.Sprintf("the index has %v as of change %d, which is not there", id.Key, id.Seq))
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
	for i := range p.segment.Sections() {
		section := &p.segment.Sections()[i]
		counts, err := countTerms(section)
		if err != nil {
			return err
		}
		for n, count := range counts {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			number := section.First + n
			id := p.segment.IDs()[number]
			if p.deleted != nil && p.deleted.Contains(uint32(number)) || c.docs.seqs[id.Key] != id.Seq {
				continue
			}
			if err := c.document(section, n, id, count); err != nil {
				return err
			}
		}
	}
	return nil
}

// document checks document n of a section, which has count terms.
func (c *checker) document(s *lexicon.Section, n int, id docID, count int) error {
	want := newDocument(lexicon.NewBuilder(), id)
	ok, err := c.src.BlockTexts(id.Key, want.add, want.addWhole)
	if err != nil {
		return &sourceError{fmt.Errorf("read %v: %w", id.Key, err)}
	}
	if !ok || c.outdated(id) {
		return nil // it changed meanwhile
	}
	missing := 0
	miss := func(docs lexicon.Set, _ int, e error) {
		if err = errors.Join(err, e); err == nil && !docs.Has(n) {
			missing++
		}
	}
	want.EachWord(func(word []byte) { miss(s.Word(word)) })
	hashes := make(map[uint32]bool)
	for _, h := range want.Hashes() {
		if cut := s.Cut(h); !hashes[cut] {
			hashes[cut] = true
			miss(s.Hash(h))
		}
	}
	if err != nil {
		return err
	}
	if terms := want.Words() + len(hashes); missing > 0 || count != terms {
		c.report(fmt.Sprintf("the index has %d terms of %v, of which the block has %d; it lacks %d", count, id.Key, terms, missing))
	}
	return nil
}

// outdated reports whether the block of a document has changed since.
func (c *checker) outdated(id docID) bool {
	found := false
	err := eachChange(c.ctx, c.src, c.docs.cursor, func(change fulltext.BlockChange) error {
		found = found || change.Key == id.Key
		return nil
	})
	return found || err != nil
}

// countTerms returns how many terms each document of a section has.
func countTerms(s *lexicon.Section) ([]int, error) {
	counts := make([]int, s.Docs())
	words := s.Words(nil)
	for words.Next() {
		words.Each(func(n int) { counts[n]++ })
	}
	cells := s.Cells()
	for {
		_, n, ok := cells.Next()
		if !ok {
			return counts, errors.Join(words.Err(), cells.Err())
		}
		counts[n]++
	}
}
