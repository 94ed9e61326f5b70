package store

import (
	"context"

	"auditlog/audit"
	"auditlog/store/block/search"
	"auditlog/store/format"
)

// Text decides the full-text part of a query, and narrows the blocks that a
// listing has to look into. Package index makes it.
type Text interface {
	// Terms returns which of the query's terms occur in one value of an entry,
	// a bit each.
	Terms(value string) uint64
	// Match reports whether an entry matches whose values together hold terms.
	Match(terms uint64) bool
	// Clues returns what a value must hold for each of the query's terms to occur in
	// it, or nil if each value has to be looked at. What a piece of a value holds
	// that stands between two ASCII bytes which are neither letters nor digits, the value holds.
	Clues() *Clues
	// Blocks returns, newest first, the blocks of a project that begin at or
	// before the position and may hold a match, as of the sequence through:
	// blocks that changed later are not covered. ok is false when every block
	// has to be looked into. Entries before after (microseconds) are not asked for.
	Blocks(ctx context.Context, p format.ProjectID, before audit.Position, after int64) (keys []format.BlockKey, through uint64, ok bool, err error)
}

// Clues is what is known of the terms of a query.
type Clues = search.Clues

// Clue is what a value must hold for a term of a query to occur in it.
type Clue = search.Clue

// Word is a word of a Clue.
type Word = search.Word

// NewWord returns a word in its normal form: if it is ASCII, lower case letters and
// digits. prefix says that longer words which begin so will do.
func NewWord(text string, prefix bool) Word { return search.NewWord(text, prefix) }

// matchText reports whether e matches t.
func matchText(t Text, e *audit.Entry) bool {
	var terms uint64
	e.EachText(func(v string) { terms |= t.Terms(v) })
	return t.Match(terms)
}

// found is what the index answered to a search.
type found struct {
	keys    []format.BlockKey // newest first
	through uint64            // blocks that changed later are not covered
}

// search asks the index which blocks of a stretch to look into; nil means all.
func (q *prepared) search(ctx context.Context, st stretch) (*found, error) {
	p, ok := q.s.projectID(q.query.Project)
	if !ok {
		return nil, nil // it went meanwhile: the view will say so
	}
	keys, through, ok, err := q.text.Blocks(ctx, p, st.high, st.low.At)
	if err != nil || !ok {
		return nil, err
	}
	return &found{keys, through}, nil
}
