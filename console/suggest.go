package console

import (
	"net/http"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/filter"
	"auditlog/console/suggest"
)

// completionsPage is what stands in for the completions that were there.
type completionsPage struct{ Completions []suggest.Completion }

// suggest answers with what the text of the search box may go on to: saved searches, keys and, behind
// a key, values that occur.
func (c *console) suggest(v *visit) error {
	params := v.r.URL.Query()
	f, err := filter.Parse(params, v.Zone)
	if err != nil {
		return err
	}
	if f.Within, err = c.mayRead(v, rights.AuditLogList, f.Project); err != nil {
		return err
	}
	typed := params.Get(keySearch)
	if len(typed) > audit.MaxValue {
		typed = ""
	}
	box := suggest.Completer{Log: c.opts.Store, At: v.Clock, Patience: c.countPatience, Saved: func() (names []string, err error) {
		menu, err := c.saved(v, f)
		for _, s := range menu.Searches {
			names = append(names, s.Name)
		}
		return names, err
	}}
	list, err := box.Complete(v.r.Context(), f, typed)
	if err != nil {
		return err
	}
	return c.renderPart(v, http.StatusOK, "logs", "completions", completionsPage{list})
}
