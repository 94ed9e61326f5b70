package api

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// This file holds everything in which the API speaks as deploys.app's own API does,
// so that its clients can be pointed here: what their filters look like, what they
// take for a limit, and how they read an error.

// headerDeploys is where clients of deploys.app tell which kind they are.
const headerDeploys = "X-Deploys-Channel"

// deploys reports whether a request comes from a client of deploys.app, which
// looks at the envelope alone and declares itself with a header.
func deploys(r *http.Request) bool {
	_, ok := r.Header[headerDeploys]
	return ok
}

// The requests with filters as the API reads them: as package rpc has them, with
// what clients of deploys.app send besides or instead.
type (
	listRequest struct {
		rpc.ListRequest
		deploysFilters
	}
	statsRequest struct {
		rpc.StatsRequest
		deploysFilters
	}
	exportRequest struct {
		rpc.ExportRequest
		deploysFilters
	}
)

// deploysFilters are the filters that clients of deploys.app know by other names, or
// write in another way, and times as people write them. Its members hide those of rpc.Query.
type deploysFilters struct {
	Outcome deploysOutcomes `json:"outcome,omitempty"`
	From    when            `json:"from,omitempty"`   // inclusive
	To      when            `json:"to,omitempty"`     // exclusive
	After   when            `json:"after,omitempty"`  // exclusive
	Before  when            `json:"before,omitempty"` // exclusive
}

// query moves d into w, and returns the query that they stand for together at a time, or an Invalid
// Fault with the path of the time that cannot be meant.
func (d *deploysFilters) query(w *rpc.Query, now time.Time) (audit.Query, error) {
	w.Outcome = rpc.Values(d.Outcome)
	zone, err := zoneNamed(w.Zone)
	if err != nil {
		return audit.Query{}, err
	}
	var times [4]time.Time
	for i, t := range [...]struct {
		path    string
		written when
	}{{"from", d.From}, {"to", d.To}, {"after", d.After}, {"before", d.Before}} {
		if times[i], err = t.written.in(zone, now, t.path); err != nil {
			return audit.Query{}, err
		}
	}
	w.From, w.To = times[0], times[1]
	q, err := w.Query()
	if err != nil {
		return q, err
	}
	err = q.Between(times[2], times[3])
	return q, err
}

// whenSet returns t unless it is a time that is not set, as Go's zero time is. Clients
// that move it to a zone of their own send another one of the year 1.
func whenSet(t time.Time) time.Time {
	if t.Year() == 1 {
		return time.Time{}
	}
	return t
}

// deploysOutcomes are rpc.Values that may also be a number, or the text that Go makes
// of one: deploys.app's Go client numbers the outcomes.
type deploysOutcomes rpc.Values

// outcomeNumbers are what deploys.app's clients write, and the outcome that is meant.
// An empty one means no filter.
var outcomeNumbers = map[string]string{
	"0": "", "1": string(audit.Success), "2": audit.Failure,
	"AuditOutcome(0)": "",
}

// UnmarshalJSON reads what rpc.Values reads, or a number.
func (o *deploysOutcomes) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if name, ok := outcomeNumbers[string(b)]; ok {
		b = []byte(`"` + name + `"`)
	}
	var list rpc.Values
	if err := list.UnmarshalJSON(b); err != nil {
		return err
	}
	*o = nil
	for _, s := range list {
		if name, ok := outcomeNumbers[s]; ok {
			s = name
		}
		if s != "" {
			*o = append(*o, s)
		}
	}
	return nil
}

// deploysMaxLimit is how many entries deploys.app's API lists at once.
const deploysMaxLimit = 100

// deploysMaxPage bounds a page that goes on to the end of its last microsecond.
const deploysMaxPage = 100_000

// deploysPage returns a page as deploys.app's clients page: they ask for what is before the
// time of the last entry that they have. So a page has all entries of its last microsecond,
// however many these are. Any limit is taken for the nearest one that their API has.
func deploysPage(ctx context.Context, sel audit.Selection, p audit.Paging) (audit.Page, error) {
	p.Limit = min(max(p.Limit, 0), deploysMaxLimit)
	page, err := sel.List(ctx, p)
	for err == nil && page.Next != "" {
		last := page.Entries[len(page.Entries)-1].CreatedAt
		p = audit.Paging{Limit: audit.MaxLimit, Cursor: page.Next}
		var more audit.Page
		if more, err = sel.List(ctx, p); err != nil {
			break
		}
		n := slices.IndexFunc(more.Entries, func(e *audit.Entry) bool { return !e.CreatedAt.Equal(last) })
		if n == 0 {
			break
		}
		if n > 0 { // where it ends is known to a page that ends there
			p.Limit = n
			if more, err = sel.List(ctx, p); err != nil {
				break
			}
		}
		page.Entries, page.Next, page.Gaps = append(page.Entries, more.Entries...), more.Next, append(page.Gaps, more.Gaps...)
		if n > 0 {
			break
		}
		if len(page.Entries) > deploysMaxPage {
			err = audit.Errorf(audit.TooLarge, "more than %d entries have one and the same time: "+
				"list them with a cursor, without the header %s", deploysMaxPage, headerDeploys)
		}
	}
	if err == nil && len(page.Gaps) > 0 { // of which these clients know nothing
		err = audit.Errorf(audit.Unavailable, "%v: who asks without the header %s gets the others", &audit.Incomplete{Gaps: page.Gaps}, headerDeploys)
	}
	if err != nil {
		return audit.Page{}, err
	}
	for i, e := range page.Entries {
		page.Entries[i] = deploysEntry(e)
	}
	return page, nil
}

// deploysEntry returns e as deploys.app's clients can show it: they know of success and
// failure alone, so the exact outcome stands in front of the detail.
func deploysEntry(e *audit.Entry) *audit.Entry {
	if e.Outcome == audit.Success {
		return e
	}
	shown := *e // the log's own stays as it is
	shown.Outcome = audit.Failure
	shown.Detail = string(e.Outcome)
	if e.Detail != "" {
		shown.Detail += ": " + e.Detail
	}
	return &shown
}

// deploysError is an error as deploys.app's API words it: its clients tell errors
// apart by the message.
type deploysError struct {
	rpc.Error
	// Items says what a "validate error" is about.
	Items []string `json:"items,omitempty"`
}

type deploysEnvelope struct {
	OK    bool         `json:"ok"`
	Error deploysError `json:"error"`
}

func deploysAnswer(f *audit.Fault, x *exchange) deploysEnvelope {
	e := deploysError{Error: *rpc.ErrorOf(f, x.id)}
	switch f.Kind {
	case audit.Unauthenticated:
		e.Message = "api: unauthorized"
	case audit.PermissionDenied:
		e.Message = "iam: forbidden"
	case audit.NotFound:
		e.Message = "api: not found"
		if strings.HasPrefix(x.method, "project.") {
			e.Message = "api: project not found"
		}
	case audit.Invalid:
		e.Items = []string{e.Message}
		e.Message = "api: validate error"
		if f.Message == "is required" {
			e.Message = f.Where() + " required"
		}
	case audit.Internal:
		e.Message = "api: internal error"
	}
	return deploysEnvelope{Error: e}
}
