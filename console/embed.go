package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/clock"
	"auditlog/console/columns"
	"auditlog/console/entrypage"
	"auditlog/console/filter"
	"auditlog/rpc"
	"auditlog/viewer"
)

// embedded is what a viewer link leads to: entries of one project, alone or in a frame of another
// site's page. It has no scripts, sets no cookie and knows of none, and leads nowhere but to itself.
type embedded struct {
	Theme string
	// Link is the link, Search what its bearer searches for within it.
	Link, Search string
	Project      string
	ZoneShort    string
	// Shows is which columns the rows have: the usual ones.
	Shows columns.Chosen
	Rows  []row
	Gaps  []string
	// OlderURL and NewestURL lead to other pages of the list, Further says what comes.
	OlderURL, NewestURL, Further string
	Entry                        *embeddedEntry
	// Fault is why there is nothing.
	Fault string
}

// Several and Columns are for the rows, which have no project.
func (embedded) Several() bool  { return false }
func (p embedded) Columns() int { return p.Shows.Count() + 1 }

// embeddedEntry is one entry of it.
type embeddedEntry struct {
	*audit.Entry
	At       clock.Moment
	Facts    []entrypage.Member
	Metadata []entrypage.Member
	CloseURL string
}

// ShownChanges returns the changes as the page shows them.
func (e *embeddedEntry) ShownChanges() []entrypage.ShownChange {
	return entrypage.ShownChanges(e.Changes)
}

// embeddedPolicy allows less than that of other pages, and frames of those who may.
const embeddedPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors "

// CheckOrigin returns an error unless s can be the origin of pages that frame others.
func CheckOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.String() != u.Scheme+"://"+u.Host ||
		strings.ContainsAny(strings.TrimPrefix(u.Host, "*."), "*;,' ") {
		return errors.New("must be an origin such as https://portal.example.com, or https://*.example.com for all hosts below one")
	}
	return nil
}

// embed answers who has a viewer link. What is wrong is told within the frame.
func (c *console) embed(v *visit) error {
	h := v.w.Header()
	h.Set("Referrer-Policy", "no-referrer") // the address is the link
	if len(c.opts.EmbedFrom) == 0 {
		h.Set("Content-Security-Policy", embeddedPolicy+"'none'")
	} else {
		h.Set("Content-Security-Policy", embeddedPolicy+strings.Join(c.opts.EmbedFrom, " "))
		h.Del("X-Frame-Options")
	}
	v.session, v.who = nil, rights.Principal{} // whoever is logged in here, the link is what counts
	p := embedded{Theme: v.r.URL.Query().Get("theme"), Link: v.r.URL.Query().Get(viewer.Param), Shows: columns.Usual()}
	status := http.StatusOK
	if err := c.fillEmbedded(v, &p); err != nil {
		status = rpc.Status(audit.KindOf(err))
		var fault *audit.Fault
		if !errors.As(err, &fault) || status == http.StatusInternalServerError {
			c.opts.Log.Error().Err(err).Msg("console: embedded page")
			fault = &audit.Fault{Kind: audit.Internal, Message: "the log cannot answer now"}
		}
		p.Fault = sentence(fault.Error())
	}
	return c.renderPart(v, status, "embed", "embed", p)
}

func (c *console) fillEmbedded(v *visit, p *embedded) error {
	view, err := c.viewer.Open(p.Link)
	if err != nil {
		return err
	}
	v.who, v.Zone, v.Local = view.Who, view.Zone, view.Zone
	call, err := c.opts.Door.Enter(v.r.Context(), admit.Read, v.who.RecordedBy())
	if err != nil {
		return err
	}
	defer call.Leave()
	v.r = v.r.WithContext(admit.In(v.r.Context(), call))
	p.Project, p.ZoneShort = view.Query.Project, clock.ShortZone(v.Now.In(v.Zone))
	all, err := c.opts.Store.Prepare(view.Query)
	if err != nil {
		return err
	}
	q, sel := view.Query, all
	if p.Search = strings.TrimSpace(v.r.URL.Query().Get(filter.KeyText)); p.Search != "" {
		q.Text = strings.TrimSpace(q.Text + " " + p.Search) // both, as every word must occur
		if sel, err = c.opts.Store.Prepare(q); err != nil {
			return err
		}
	}
	if err := c.embeddedList(v, p, all, sel); err != nil {
		return err
	}
	c.note(v, rights.AuditLogList, sel.Query(), "a list by the viewer link "+view.ID)
	id := v.r.URL.Query().Get(keyEntry)
	if id == "" {
		return nil
	}
	if p.Entry, err = c.embeddedEntry(v, p, all, id); err == nil {
		c.note(v, rights.AuditLogGet, audit.Query{Project: p.Project}, "entry "+id+" by the viewer link "+view.ID)
	}
	return err
}

// url returns an address of the page with further parameters.
func (p *embedded) url(params ...string) string {
	q := url.Values{viewer.Param: {p.Link}}
	params = append(params, filter.KeyText, p.Search, "theme", p.Theme)
	for pair := range slices.Chunk(params, 2) {
		if pair[1] != "" {
			q.Set(pair[0], pair[1])
		}
	}
	return viewer.Page + "?" + q.Encode()
}

// embeddedList reads a page of the entries. A cursor says of which times it is, and is nobody's
// secret: what it leads to must be what the link is for.
func (c *console) embeddedList(v *visit, p *embedded, all, sel audit.Selection) error {
	cursor := v.r.URL.Query().Get(keyCursor)
	page, err := sel.List(v.r.Context(), audit.Paging{Cursor: cursor, Limit: 50, Bytes: audit.MaxPageBytes})
	if err != nil {
		return err
	}
	outside := func(e *audit.Entry) bool { return !all.Match(e) }
	if slices.ContainsFunc(page.Entries, outside) {
		return audit.FieldErrorf(keyCursor, "is not of this link")
	}
	for _, e := range page.Entries {
		id := strconv.FormatInt(e.ID, 10)
		p.Rows = append(p.Rows, row{
			Entry: e, At: v.Moment(e.CreatedAt), URL: p.url(keyCursor, cursor, keyEntry, id), Open: id == v.r.URL.Query().Get(keyEntry),
		})
	}
	if cursor == "" {
		for i := range page.Gaps {
			p.Gaps = append(p.Gaps, sentence(page.Gaps[i].String()))
		}
	} else {
		p.NewestURL = p.url()
	}
	if page.Next != "" {
		p.OlderURL = p.url(keyCursor, page.Next)
	}
	if p.Further = "older"; sel.Query().Oldest {
		p.Further = "newer"
	}
	return nil
}

// embeddedEntry returns an entry if the link is for it. Whether there is another of that id, it
// does not say.
func (c *console) embeddedEntry(v *visit, p *embedded, all audit.Selection, id string) (*embeddedEntry, error) {
	missing := audit.Errorf(audit.NotFound, "there is no such entry here")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, missing
	}
	e, err := c.opts.Store.Get(v.r.Context(), p.Project, n)
	if audit.KindOf(err) == audit.NotFound || err == nil && !all.Match(e) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	shown := &embeddedEntry{Entry: e, At: v.Moment(e.CreatedAt), Metadata: entrypage.Metadata(e), CloseURL: p.url(keyCursor, v.r.URL.Query().Get(keyCursor))}
	for _, f := range [][2]string{
		{"Actor", e.Actor.Email}, {"Agent", e.Actor.Label}, {"Resource", e.Resource.Type}, {"Name", e.Resource.Name}, {"Resource ID", e.Resource.ID},
		{"Location", e.Resource.LocationID}, {"Channel", string(e.Channel)}, {"IP address", e.Request.IP}, {"User agent", e.Request.UserAgent},
		{"Request ID", e.Request.ID},
	} {
		if f[1] != "" {
			shown.Facts = append(shown.Facts, entrypage.Member{Name: f[0], Value: f[1]})
		}
	}
	return shown, nil
}
