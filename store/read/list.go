package read

import (
	"context"
	"time"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/found"
	"auditlog/store/memory"
	"auditlog/store/walk"
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
		st = st.After(last, q.query.Oldest)
	}
	form := found.Kept
	if p.JSON {
		form = found.Lines
	}
	page := found.NewPage(ctx, form, p.Limit, p.Bytes)
	if err := q.collect(ctx, st, page); err != nil {
		return audit.Page{}, err
	}
	out := audit.Page{Entries: page.Entries, JSON: page.JSON}
	if page.More {
		out.Next, st = q.encodeCursor(page.Last), st.Through(page.Last, q.query.Oldest)
	}
	out.Gaps = append(page.Gaps, q.lost(st)...)
	return out, nil
}

// collect adds the first entries of a stretch that are selected to a page.
func (q *prepared) collect(ctx context.Context, st walk.Stretch, into *found.Page) error {
	return admit.Work(ctx, func(ctx context.Context) error {
		if err := q.walk(ctx, st, into); err != nil {
			return err
		}
		return into.Err
	})
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
	gaps := q.lost(st)
	page := found.NewPage(ctx, found.Alone, exportPage, exportBytes)
	for more := true; more; page.Release() {
		if err := q.collect(ctx, st, page); err != nil {
			return err
		}
		for _, e := range page.Entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		gaps = audit.AppendGaps(gaps, page.Gaps...)
		if more = page.More; more {
			st = st.After(page.Last, q.query.Oldest)
		}
	}
	if len(gaps) > 0 {
		return &audit.Incomplete{Gaps: gaps}
	}
	return nil
}

// lost returns which entries of the query's projects are lost, of those that may lie in a stretch.
func (q *prepared) lost(st walk.Stretch) (gaps []audit.Gap) {
	gaps = append(gaps, q.s.mem.Hurt.Gaps...)
	q.s.mem.Mu.RLock()
	defer q.s.mem.Mu.RUnlock()
	q.s.each(&q.query, func(p *memory.Project) {
		for i := range p.Rec.Lost {
			if g := &p.Rec.Lost[i]; g.Touches(time.UnixMicro(st.Low.At), time.UnixMicro(st.High.At)) {
				gaps = append(gaps, *g)
			}
		}
	})
	return gaps
}
