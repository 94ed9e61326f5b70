package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
)

const (
	// heartbeat keeps proxies from taking a quiet view for a dead one.
	heartbeat = 15 * time.Second
	// settle is how long a view waits after an entry for more to come with it.
	settle = 200 * time.Millisecond
	// burst is how many entries of its own a view takes at once, of how many bytes; of
	// more it is told that there are too many to show.
	burst      = 200
	burstBytes = 1 << 20
	// chunk is how many entries are read at once.
	chunk = 1000
)

// keyAfter is the id after which a live view begins.
const keyAfter = "after"

// live answers with entries of a view as they are committed, as server-sent
// events: "rows" with the rows' HTML, "many" when there were too many to show,
// and "end" with the reason when the view is over.
func (c *console) live(v *visit) error {
	params := v.r.URL.Query()
	f, err := parseFilter(params, v.zone)
	if err != nil {
		return err
	}
	if f.within, err = c.mayRead(v, rights.AuditLogFollow, f.Project); err != nil {
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
	w := &watch{console: c, v: v, f: f, shown: shown, after: after, out: patientWriter{v.w}}
	// From here on what fails is the connection, or the view is over.
	_ = w.run(ctx)
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
func liveQuery(f filter) audit.Query {
	if f.Range != "" {
		f = f.with(keyRange, "")
	}
	return f.query(time.Time{}, time.UTC)
}

// watch is one live view.
type watch struct {
	*console
	v     *visit
	f     filter
	shown audit.Selection
	after int64
	out   patientWriter
}

func (w *watch) run(ctx context.Context) error {
	if err := w.send("", "retry: 2000\n\n"); err != nil {
		return err
	}
	for {
		found, err := w.wait(ctx)
		switch {
		case w.over():
			return w.send("end", "over")
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case found:
			err = w.entries(ctx)
		default:
			err = w.send("", ": beat\n\n")
		}
		if err != nil {
			return err
		}
	}
}

// wait returns true once there are entries that the view has not seen, false
// when it is time for a heartbeat.
func (w *watch) wait(ctx context.Context) (bool, error) {
	beat, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	err := w.opts.Store.Wait(beat, w.after)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// over reports whether the session, or the token that it acts by, has ended.
func (w *watch) over() bool {
	if w.everybody != nil {
		return false
	}
	return w.opts.Auth.Standing(&w.v.who) != nil
}

// entries sends what was committed since the last time.
func (w *watch) entries(ctx context.Context) error {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil
	}
	last := w.opts.Store.LastID()
	var fresh []*audit.Entry
	size := 0 // of what is large in them
	for {
		entries, through, err := w.next(ctx)
		if err != nil {
			return err
		}
		if through == w.after {
			break
		}
		w.after = through
		for _, e := range entries {
			if w.shown.Match(e) {
				fresh = append(fresh, e)
				size += len(e.Detail)
			}
		}
		if len(fresh) > burst || size > burstBytes {
			w.after = max(last, w.after)
			return w.send("many", "more")
		}
	}
	w.after = max(last, w.after)
	html, err := w.rows(fresh)
	if err != nil || html == "" {
		return err
	}
	return w.send("rows", html)
}

// next returns entries that the view has not seen, of its project or of all, and the id up to
// which it then has seen everything: that of before at the end.
func (w *watch) next(ctx context.Context) (entries []*audit.Entry, through int64, err error) {
	if w.f.Project == "" {
		return w.opts.Store.After(ctx, w.after, chunk)
	}
	entries, err = w.opts.Store.Since(ctx, w.f.Project, w.after, chunk)
	if len(entries) == 0 {
		return nil, w.after, err
	}
	return entries, entries[len(entries)-1].ID, nil
}

// rows returns the HTML of entries, the newest first.
func (w *watch) rows(entries []*audit.Entry) (string, error) {
	page := logsPage{Filter: w.f, Shows: columnsOf(w.v.r)}
	w.v.now = w.opts.Now().UTC()
	for _, e := range slices.Backward(entries) {
		page.Rows = append(page.Rows, w.row(w.v, w.f, e))
	}
	if len(page.Rows) == 0 {
		return "", nil
	}
	var b bytes.Buffer
	err := w.pages["logs"].ExecuteTemplate(&b, "entry-rows", page)
	return string(w.underBase(spellOut(b.Bytes()))), err
}

// send writes one event, or data alone when it has no name.
func (w *watch) send(event, data string) error {
	if event != "" {
		data = fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", w.after, event, eventLines.Replace(data))
	}
	if _, err := w.out.Write([]byte(data)); err != nil {
		return err
	}
	return w.out.flush()
}

// eventLines lets data have lines of its own. A carriage return ends a line of an
// event as well, and can only be part of a value here.
var eventLines = strings.NewReplacer("\r", "&#13;", "\n", "\ndata: ")
