package store

import (
	"context"

	"auditlog/audit"
)

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// Listing asks for one page of a project's entries.
type Listing struct {
	Query audit.Query
	// Text is the parsed form of Query.Text, nil when that is empty.
	Text Text
	// Limit is 1 to MaxLimit; 0 means DefaultLimit.
	Limit int
	// Cursor is a former page's Next, or empty for the newest entries.
	Cursor string

	once bool // nobody will ask for these entries again soon
}

// Page is an answer to a Listing: entries newest first by (CreatedAt, ID).
type Page struct {
	Entries []*audit.Entry
	// Next continues the listing; empty when this was the last page.
	Next string
}

// List returns one page. The entries are shared and must not be changed.
//
// Paging with Next neither repeats nor leaves out an entry that was there when
// the first page was read, whatever is recorded meanwhile. A project that was
// never recorded to is empty. It returns Invalid Faults with the path of what is
// wrong.
func (s *Store) List(ctx context.Context, l Listing) (Page, error) {
	if l.Limit == 0 {
		l.Limit = DefaultLimit
	}
	if l.Limit < 0 || l.Limit > MaxLimit {
		return Page{}, audit.FieldErrorf("limit", "must be from 1 to %d", MaxLimit)
	}
	l.Query.Normalize()
	if err := l.Query.Validate(); err != nil {
		return Page{}, err
	}
	_, to := l.Query.Bounds()
	below := audit.Position{At: to}
	if l.Cursor != "" {
		var err error
		if below, err = decodeCursor(&l.Query, l.Cursor); err != nil {
			return Page{}, err
		}
	}
	return s.page(ctx, &l, below)
}

// page collects what lies below a position, one entry more than asked for to
// know whether there is a next page.
func (s *Store) page(ctx context.Context, l *Listing, below audit.Position) (Page, error) {
	var page Page
	err := s.walk(ctx, l, below, func(e *audit.Entry) bool {
		if len(page.Entries) == l.Limit {
			page.Next = encodeCursor(&l.Query, page.Entries[l.Limit-1].Position())
			return false
		}
		if page.Entries == nil {
			page.Entries = make([]*audit.Entry, 0, min(l.Limit, DefaultLimit))
		}
		page.Entries = append(page.Entries, e)
		return true
	})
	return page, err
}

// exportPage is how many entries an export reads in one go, so that no long
// transaction keeps freed pages from being reused.
const exportPage = MaxLimit

// Export calls fn with every entry that matches, newest first, in constant
// memory. It stops at fn's first error and returns it.
func (s *Store) Export(ctx context.Context, q audit.Query, text Text, fn func(*audit.Entry) error) error {
	l := Listing{Query: q, Text: text, Limit: exportPage, once: true}
	for {
		page, err := s.List(ctx, l)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		l.Cursor = page.Next
	}
}
