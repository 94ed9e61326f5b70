package index

import (
	"bytes"
	"context"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/index/lexicon"
)

// maxPrefixTerms bounds how many words of a segment are looked at for a prefix, to
// some milliseconds. A prefix that begins more words narrows nothing there.
const maxPrefixTerms = 20_000

// Search is a query together with the index that narrows it.
type Search struct {
	*Query
	narrowing
}

var _ fulltext.Query = (*Search)(nil)

// Search returns q with the index behind it.
func (x *Index) Search(q *Query) *Search {
	s := &Search{q, narrowing{index: x}}
	for i := range q.terms {
		if q.want>>i&1 != 0 {
			s.conditions = append(s.conditions, q.terms[i].condition())
		}
	}
	return s
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

// finder finds the documents of a project that fulfil conditions. It reads what the index
// has of that project, and nothing that others recorded.
type finder struct {
	ctx        context.Context
	project    fulltext.ProjectID
	conditions []condition
	keys       []fulltext.BlockKey
	// seen counts the words and cells that were looked at.
	seen int
}

// part adds what a part of the index holds.
func (f *finder) part(p part) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	section := p.segment.Section(f.project)
	if section == nil {
		return nil
	}
	l := lookup{finder: f, section: section}
	found := lexicon.All(section.Docs())
	if p.deleted != nil {
		for n := range section.Docs() {
			if p.deleted.Contains(uint32(section.First + n)) {
				found.Remove(n)
			}
		}
	}
	if err := l.narrow(found); err != nil {
		return err
	}
	ids := p.segment.IDs()
	found.Each(func(n int) { f.keys = append(f.keys, ids[section.First+n].Key) })
	return nil
}

// lookup looks up terms in a section.
type lookup struct {
	*finder
	section *lexicon.Section
}

// narrow removes the documents from found that do not fulfil all conditions.
func (l *lookup) narrow(found lexicon.Set) error {
	for _, c := range l.conditions {
		if err := l.condition(found, c); err != nil {
			return err
		}
	}
	for _, c := range l.conditions {
		if len(c.prefix) == 0 || found.Empty() {
			continue
		}
		begins, err := l.prefix(c)
		if err != nil {
			return err
		}
		if begins != nil {
			found.And(begins)
		}
	}
	return nil
}

// condition removes the documents from found that have neither c's words and hashes nor its
// whole one.
func (l *lookup) condition(found lexicon.Set, c condition) error {
	if !c.whole || found.Empty() {
		return l.all(found, c)
	}
	instead, err := l.hash(c.wholeHash)
	if err != nil {
		return err
	}
	instead.And(found)
	err = l.all(found, c)
	found.Or(instead)
	return err
}

// all removes the documents from found that lack one of c's words and hashes.
func (l *lookup) all(found lexicon.Set, c condition) error {
	for _, h := range c.hashes { // which leave fewer than words
		if found.Empty() {
			return nil
		}
		docs, err := l.hash(h)
		if err != nil {
			return err
		}
		found.And(docs)
	}
	for _, w := range c.words {
		if found.Empty() {
			return nil
		}
		docs, err := l.word(w)
		if err != nil {
			return err
		}
		found.And(docs)
	}
	return nil
}

// prefix returns the documents that have a word that begins as c says, or nil
// when that is too much to find out.
func (l *lookup) prefix(c condition) (lexicon.Set, error) {
	found := lexicon.NewSet(l.section.Docs())
	if len(c.digest) > 0 {
		var err error
		if found, err = l.word(c.digest); err != nil {
			return nil, err
		}
	}
	words := l.section.Words(c.prefix)
	defer func() { l.seen += words.Seen() }()
	for n := 0; words.Next() && bytes.HasPrefix(words.Word(), c.prefix); n++ {
		if n == maxPrefixTerms {
			return nil, nil
		}
		if n%256 == 0 && l.ctx.Err() != nil {
			return nil, l.ctx.Err()
		}
		words.AddTo(found)
	}
	return found, words.Err()
}

// word returns the documents that have a word.
func (l *lookup) word(word []byte) (lexicon.Set, error) {
	docs, seen, err := l.section.Word(word)
	l.seen += seen
	return docs, err
}

// hash returns the documents that have a hash.
func (l *lookup) hash(hash uint32) (lexicon.Set, error) {
	docs, seen, err := l.section.Hash(hash)
	l.seen += seen
	return docs, err
}
