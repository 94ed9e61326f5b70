package store

import (
	"context"

	"auditlog/audit"
)

// Text decides the full-text part of a query, and narrows the blocks that a
// listing has to look into. Package index makes it.
type Text interface {
	// Terms returns which of the query's terms occur in one value of an entry,
	// a bit each.
	Terms(value string) uint64
	// Match reports whether an entry matches whose values together hold terms.
	Match(terms uint64) bool
	// Blocks returns, newest first, the blocks of a project that begin at or
	// before the position and may hold a match, as of the sequence through:
	// blocks that changed later are not covered. ok is false when every block
	// has to be looked into. Entries before after (microseconds) are not asked for.
	Blocks(ctx context.Context, p ProjectID, before audit.Position, after int64) (keys []BlockKey, through uint64, ok bool, err error)
}

// matchText reports whether e matches t; nil matches everything.
func matchText(t Text, e *audit.Entry) bool {
	if t == nil {
		return true
	}
	var terms uint64
	e.EachText(func(v string) { terms |= t.Terms(v) })
	return t.Match(terms)
}
