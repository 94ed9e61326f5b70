package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/columns"
	"auditlog/console/filter"
	"auditlog/console/stream"
)

// keyAfter is the id after which a live view begins.
const keyAfter = "after"

// live answers with entries of a view as they are committed, as server-sent
// events: "rows" with the rows' HTML, "many" when there were too many to show,
// and "end" with the reason when the view is over.
func (c *console) live(v *visit) error {
	params := v.r.URL.Query()
	f, err := filter.Parse(params, v.Zone)
	if err != nil {
		return err
	}
	if f.Within, err = c.mayRead(v, rights.AuditLogFollow, f.Project); err != nil {
		return err
	}
	shown, err := c.opts.Store.Prepare(liveQuery(f))
	if err != nil {
		return err
	}
	after, err := afterOf(v.r)
	if err != nil {
		return err
	}
	leave, err := c.watchers.Enter(v.who.TokenID)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := c.liveContext(v)
	defer cancel()
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	c.note(v, rights.AuditLogFollow, shown.Query(), "a live view")
	w := &stream.Watch{
		Log: c.opts.Store, Project: f.Project, Shown: shown, After: after, Out: stream.Patient{To: v.w},
		Rows: func(entries []*audit.Entry) (string, error) { return c.liveRows(v, f, entries) },
		Over: func() bool { return c.everybody == nil && c.opts.Auth.Standing(&v.who) != nil },
	}
	// From here on what fails is the connection, or the view is over.
	_ = w.Run(ctx)
	return nil
}

// afterOf returns the id of the last entry that the browser has: after a broken
// connection it says so itself.
func afterOf(r *http.Request) (int64, error) {
	s := r.Header.Get("Last-Event-ID")
	if s == "" {
		s = r.URL.Query().Get(keyAfter)
	}
	after, err := strconv.ParseInt(s, 10, 64)
	if err != nil || after < 0 {
		return 0, audit.FieldErrorf(keyAfter, "must be the id of an entry, or 0")
	}
	return after, nil
}

// liveQuery returns what a view of f shows of entries to come: a range that is
// relative to now goes on.
func liveQuery(f filter.Filter) audit.Query {
	if f.Range != "" {
		f = f.With(filter.KeyRange, "")
	}
	return f.Query(time.Time{}, time.UTC)
}

// liveRows returns the HTML of entries, the newest first.
func (c *console) liveRows(v *visit, f filter.Filter, entries []*audit.Entry) (string, error) {
	page := logsPage{Filter: f, Shows: columns.Of(v.r)}
	v.Now = c.opts.Now().UTC()
	for _, e := range slices.Backward(entries) {
		page.Rows = append(page.Rows, c.row(v, f, e))
	}
	if len(page.Rows) == 0 {
		return "", nil
	}
	html, err := c.draw.HTML("logs", "entry-rows", page)
	return string(html), err
}
