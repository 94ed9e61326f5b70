package store

import (
	"context"

	"auditlog/admit"
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
	st := q.whole()
	if p.Cursor != "" {
		var err error
		if st.high, err = q.decodeCursor(p.Cursor); err != nil {
			return audit.Page{}, err
		}
	}
	page := gathering{limit: p.Limit, bytes: p.Bytes}
	err := admit.Work(ctx, func(ctx context.Context) error { return q.collect(ctx, st, (*block.Block).Kept, &page) })
	if err != nil {
		return audit.Page{}, err
	}
	out := audit.Page{Entries: page.entries}
	if page.more {
		out.Next = q.encodeCursor(page.entries[len(page.entries)-1].Position())
	}
	return out, nil
}

// collect gathers the newest entries of a stretch that are selected.
func (q *prepared) collect(ctx context.Context, st stretch, entry entryOf, into *gathering) error {
	into.ctx = ctx
	if err := q.walk(ctx, st, entry, into.add); err != nil {
		return err
	}
	return into.err
}

// exportPage and exportBytes bound what an export reads in one go, so that no long
// transaction keeps freed pages from being reused, and nobody has much in memory.
const (
	exportPage  = 1000
	exportBytes = 1 << 20
)

// Export calls fn with everything that is selected: see audit.Selection.
func (q *prepared) Export(ctx context.Context, fn func(*audit.Entry) error) error {
	st := q.whole()
	page := gathering{limit: exportPage, bytes: exportBytes}
	for more := true; more; more = page.more {
		page.reset()
		// What is exported is not likely to be asked for again, and would drive out
		// what is.
		err := admit.Work(ctx, func(ctx context.Context) error { return q.collect(ctx, st, (*block.Block).Entry, &page) })
		if err != nil {
			return err
		}
		for _, e := range page.entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		admit.Give(ctx, page.taken)
		if n := len(page.entries); n > 0 {
			st.high = page.entries[n-1].Position()
		}
	}
	return nil
}
