package store

import (
	"context"

	"auditlog/audit"
	"auditlog/store/block"
)

// List returns one page: see audit.Selection.
func (q *prepared) List(ctx context.Context, p audit.Paging) (audit.Page, error) {
	if p.Limit == 0 {
		p.Limit = audit.DefaultLimit
	}
	if p.Limit < 0 || p.Limit > audit.MaxLimit {
		return audit.Page{}, audit.FieldErrorf("limit", "must be from 1 to %d", audit.MaxLimit)
	}
	var last audit.Position
	if p.Cursor != "" {
		var err error
		if q, last, err = q.continued(p.Cursor); err != nil {
			return audit.Page{}, err
		}
	}
	st := q.whole()
	if p.Cursor != "" {
		st.high = last
	}
	var page audit.Page
	more, err := q.collect(ctx, st, p.Limit, (*block.Block).Kept, &page.Entries)
	if more {
		page.Next = q.encodeCursor(page.Entries[len(page.Entries)-1].Position())
	}
	return page, err
}

// collect appends the newest entries of a stretch that are selected, at most limit.
// more reports whether there are others.
func (q *prepared) collect(ctx context.Context, st stretch, limit int, entry entryOf, into *[]*audit.Entry) (more bool, err error) {
	err = q.walk(ctx, st, entry, func(e *audit.Entry) bool {
		if len(*into) == limit {
			more = true
			return false
		}
		if *into == nil {
			*into = make([]*audit.Entry, 0, min(limit, audit.DefaultLimit))
		}
		*into = append(*into, e)
		return true
	})
	return more, err
}

// exportPage is how many entries an export reads in one go, so that no long
// transaction keeps freed pages from being reused.
const exportPage = 1000

// Export calls fn with everything that is selected: see audit.Selection.
func (q *prepared) Export(ctx context.Context, fn func(*audit.Entry) error) error {
	st := q.whole()
	entries := make([]*audit.Entry, 0, exportPage)
	for more := true; more; {
		var err error
		entries = entries[:0]
		// What is exported is not likely to be asked for again, and would drive out
		// what is.
		if more, err = q.collect(ctx, st, exportPage, (*block.Block).Entry, &entries); err != nil {
			return err
		}
		for _, e := range entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		if len(entries) > 0 {
			st.high = entries[len(entries)-1].Position()
		}
	}
	return nil
}
