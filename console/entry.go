package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// entryPage is an entry on a page of its own, under its permanent address.
type entryPage struct {
	frame
	Entry *entryView
}

// entryView is everything that an entry holds, with links to what is near it.
type entryView struct {
	*audit.Entry
	f         filter
	At        moment
	Committed moment
	Metadata  []member
	JSON      string
	// Curl and Command ask for the entry from a shell.
	Curl, Command string
	CloseURL      string
	ByActor       string
	// Anywhere leads to what the actor did in all projects, where the visitor reads several;
	// SameRequest to what was done in the same request, if it is known.
	Anywhere, SameRequest string
	OnResource            string
	// ProofURL is where the evidence of the entry is, empty where nobody proves anything.
	ProofURL string
	Around   string
}

// member is one of an entry's metadata.
type member struct{ Name, Value string }

// Permalink is the entry's own address.
func (e *entryView) Permalink() string {
	return filter{Project: e.Project}.url("/entry", "id", strconv.FormatInt(e.ID, 10))
}

// By returns the address of the list narrowed by one value of the entry.
func (e *entryView) By(key, value string) string { return e.f.with(key, value).url("/logs") }

// termLinks lead from a value to the list with what has it besides, and without.
type termLinks struct{ Label, AlsoURL, ButURL string }

// Terms returns the links of a value of the entry. Of what the list asks for already there is none.
func (e *entryView) Terms(key, value string) termLinks {
	v := e.f.value(key, value)
	return termLinks{v.Label, v.AlsoURL, v.ButURL}
}

// Own reports whether the entry is one of the log's own.
func (e *entryView) Own() bool { return e.RecordedBy == audit.RecordedByLog }

// ShownChanges returns the changes, those of texts of many lines line by line.
func (e *entryView) ShownChanges() []shownChange { return shownChanges(e.Changes) }

// Late reports whether the log learnt of the call noticeably after it happened.
func (e *entryView) Late() bool { return e.RecordedAt.Sub(e.CreatedAt) > time.Minute }

// around is how far the entries before and after an entry reach.
const around = 10 * time.Minute

// entry answers with one entry on its own page, or as the part that stands
// beside a list.
func (c *console) entry(v *visit) error {
	params := v.r.URL.Query()
	f, err := parseFilter(params, v.zone)
	if err != nil {
		return err
	}
	if f.within, err = c.mayRead(v, rights.AuditLogGet, f.Project); err != nil {
		return err
	}
	view, err := c.entryBeside(v, f, params.Get("id"))
	if err != nil {
		return err
	}
	if params.Get(keyPart) == "panel" {
		return c.renderPart(v, http.StatusOK, "entry", "panel", view)
	}
	p := entryPage{frame: c.frame(v, view.Action+" · "+view.Project, navLogs, f.Project), Entry: view}
	p.AllProjects = f.Project == ""
	return c.render(v, http.StatusOK, "entry", p)
}

// entryBeside returns an entry with links that keep the filter of its list.
func (c *console) entryBeside(v *visit, f filter, id string) (*entryView, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, audit.FieldErrorf("id", "must be the number of an entry")
	}
	e, err := c.find(v.r.Context(), f, n)
	if err != nil {
		return nil, err
	}
	c.note(v, rights.AuditLogGet, audit.Query{Project: e.Project}, "entry "+id)
	f.At = time.Time{}
	all := filter{Project: f.Project}
	view := &entryView{
		Entry:     e,
		f:         f,
		At:        v.moment(e.CreatedAt),
		Committed: v.moment(e.RecordedAt),
		CloseURL:  f.url("/logs"),
		ByActor:   all.with(keyActor, e.Actor.Email).url("/logs"),
		Around:    all.between(e.CreatedAt.Add(-around), e.CreatedAt.Add(around)).url("/logs", keyMark, id),
	}
	if c.opts.Proofs != nil && v.who.May(rights.AuditLogProve, e.Project) {
		view.ProofURL = filter{Project: e.Project}.url("/proof", "id", id)
	}
	view.OnResource = onResource(filter{Project: e.Project}, e)
	if f.Project != "" && c.readsSeveral(v) {
		view.Anywhere = filter{}.with(keyActor, e.Actor.Email).url("/logs")
	}
	if e.Request.ID != "" {
		view.SameRequest = all.with(keyRequestID, e.Request.ID).url("/logs")
	}
	for name, value := range e.Metadata {
		view.Metadata = append(view.Metadata, member{name, value})
	}
	slices.SortFunc(view.Metadata, func(a, b member) int { return strings.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	if err := json.Indent(&b, e.AppendJSON(nil), "", "  "); err != nil {
		return nil, err
	}
	view.JSON = b.String()
	asked, err := json.Marshal(rpc.GetRequest{Project: e.Project, ID: e.ID})
	if err != nil {
		return nil, err
	}
	view.Curl = "curl " + c.address(v.r) + "/" + rpc.Get + ` -H "Authorization: Bearer $AUDITLOG_TOKEN" -d ` + shellQuoted(string(asked))
	view.Command = fmt.Sprintf("auditlog get --url %s -p %s %d", c.address(v.r), shellQuoted(e.Project), e.ID)
	return view, nil
}

// shellQuoted returns s as one word of a shell.
func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// find returns the entry with an id, of the project of a filter or of those that it is within.
func (c *console) find(ctx context.Context, f filter, id int64) (*audit.Entry, error) {
	if f.Project != "" {
		return c.opts.Store.Get(ctx, f.Project, id)
	}
	entries, _, err := c.opts.Store.After(ctx, id-1, 1)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || entries[0].ID != id || !f.within.Has(entries[0].Project) {
		return nil, audit.Errorf(audit.NotFound, "entry %d not found in a project that you may read", id)
	}
	return entries[0], nil
}

// readsSeveral reports whether the visitor may read more than one project.
func (c *console) readsSeveral(v *visit) bool {
	names, all := v.who.Reach(rights.AuditLogList).Names()
	return all || len(names) > 1
}

// onResource returns the address of what else was done to an entry's resource:
// by its id or, where it has none, by its name as a phrase.
func onResource(all filter, e *audit.Entry) string {
	all = all.with(keyResourceType, e.Resource.Type)
	switch {
	case e.Resource.ID != "":
		all = all.with(keyResourceID, e.Resource.ID)
	case e.Resource.Name != "":
		all = all.with(keyText, `"`+strings.ReplaceAll(e.Resource.Name, `"`, " ")+`"`)
	}
	return all.url("/logs")
}
