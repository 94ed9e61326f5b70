package console

import (
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/filter"
	"auditlog/console/suggest"
	"auditlog/rpc"
)

// savedMenu is what the page has of saved searches.
type savedMenu struct {
	Searches []savedLink
	// MayShare says that what is shown can be saved for all who read the project.
	MayShare bool
}

// savedLink leads to what a saved search finds.
type savedLink struct {
	rpc.SavedSearch
	URL string
	// MayDelete shows the way to delete it.
	MayDelete, Current bool
}

// saved returns the searches that the visitor has.
func (c *console) saved(v *visit, f filter.Filter) (savedMenu, error) {
	call := c.call(v)
	list, err := c.searches.List(v.r.Context(), call)
	if err != nil {
		return savedMenu{}, err
	}
	m := savedMenu{MayShare: f.Project != "" && v.who.May(rights.SearchShare, f.Project)}
	f.At = time.Time{}
	for _, s := range list.Items {
		found, err := filter.OfSaved(&s.Query, v.Zone)
		if err != nil {
			continue // it was of times that calendars no longer know
		}
		to := found.URL("/logs")
		m.Searches = append(m.Searches, savedLink{
			SavedSearch: s, URL: to, Current: to == f.URL("/logs"),
			MayDelete: s.For == "" || v.who.May(rights.SearchShare, s.For),
		})
	}
	return m, nil
}

// keyName is the name of a search in forms, keyShare whether it is for the project.
const (
	keyName  = "name"
	keyShare = "share"
)

// saveSearch keeps what the page shows by a name.
func (c *console) saveSearch(v *visit) error {
	f, err := filter.Parse(v.r.PostForm, v.Zone)
	if err != nil {
		return err
	}
	f.At = time.Time{}
	req := &rpc.SearchSaveRequest{Name: v.r.PostFormValue(keyName), Query: f.Saved()}
	if v.r.PostFormValue(keyShare) != "" {
		req.For = f.Project
	}
	if _, err := c.searches.Save(v.r.Context(), c.call(v), req); err != nil {
		return err
	}
	c.lead(v, f.URL("/logs"))
	return nil
}

// deleteSearch forgets a search.
func (c *console) deleteSearch(v *visit) error {
	req := &rpc.SearchDeleteRequest{Name: v.r.PostFormValue(keyName), For: v.r.PostFormValue("for")}
	if _, err := c.searches.Delete(v.r.Context(), c.call(v), req); err != nil {
		return err
	}
	c.lead(v, localPath(v.r.PostFormValue("back")))
	return nil
}

// savedNamed returns the filter of the saved search that somebody typed the name of; ok is false
// for anything else.
func (c *console) savedNamed(v *visit, typed string) (f filter.Filter, ok bool, err error) {
	name, ok := strings.CutPrefix(strings.TrimSpace(typed), suggest.SavedKey)
	if !ok {
		return f, false, nil
	}
	name = strings.Trim(name, `"`)
	menu, err := c.saved(v, f)
	if err != nil {
		return f, true, err
	}
	var names []string
	for _, s := range menu.Searches {
		if strings.EqualFold(s.Name, name) {
			f, err = filter.OfSaved(&s.Query, v.Zone)
			return f, true, err
		}
		names = append(names, s.Name)
	}
	message := "There is no saved search " + name + "."
	if near := audit.Closest(name, names); near != "" {
		message += " Did you mean " + near + "?"
	}
	return f, true, &filter.SearchError{Message: message}
}
