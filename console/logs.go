package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/calendar"
	"auditlog/console/clock"
	"auditlog/console/columns"
	"auditlog/console/entrypage"
	"auditlog/console/figures"
	"auditlog/console/filter"
	"auditlog/export"
)

// logsPage shows entries of a project, or of all that the visitor may read.
type logsPage struct {
	frame
	Filter filter.Filter
	// Search is what the search box holds, Fault what is wrong with it, and
	// QuotedURL leads to the same as mere words.
	Search    string
	Fault     string
	QuotedURL string
	Chips     []filter.Chip
	Views     []filter.View
	savedMenu
	filter.Times
	// Kept are the parameters that a form of the page hands on.
	Kept []filter.Param
	summary
	list
	// Entry is the one that is open beside the list, if any.
	Entry *entrypage.View
	// ClearURL leads to the project's entries without filters.
	ClearURL string
	// Suggestions are offered where nothing matches.
	Suggestions []figures.Suggestion
	// Address is where entries are recorded to.
	Address string
	// CSVURL and NDJSONURL export what is shown.
	CSVURL, NDJSONURL string
	// LiveURL is where new entries come from after LastID; empty for a range that
	// has ended. SummaryURL is where the summary comes from again.
	LiveURL    string
	LastID     int64
	SummaryURL string
	// Deleting is set on a project that takes no more entries.
	Deleting *audit.Deletion
	// SuggestURL is where completions of the search box come from.
	SuggestURL string
	// OrderURL leads to the same in the other order.
	OrderURL string
	// Shows is which columns the list has.
	Shows columns.Chosen
	// Held is set when somebody keeps the project from being purged.
	Held bool
}

// summary is what stands around the entries: numbers of them.
type summary struct {
	// Counted is set once there are numbers; until then CountURL leads to the page
	// that waits for them.
	Counted  bool
	CountURL string
	Total    int64
	Chart    figures.Chart
	Facets   []figures.Facet
}

// list is a page of entries.
type list struct {
	Rows []row
	// Gaps say what is missing between the rows.
	Gaps []string
	// OlderURL leads to the next page, NewestURL to the first when this is not it.
	OlderURL, NewestURL string
}

// row is an entry in the list.
type row struct {
	*audit.Entry
	At  clock.Moment
	URL string
	// Open is set on the entry that is shown beside the list, Marked on the one
	// that the view is around.
	Open, Marked bool
}

// Name is what the row calls the resource.
func (r row) Name() string {
	if r.Resource.Name != "" {
		return r.Resource.Name
	}
	return r.Resource.ID
}

// Own reports whether the row is one of the log's own entries, which nobody else can make.
func (r row) Own() bool { return r.RecordedBy == audit.RecordedByLog }

// Several reports whether the page is of all projects, and each row says which it is of.
func (p logsPage) Several() bool { return p.Filter.Project == "" }

// Further names what comes behind the rows of a page.
func (p logsPage) Further() string {
	if p.Filter.Oldest {
		return "newer"
	}
	return "older"
}

// Columns is how many columns the table has: that of the time is always there.
func (p logsPage) Columns() int {
	if p.Several() {
		return p.Shows.Count() + 2
	}
	return p.Shows.Count() + 1
}

// Choices are the columns that there may be.
func (p logsPage) Choices() []columns.Choice { return p.Shows.Choices() }

// Empty reports whether the project has no entries at all.
func (p logsPage) Empty() bool {
	return len(p.Rows) == 0 && p.NewestURL == "" && !p.Filter.Narrowed()
}

// Example names the project of the example on the page.
func (p logsPage) Example() string { return cmp.Or(p.Filter.Project, "acme") }

// keyCursor and keyEntry are parameters of the list beside its filter; keySearch
// is what the search box sends.
const (
	keyCursor = "cursor"
	keyEntry  = "entry"
	keyMark   = "mark"
	keySearch = "search"
	keyPart   = "part"
	keyZone   = "zone"
	keyCounts = "counts"
)

// formZone returns the zone in which the form of a range was filled in.
func formZone(params url.Values, zone *time.Location) *time.Location {
	if name := params.Get(keyZone); name != "" {
		if told, err := calendar.Zone(name); err == nil {
			return told
		}
	}
	return zone
}

// logs answers with the entries that a filter selects, or with a part of that page.
func (c *console) logs(v *visit) error {
	params := v.r.URL.Query()
	f, err := filter.Parse(params, formZone(params, v.Zone))
	if err != nil {
		return err
	}
	if f.Within, err = c.mayRead(v, rights.AuditLogList, f.Project); err != nil {
		return err
	}
	if params.Has(keySearch) {
		return c.redirectSearch(v, f, params.Get(keySearch))
	}
	if params.Has(keyZone) {
		c.lead(v, f.URL("/logs"))
		return nil
	}
	sel, err := c.opts.Store.Prepare(f.Query(v.Now, v.Zone))
	if err != nil {
		return c.searchFault(v, f, f.Text, err)
	}
	c.note(v, rights.AuditLogList, sel.Query(), "a list")
	err = c.showLogs(v, f, sel)
	var fault *audit.Fault
	if errors.As(err, &fault) && fault.Kind == audit.Invalid && fault.Path == filter.KeyText {
		return c.searchFault(v, f, f.Text, err) // what the index finds too costly
	}
	return err
}

// redirectSearch turns what was typed into the search box into the URL of what
// it selects.
func (c *console) redirectSearch(v *visit, f filter.Filter, typed string) error {
	if id, ok := filter.EntryNumber(typed); ok {
		return c.redirectToEntry(v, f, typed, id)
	}
	narrowed, named, err := c.savedNamed(v, typed)
	if !named {
		narrowed, err = f.Search(typed, v.Now, v.Zone)
	}
	narrowed.Within = f.Within
	if err == nil {
		_, err = c.opts.Store.Prepare(narrowed.Query(v.Now, v.Zone))
	}
	if err != nil {
		return c.searchFault(v, f, typed, err)
	}
	c.lead(v, narrowed.URL("/logs"))
	return nil
}

// redirectToEntry leads to the entry with an id, beside all entries of the view's projects.
func (c *console) redirectToEntry(v *visit, f filter.Filter, typed string, id int64) error {
	_, err := c.find(v.r.Context(), f, id)
	switch {
	case audit.KindOf(err) == audit.NotFound:
		return c.searchFault(v, f, typed, &filter.SearchError{Message: sentence(err.Error()), Quoted: strings.TrimSpace(typed)[1:]})
	case err != nil:
		return err
	}
	c.lead(v, filter.Filter{Project: f.Project}.URL("/logs", keyEntry, strconv.FormatInt(id, 10)))
	return nil
}

// searchFault answers with the page that says what is wrong with a search.
func (c *console) searchFault(v *visit, f filter.Filter, typed string, err error) error {
	var fault *filter.SearchError
	var invalid *audit.Fault
	p := c.logsPage(v, f)
	p.Search = typed
	switch {
	case errors.As(err, &fault):
		p.Fault = fault.Message
		if fault.Quoted != "" {
			p.QuotedURL = f.With(filter.KeyText, "").URL("/logs", keySearch, fault.Quoted)
		}
	case errors.As(err, &invalid) && invalid.Kind == audit.Invalid:
		p.Fault = sentence(invalid.Error())
		if invalid.Path == filter.KeyText {
			p.Fault = sentence("the search " + invalid.Message)
		}
	default:
		return err
	}
	return c.render(v, http.StatusBadRequest, "logs", p)
}

// showLogs answers with a page of entries, or with one part of it.
func (c *console) showLogs(v *visit, f filter.Filter, sel audit.Selection) error {
	params := v.r.URL.Query()
	p := c.logsPage(v, f)
	var err error
	switch params.Get(keyPart) {
	case "rows":
		if p.list, err = c.list(v, f, sel, params.Get(keyCursor)); err != nil {
			return err
		}
		return c.renderPart(v, http.StatusOK, "logs", "rows", p)
	case "summary":
		n, err := figures.Count(v.r.Context(), c.opts.Store, f, v.Clock)
		if err != nil {
			return err
		}
		p.summary = newSummary(v, f, n)
		return c.renderPart(v, http.StatusOK, "logs", "summary", p)
	}
	var n *figures.Counts
	group := new(errgroup.Group)
	group.Go(func() (err error) {
		p.list, err = c.list(v, f, sel, params.Get(keyCursor))
		return err
	})
	group.Go(func() (err error) {
		if params.Has(keyCounts) {
			n, err = figures.Count(v.r.Context(), c.opts.Store, f, v.Clock)
		} else {
			n, err = figures.CountSoon(v.r.Context(), c.opts.Store, f, v.Clock, c.countPatience)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	p.summary = newSummary(v, f, n)
	p.Views = f.Views(n.Actions())
	if p.savedMenu, err = c.saved(v, f); err != nil {
		return err
	}
	if len(p.Rows) == 0 && n != nil {
		p.Suggestions = n.Suggestions(f)
	}
	if id := params.Get(keyEntry); id != "" {
		if p.Entry, err = c.entryBeside(v, f, id); err != nil {
			return err
		}
	}
	for i := range p.Rows {
		id := strconv.FormatInt(p.Rows[i].ID, 10)
		p.Rows[i].Open, p.Rows[i].Marked = id == params.Get(keyEntry), id == params.Get(keyMark)
	}
	return c.render(v, http.StatusOK, "logs", p)
}

// newSummary returns what stands around the entries. Without counts it says that
// they are still to come.
func newSummary(v *visit, f filter.Filter, n *figures.Counts) summary {
	if n == nil {
		return summary{CountURL: f.Pinned(v.Now).URL("/logs", keyCounts, "wait")}
	}
	return summary{
		Counted: true, Total: n.Shown.Total,
		Chart: figures.NewChart(f, n.Shown.Buckets, v.Clock), Facets: n.Facets(f),
	}
}

// logsPage returns the page without its entries and their numbers.
func (c *console) logsPage(v *visit, f filter.Filter) logsPage {
	p := logsPage{
		frame:      c.frame(v, cmp.Or(f.Project, allProjects), navLogs, f.Project),
		Filter:     f,
		Search:     f.Text,
		Chips:      f.Chips(v.Zone),
		ClearURL:   filter.Filter{Project: f.Project}.URL("/logs"),
		Address:    c.address(v.r),
		Kept:       f.Kept(),
		SuggestURL: filter.Filter{Project: f.Project}.URL("/suggest"),
		OrderURL:   f.InOrder(!f.Oldest).URL("/logs"),
		Shows:      columns.Of(v.r),
	}
	p.AllProjects = p.Several()
	if project, err := c.opts.Store.Project(f.Project); err == nil {
		p.Deleting, p.Held = project.Deletion, project.Hold != nil
	}
	p.Times = f.Times(v.Now, v.Zone)
	pinned := f.Pinned(v.Now)
	p.CSVURL = pinned.URL("/export", keyFormat, string(export.CSV))
	p.NDJSONURL = pinned.URL("/export", keyFormat, string(export.NDJSON))
	p.SummaryURL = f.URL("/logs", keyPart, "summary")
	// Read before the entries are: what comes between is shown twice, not never.
	p.LastID = c.opts.Store.LastID()
	if q := liveQuery(f); !f.Oldest && f.Range != "yesterday" && (q.To.IsZero() || q.To.After(v.Now)) && (p.Deleting == nil || p.Deleting.Pending) {
		p.LiveURL = f.URL("/live")
	}
	return p
}

// list reads one page of entries.
func (c *console) list(v *visit, f filter.Filter, sel audit.Selection, cursor string) (list, error) {
	page, err := sel.List(v.r.Context(), audit.Paging{Cursor: cursor, Bytes: audit.MaxPageBytes})
	if err != nil {
		return list{}, err
	}
	var l list
	for _, e := range page.Entries {
		l.Rows = append(l.Rows, c.row(v, f, e))
	}
	for i := range page.Gaps {
		l.Gaps = append(l.Gaps, sentence(page.Gaps[i].String()))
	}
	if page.Next != "" {
		l.OlderURL = f.Pinned(v.Now).URL("/logs", keyCursor, page.Next)
	}
	if cursor != "" {
		f.At = time.Time{}
		l.NewestURL = f.URL("/logs")
	}
	return l, nil
}

func (c *console) row(v *visit, f filter.Filter, e *audit.Entry) row {
	return row{Entry: e, At: v.Moment(e.CreatedAt), URL: f.URL("/logs", keyEntry, strconv.FormatInt(e.ID, 10))}
}
