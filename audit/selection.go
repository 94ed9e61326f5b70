package audit

import "context"

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
	// MaxPageBytes bounds the JSON of a page's entries in the answers of this log.
	MaxPageBytes = 4 << 20
)

// Selection is a query that a log has prepared: normalized, validated and made
// ready to be read by, once. It does not change, holds nothing open, and may be
// kept for as long as the log and used by several goroutines at once.
//
// Its methods see the log as it is when they are called. A project that was never
// recorded to is empty. Of several projects they see one state, and tell of each entry which
// one it is of.
type Selection interface {
	// Query returns the query, normalized.
	Query() Query
	// List returns one page by (CreatedAt, ID), the newest first, or the oldest if the query
	// says so. The entries are shared and must not be changed.
	//
	// Paging with Next neither repeats nor leaves out an entry that was there when
	// the first page was read, whatever is recorded meanwhile. It returns Invalid
	// Faults of the fields limit and cursor.
	List(ctx context.Context, p Paging) (Page, error)
	// Stats counts what is selected, by values and over time. It returns an Invalid
	// Fault of the field buckets.
	Stats(ctx context.Context, c Counting) (*Stats, error)
	// Export calls fn with everything that is selected, in the order of List, in constant
	// memory. It stops at fn's first error and returns it. Where entries are damaged or lost
	// it calls fn with all others, and returns an *Incomplete that tells of these.
	Export(ctx context.Context, fn func(*Entry) error) error
	// Pull returns the next part of the log in commit order: see Part. It looks at a bounded
	// number of entries, so a part may have none although more is covered by the next. It
	// returns an Invalid Fault of the field limit.
	Pull(ctx context.Context, p Pulling) (Part, error)
	// Match reports whether an entry is selected. It asks the entry alone, and so
	// is for entries that came another way, such as in commit order.
	Match(e *Entry) bool
}

// Paging asks for one page.
type Paging struct {
	// Limit is 1 to MaxLimit; 0 means DefaultLimit.
	Limit int
	// Bytes bounds the JSON of the entries: a page ends before the one that would go over
	// it, but has one at least. 0 is no bound.
	Bytes int
	// JSON asks for the JSON of entries where that is at hand, which then costs less than
	// these.
	JSON bool
	// Cursor is the Next of the page before, or empty for the first entries. The query must
	// be equal, its order and Within included, but for its times: those of the first page
	// count, whatever it says.
	Cursor string
}

// Page is one page of entries.
type Page struct {
	// Entries may be fewer than were asked for although there are others.
	Entries []*Entry
	// JSON has the canonical JSON of each entry that is nil, in its place, if that was asked for.
	// Nobody changes it.
	JSON [][]byte
	// Next continues the listing; empty when this was the last page. Nothing else tells
	// whether it was.
	Next string
	// Gaps say what is missing from the part of the listing that the page is of, because it is
	// damaged or lost. One may be told by several pages.
	Gaps []Gap
}
