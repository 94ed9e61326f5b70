package index

import (
	"context"
	"errors"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"auditlog/audit"
	"auditlog/fulltext"
)

// maxPrefixTerms bounds how many terms of a segment are looked up for a prefix, to
// some ten milliseconds. A prefix that begins more words narrows nothing there.
const maxPrefixTerms = 20_000

// Search is a query together with the index that narrows it.
type Search struct {
	*Query
	index      *Index
	conditions []condition
}

var _ fulltext.Query = (*Search)(nil)

// Search returns q with the index behind it.
func (x *Index) Search(q *Query) *Search {
	s := &Search{Query: q, index: x}
	for i := range q.terms {
		if q.want>>i&1 != 0 {
			s.conditions = append(s.conditions, q.terms[i].condition())
		}
	}
	return s
}

// Blocks returns, newest first, the blocks of a project that begin at or before a
// position and may hold a match, as of the sequence through: blocks that changed
// later are not covered, and the block must be read in a transaction that began
// after Blocks returned. Entries before after are not asked for.
//
// ok is false when every block has to be looked into: the query only excludes, or
// the index is being opened or repaired. The error is the context's.
func (s *Search) Blocks(ctx context.Context, p fulltext.ProjectID, before audit.Position, after int64) (keys []fulltext.BlockKey, through uint64, ok bool, err error) {
	if len(s.conditions) == 0 {
		return nil, 0, false, ctx.Err()
	}
	err = s.index.read(func(snap *snapshot) error {
		f := finder{ctx: ctx, project: p, conditions: s.conditions}
		for _, part := range snap.parts {
			if err := f.part(part); err != nil {
				return err
			}
		}
		keys, through = trim(f.keys, before, after), snap.cursor
		return snap.unchanged()
	})
	switch {
	case err == nil:
		return keys, through, true, nil
	case ctx.Err() != nil:
		return nil, 0, false, ctx.Err()
	}
	return nil, 0, false, nil
}

// trim sorts keys, newest first, and cuts off those that begin after before and
// those that end before after. Blocks do not overlap, so of those that begin
// before after only the last can reach it.
func trim(keys []fulltext.BlockKey, before audit.Position, after int64) []fulltext.BlockKey {
	keys = slices.DeleteFunc(keys, func(k fulltext.BlockKey) bool { return k.Compare(before) > 0 })
	slices.SortFunc(keys, func(a, b fulltext.BlockKey) int { return b.Compare(a.Position) })
	if i := slices.IndexFunc(keys, func(k fulltext.BlockKey) bool { return k.At < after }); i >= 0 {
		keys = keys[:i+1]
	}
	return keys
}

// finder finds the documents of a project that fulfil conditions.
type finder struct {
	ctx        context.Context
	project    fulltext.ProjectID
	conditions []condition
	keys       []fulltext.BlockKey
}

// part adds what a part of the index holds.
func (f *finder) part(p part) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	docs := p.docs.byProject[f.project]
	if docs == nil {
		return nil
	}
	dict, err := p.segment.Dictionary(fieldText)
	if err != nil {
		return err
	}
	l := lookup{ctx: f.ctx, dict: dict}
	found, err := l.conditions(docs, f.conditions)
	if err != nil {
		return err
	}
	if p.deleted != nil {
		found.AndNot(p.deleted)
	}
	for it := found.Iterator(); it.HasNext(); {
		f.keys = append(f.keys, p.docs.ids[it.Next()].key)
	}
	return nil
}

// lookup reads the terms of one segment.
type lookup struct {
	ctx  context.Context
	dict segment.TermDictionary
}

// conditions returns those of docs that fulfil all conditions.
func (l *lookup) conditions(docs *roaring.Bitmap, conditions []condition) (*roaring.Bitmap, error) {
	found := docs.Clone()
	for _, c := range conditions {
		if err := l.words(found, c); err != nil {
			return nil, err
		}
	}
	for _, c := range conditions {
		if len(c.prefix) == 0 || found.IsEmpty() {
			continue
		}
		begins, err := l.prefix(c)
		if err != nil {
			return nil, err
		}
		if begins != nil {
			found.And(begins)
		}
	}
	return found, nil
}

// words removes the documents from found that have neither the terms of c's words nor its
// whole one.
func (l *lookup) words(found *roaring.Bitmap, c condition) error {
	if len(c.whole) == 0 || found.IsEmpty() {
		return l.all(found, c.all)
	}
	whole, err := l.term(c.whole)
	if err != nil {
		return err
	}
	instead := roaring.And(found, whole)
	err = l.all(found, c.all)
	found.Or(instead)
	return err
}

// all removes the documents from found that lack one of terms.
func (l *lookup) all(found *roaring.Bitmap, terms [][]byte) error {
	for _, t := range terms {
		if found.IsEmpty() {
			return nil
		}
		docs, err := l.term(t)
		if err != nil {
			return err
		}
		found.And(docs)
	}
	return nil
}

// prefix returns the documents that have a word that begins as c says, or nil
// when that is too much to find out.
func (l *lookup) prefix(c condition) (*roaring.Bitmap, error) {
	found := roaring.New()
	if len(c.digest) > 0 {
		digests, err := l.term(c.digest)
		if err != nil {
			return nil, err
		}
		found.Or(digests)
	}
	it := l.dict.AutomatonIterator(nil, c.prefix, prefixEnd(c.prefix))
	for n := 0; ; n++ {
		entry, err := it.Next()
		if entry == nil || err != nil {
			return found, err
		}
		if n == maxPrefixTerms {
			return nil, nil
		}
		if n%256 == 0 && l.ctx.Err() != nil {
			return nil, l.ctx.Err()
		}
		docs, err := l.term([]byte(entry.Term))
		if err != nil {
			return nil, err
		}
		found.Or(docs)
	}
}

// prefixEnd returns the first term behind those that begin with prefix, which is
// a word and so never ends in 0xff.
func prefixEnd(prefix []byte) []byte {
	end := slices.Clone(prefix)
	end[len(end)-1]++
	return end
}

// bitmapIterator is how bleve gives a term's documents as a whole.
type bitmapIterator interface {
	DocNum1Hit() (uint64, bool)
	ActualBitmap() *roaring.Bitmap
}

// term returns the documents that have a term. They must not be changed.
func (l *lookup) term(term []byte) (*roaring.Bitmap, error) {
	list, err := l.dict.PostingsList(term, nil, nil)
	if err != nil {
		return nil, err
	}
	it, ok := list.Iterator(false, false, false, nil).(bitmapIterator)
	if !ok {
		return nil, errors.New("bleve gives no bitmap of documents")
	}
	if n, ok := it.DocNum1Hit(); ok {
		return roaring.BitmapOf(uint32(n)), nil
	}
	if docs := it.ActualBitmap(); docs != nil {
		return docs, nil
	}
	return roaring.New(), nil
}
