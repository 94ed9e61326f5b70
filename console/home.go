package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/filter"
)

// homePage lets the visitor choose a project.
type homePage struct {
	frame
	projectList
	// Demo offers made-up entries.
	Demo bool
	// Address is where entries are recorded to.
	Address string
}

// Example names the project of the example on the page.
func (homePage) Example() string { return "acme" }

// home leads to the only project there is, or lists them; with "all" it lists
// even one.
func (c *console) home(v *visit) error {
	if v.r.URL.Query().Get(keyPart) == "links" {
		return c.findProjects(v)
	}
	p := homePage{frame: c.frame(v, "Choose a project", "", ""), projectList: c.projectList(v), Demo: c.demoable(), Address: c.address(v.r)}
	if len(p.List) == 1 && p.Find == "" && !v.r.URL.Query().Has("all") {
		c.lead(v, p.List[0].URL)
		return nil
	}
	return c.render(v, http.StatusOK, "home", p)
}

// address returns how the visitor reached this log.
func (c *console) address(r *http.Request) string {
	if isTLS(r) {
		return "https://" + r.Host + c.opts.Base
	}
	return "http://" + r.Host + c.opts.Base
}

// visible returns the projects that the visitor may read.
func (c *console) visible(v *visit) []audit.Project {
	var list []audit.Project
	for _, p := range c.opts.Store.Projects() {
		if v.who.May(rights.AuditLogList, p.Name) {
			list = append(list, p)
		}
	}
	return list
}

// mayRead returns what the visitor may read where no project is named, or a Fault when that is
// nothing, or not the one that is: the same whether there is such a project or not.
func (c *console) mayRead(v *visit, permission rights.Permission, project string) (audit.Scope, error) {
	return v.who.Reach(permission), v.who.Check(permission, project)
}

// theAll is what projectCookie has where all projects were looked at last; a project's name begins
// with ofProject there.
const (
	theAll    = "all"
	ofProject = "of:"
)

// rememberProject has the visitor's browser keep which project is looked at, until it is closed.
func (c *console) rememberProject(v *visit, project string) {
	value := theAll
	if project != "" {
		value = ofProject + url.QueryEscape(project)
	}
	if kept, err := v.r.Cookie(projectCookie); err == nil && kept.Value == value {
		return
	}
	http.SetCookie(v.w, &http.Cookie{
		Name: projectCookie, Value: value, Path: c.cookiePath(), HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: isTLS(v.r),
	})
}

// rememberedProject returns the project that the visitor looked at last, if they may still, or
// that it was all of them.
func (c *console) rememberedProject(v *visit) (project string, all bool) {
	kept, err := v.r.Cookie(projectCookie)
	if err != nil {
		return "", false
	}
	if kept.Value == theAll {
		return "", true
	}
	name, err := url.QueryUnescape(strings.TrimPrefix(kept.Value, ofProject))
	if err != nil || !strings.HasPrefix(kept.Value, ofProject) || !v.who.May(rights.AuditLogList, name) {
		return "", false
	}
	return name, false
}

// mostLinks is how many projects the menu of projects holds.
const mostLinks = 20

// named returns the projects that the visitor may read and that have a part of a name. The log's own
// is left out while it is empty.
func (c *console) named(v *visit, find string) (list []audit.Project) {
	find = audit.Fold(strings.TrimSpace(find))
	for _, p := range c.visible(v) {
		empty := p.Name == audit.SystemProject && p.Entries == 0
		if !empty && strings.Contains(audit.Fold(p.Name), find) {
			list = append(list, p)
		}
	}
	return list
}

// projectLinks returns the menu of projects, the busiest of late first. Where part of a name is
// looked for, those are first that begin with it.
func (c *console) projectLinks(v *visit, current, find string) []projectLink {
	var begin, others []audit.Project
	start := audit.Fold(strings.TrimSpace(find))
	for _, p := range c.named(v, find) {
		if strings.HasPrefix(audit.Fold(p.Name), start) {
			begin = append(begin, p)
		} else {
			others = append(others, p)
		}
	}
	latest := func(a, b audit.Project) int { return b.Last.Compare(a.Last) }
	slices.SortStableFunc(begin, latest)
	slices.SortStableFunc(others, latest)
	list := append(begin, others...)
	var links []projectLink
	for _, p := range list[:min(mostLinks, len(list))] {
		links = append(links, projectLink{
			Name: p.Name, URL: filter.Filter{Project: p.Name}.URL("/logs"), Entries: p.Entries, Current: p.Name == current,
		})
	}
	return links
}

// findProjects answers with the links of the menu of projects that have a part of a name.
func (c *console) findProjects(v *visit) error {
	f := frame{Projects: c.projectLinks(v, "", v.r.URL.Query().Get("find"))}
	return c.renderPart(v, http.StatusOK, "home", "project-links", f)
}
