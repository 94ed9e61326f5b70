package dialect

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"auditlog/audit"
	"auditlog/rpc"
)

// Header is where clients of deploys.app tell which kind they are.
const Header = "X-Deploys-Channel"

// Deploys reports whether a request comes from a client of deploys.app, which
// looks at the envelope alone and declares itself with a header.
func Deploys(r *http.Request) bool {
	_, ok := r.Header[Header]
	return ok
}

// outcomes are rpc.Values that may also be a number, or the text that Go makes
// of one: deploys.app's Go client numbers the outcomes.
type outcomes rpc.Values

// outcomeNumbers are what deploys.app's clients write, and the outcome that is meant.
// An empty one means no filter.
var outcomeNumbers = map[string]string{
	"0": "", "1": string(audit.Success), "2": audit.Failure,
	"AuditOutcome(0)": "",
}

// UnmarshalJSON reads what rpc.Values reads, or a number.
func (o *outcomes) UnmarshalJSON(b []byte) error {
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

// maxLimit is how many entries deploys.app's API lists at once.
const maxLimit = 100

// maxPage bounds a page that goes on to the end of its last microsecond.
const maxPage = 100_000

// Page returns a page as deploys.app's clients page: they ask for what is before the
// time of the last entry that they have. So a page has all entries of its last microsecond,
// however many these are. Any limit is taken for the nearest one that their API has.
func Page(ctx context.Context, sel audit.Selection, p audit.Paging) (audit.Page, error) {
	p.Limit = min(max(p.Limit, 0), maxLimit)
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
		if len(page.Entries) > maxPage {
			err = audit.Errorf(audit.TooLarge, "more than %d entries have one and the same time: "+
				"list them with a cursor, without the header %s", maxPage, Header)
		}
	}
	if err == nil && len(page.Gaps) > 0 { // of which these clients know nothing
		err = audit.Errorf(audit.Unavailable, "%v: who asks without the header %s gets the others", &audit.Incomplete{Gaps: page.Gaps}, Header)
	}
	if err != nil {
		return audit.Page{}, err
	}
	for i, e := range page.Entries {
		page.Entries[i] = Entry(e)
	}
	return page, nil
}

// Entry returns e as deploys.app's clients can show it: they know of success and
// failure alone, so the exact outcome stands in front of the detail.
func Entry(e *audit.Entry) *audit.Entry {
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

// answerError is an error as deploys.app's API words it: its clients tell errors
// apart by the message.
type answerError struct {
	rpc.Error
	// Items says what a "validate error" is about.
	Items []string `json:"items,omitempty"`
}

type envelope struct {
	OK    bool        `json:"ok"`
	Error answerError `json:"error"`
}

// Answer is what those clients are told of a fault of a method.
func Answer(f *audit.Fault, method, requestID string) any {
	e := answerError{Error: *rpc.ErrorOf(f, requestID)}
	switch f.Kind {
	case audit.Unauthenticated:
		e.Message = "api: unauthorized"
	case audit.PermissionDenied:
		e.Message = "iam: forbidden"
	case audit.NotFound:
		e.Message = "api: not found"
		if strings.HasPrefix(method, "project.") {
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
	return envelope{Error: e}
}
