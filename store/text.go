package store

import (
	"context"

	"auditlog/audit"
	"auditlog/store/block/search"
)

// Text decides the full-text part of a query, and narrows the blocks that a
// listing has to look into. Package index makes it.
type Text interface {
	// Terms returns which of the query's terms occur in one value of an entry,
	// a bit each.
	Terms(value string) uint64
	// Whole returns which of the query's terms one value is, of those that are found whole
	// and not by their words.
	Whole(value string) uint64
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
	Blocks(ctx context.Context, p ProjectID, before audit.Position, after int64) (keys []BlockKey, through uint64, ok bool, err error)
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

// Whole is a value of a Clue that is found whole.
type Whole = search.Whole

// NewWhole returns a value that is found whole.
func NewWhole(text string) *Whole { return search.NewWhole(text) }

// matchText reports whether e matches t.
func matchText(t Text, e *audit.Entry) bool {
	var terms uint64
	e.EachText(func(v string) { terms |= t.Terms(v) })
	e.EachWhole(func(v string) { terms |= t.Whole(v) })
	return t.Match(terms)
}
