package console

import (
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/calendar"
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
func (c *console) saved(v *visit, f filter) (savedMenu, error) {
	call := c.call(v)
	list, err := c.searches.List(v.r.Context(), call)
	if err != nil {
		return savedMenu{}, err
	}
	m := savedMenu{MayShare: f.Project != "" && v.who.May(rights.SearchShare, f.Project)}
	f.At = time.Time{}
	for _, s := range list.Items {
		found, err := savedFilter(&s.Query, v)
		if err != nil {
			continue // it was of times that calendars no longer know
		}
		to := found.url("/logs")
		m.Searches = append(m.Searches, savedLink{
			SavedSearch: s, URL: to, Current: to == f.url("/logs"),
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
	f, err := parseFilter(v.r.PostForm, v.zone)
	if err != nil {
		return err
	}
	f.At = time.Time{}
	req := &rpc.SearchSaveRequest{Name: v.r.PostFormValue(keyName), Query: savedQuery(f)}
	if v.r.PostFormValue(keyShare) != "" {
		req.For = f.Project
	}
	if _, err := c.searches.Save(v.r.Context(), c.call(v), req); err != nil {
		return err
	}
	c.lead(v, f.url("/logs"))
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

// savedTimes are the ranges of the page as saved searches have them.
func savedTimes(name string) (from, to string) {
	switch name {
	case "yesterday":
		return "yesterday", "today"
	case "1y":
		return "365d", ""
	}
	return name, ""
}

// savedQuery returns what a filter asks for, as it is saved: a range by its words.
func savedQuery(f filter) rpc.SavedQuery {
	var from, to string
	if !f.From.IsZero() {
		from = f.From.UTC().Format(time.RFC3339Nano)
	}
	if !f.To.IsZero() {
		to = f.To.UTC().Format(time.RFC3339Nano)
	}
	if f.Range != "" {
		from, to = savedTimes(f.Range)
	}
	return rpc.SavedQueryOf(audit.Query{Project: f.Project, Is: f.Is, Not: f.Not, Text: f.Text, Oldest: f.Oldest}, from, to)
}

// savedFilter returns the filter of a saved search. Times that are no range of the page are those
// of now.
func savedFilter(s *rpc.SavedQuery, v *visit) (filter, error) {
	w := s.Query()
	q, err := w.Query()
	if err != nil {
		return filter{}, err
	}
	f := filter{Project: q.Project, Is: q.Is, Not: q.Not, Text: q.Text, Oldest: q.Oldest}
	for _, r := range ranges() {
		if from, to := savedTimes(r.Name); s.From == from && s.To == to {
			f.Range = r.Name
			return f, nil
		}
	}
	zone := v.zone
	if s.Zone != "" {
		if zone, err = calendar.Zone(s.Zone); err != nil {
			return f, err
		}
	}
	if f.From, err = parseBound(keyFrom, s.From, zone); err != nil {
		return f, err
	}
	f.To, err = parseBound(keyTo, s.To, zone)
	return f, err
}

// savedKey stands before the name of a saved search in the search box.
const savedKey = "saved:"

// savedNamed returns the filter of the saved search that somebody typed the name of; ok is false
// for anything else.
func (c *console) savedNamed(v *visit, typed string) (f filter, ok bool, err error) {
	name, ok := strings.CutPrefix(strings.TrimSpace(typed), savedKey)
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
			f, err = savedFilter(&s.Query, v)
			return f, true, err
		}
		names = append(names, s.Name)
	}
	message := "There is no saved search " + name + "."
	if near := audit.Closest(name, names); near != "" {
		message += " Did you mean " + near + "?"
	}
	return f, true, &searchError{Message: message}
}
