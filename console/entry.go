package console

import (
	"context"
	"net/http"
	"strconv"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/entrypage"
	"auditlog/console/filter"
)

// entryPage is an entry on a page of its own, under its permanent address.
type entryPage struct {
	frame
	Entry *entrypage.View
}

// entry answers with one entry on its own page, or as the part that stands
// beside a list.
func (c *console) entry(v *visit) error {
	params := v.r.URL.Query()
	f, err := filter.Parse(params, v.Zone)
	if err != nil {
		return err
	}
	if f.Within, err = c.mayRead(v, rights.AuditLogGet, f.Project); err != nil {
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
func (c *console) entryBeside(v *visit, f filter.Filter, id string) (*entrypage.View, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, audit.FieldErrorf("id", "must be the number of an entry")
	}
	e, err := c.find(v.r.Context(), f, n)
	if err != nil {
		return nil, err
	}
	c.note(v, rights.AuditLogGet, audit.Query{Project: e.Project}, "entry "+id)
	return entrypage.New(e, f, v.Clock, entrypage.Links{
		Address: c.address(v.r), Mark: keyMark, Anywhere: c.readsSeveral(v),
		Proof: c.opts.Proofs != nil && v.who.May(rights.AuditLogProve, e.Project),
	})
}

// find returns the entry with an id, of the project of a filter or of those that it is within.
func (c *console) find(ctx context.Context, f filter.Filter, id int64) (*audit.Entry, error) {
	if f.Project != "" {
		return c.opts.Store.Get(ctx, f.Project, id)
	}
	entries, _, err := c.opts.Store.After(ctx, id-1, 1)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || entries[0].ID != id || !f.Within.Has(entries[0].Project) {
		return nil, audit.Errorf(audit.NotFound, "entry %d not found in a project that you may read", id)
	}
	return entries[0], nil
}

// readsSeveral reports whether the visitor may read more than one project.
func (c *console) readsSeveral(v *visit) bool {
	names, all := v.who.Reach(rights.AuditLogList).Names()
	return all || len(names) > 1
}
