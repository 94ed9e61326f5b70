package console

import (
	"net/http"
	"slices"

	"auditlog/audit"
	"auditlog/auth"
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
		if v.who.May(auth.AuditLogList, p.Name) {
			list = append(list, p)
		}
	}
	return list
}

// mayRead returns what the visitor may read where no project is named, or a Fault when that is
// nothing, or not the one that is: the same whether there is such a project or not.
func (c *console) mayRead(v *visit, permission auth.Permission, project string) (audit.Scope, error) {
	return v.who.Reach(permission), v.who.Check(permission, project)
}

// mostLinks is how many projects the menu of projects holds.
const mostLinks = 20

// projectLinks returns the menu of projects, the busiest of late first.
func (c *console) projectLinks(v *visit, current string) []projectLink {
	list := c.visible(v)
	slices.SortStableFunc(list, func(a, b audit.Project) int { return b.Last.Compare(a.Last) })
	var links []projectLink
	for _, p := range list {
		if len(links) == mostLinks {
			break
		}
		if p.Name == audit.SystemProject && p.Entries == 0 {
			continue
		}
		links = append(links, projectLink{
			Name: p.Name, URL: filter{Project: p.Name}.url("/logs"), Entries: p.Entries, Current: p.Name == current,
		})
	}
	return links
}
