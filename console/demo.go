package console

import (
	"slices"

	"auditlog/audit"
	"auditlog/console/filter"
	"auditlog/demo"
)

// demoProject is the project that made-up entries go to.
const demoProject = "demo"

// fillDemo records made-up entries, in development mode and where there are no
// others.
func (c *console) fillDemo(v *visit) error {
	if !c.demoable() {
		return audit.Errorf(audit.Conflict, "made-up entries are for a log in development mode that has none of its own")
	}
	entries := demo.Entries(demoProject, v.Now)
	for _, e := range entries {
		e.RecordedBy = v.who.TokenID
	}
	for len(entries) > 0 {
		n := min(len(entries), 1000)
		if _, err := c.opts.Store.Record(v.r.Context(), entries[:n]); err != nil {
			return err
		}
		entries = entries[n:]
	}
	c.lead(v, filter.Filter{Project: demoProject}.URL("/logs"))
	return nil
}

// demoable reports whether a visitor is offered made-up entries: where there is
// nothing real that they could be taken for.
func (c *console) demoable() bool {
	return c.opts.Auth.Dev() && !slices.ContainsFunc(c.opts.Store.Projects(), func(p audit.Project) bool {
		return p.Name != demoProject && p.Name != audit.SystemProject && p.Entries > 0
	})
}
