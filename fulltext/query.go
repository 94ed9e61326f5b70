package fulltext

import (
	"context"
	"net/netip"

	"auditlog/audit"
)

// Condition is what a full-text query asks of entries. It does not change, and may be
// used by several goroutines at once.
type Condition interface {
	// Terms returns which of the query's terms occur in one value of an entry, a bit
	// each. Those that occur in a piece of an ASCII value between two bytes which are
	// neither letters nor digits, these included, occur in the value.
	Terms(value string) uint64
	// Whole returns which of the query's terms one value is, of those that are found
	// whole and not by their words: ids.
	Whole(value string) uint64
	// Match reports whether an entry matches whose values together hold terms.
	Match(terms uint64) bool
	// Clues returns what is known of the terms, or nil if each value has to be
	// looked at.
	Clues() *Clues
}

// Narrowing says which blocks can hold what is asked for.
type Narrowing interface {
	// Blocks returns of each of some projects, newest first, the blocks that begin at or before
	// a position and may hold a match, as of the sequence through: blocks that
	// changed later are not covered. ok is false when every block has to be looked
	// into. Entries before after (microseconds) are not asked for.
	Blocks(ctx context.Context, of []ProjectID, before audit.Position, after int64) (keys [][]BlockKey, through uint64, ok bool, err error)
}

// Query is a condition together with the index that narrows it down.
type Query interface {
	Condition
	Narrowing
}

// Exact is what filters ask of entries that an index knows, too.
type Exact struct {
	// Whole are values, each of which an entry must have among those that are found whole,
	// by a search or a filter.
	Whole []string
	// Addresses is a range, or one, of which an entry must have an address among those values
	// that are looked into for words. The zero Prefix asks for none.
	Addresses netip.Prefix
}

// Match reports whether an entry matches a condition.
func Match(c Condition, e *audit.Entry) bool {
	var terms uint64
	e.EachText(func(v string) { terms |= c.Terms(v) })
	e.EachWhole(func(v string) { terms |= c.Whole(v) })
	return c.Match(terms)
}

// Clues is what is known of the terms of a query.
type Clues struct {
	Terms []Clue
	// Normal appends the normal form of a text, in which words are looked for if it
	// is not ASCII. ASCII has only letter cases, and never merges with what is before it.
	Normal func(dst []byte, text string) []byte
}

// Clue is what a value must hold for one of a query's terms to occur in it: all of
// Words.
type Clue struct {
	Words []Word
	// Whole is what a value must be that is found whole; empty if no such value is the term.
	Whole string
	// Wanted says that no entry matches without the term.
	Wanted bool
}
