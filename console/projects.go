package console

import (
	"context"
	"net/http"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/amounts"
	"auditlog/console/clock"
	"auditlog/console/filter"
)

// projectsPage lists projects for those who may delete them.
type projectsPage struct {
	frame
	projectList
	// Chosen is the project whose deletion or restoring is being confirmed.
	Chosen *projectRow
	// Fault says why the last attempt failed.
	Fault string
	// Grace is how long a project that is deleted now can be restored.
	Grace string
	// Approval says that a second person has to approve a deletion.
	Approval bool
	// Leaving are the projects on their way out that the visitor sees, whatever the
	// list is narrowed to: whoever owns one must not miss it.
	Leaving []projectRow
}

// projectList is the projects that the visitor may see, narrowed by name.
type projectList struct {
	List []projectRow
	// Find is the part of the name that is looked for, More how many projects are
	// not listed, because nobody would read so many.
	Find string
	More int
}

// mostProjects is how many projects are listed at once.
const mostProjects = 200

func (c *console) projectList(v *visit) projectList {
	list := projectList{Find: strings.TrimSpace(v.r.URL.Query().Get("find"))}
	for _, project := range c.named(v, list.Find) {
		if len(list.List) == mostProjects {
			list.More++
			continue
		}
		list.List = append(list.List, c.projectRow(v, project))
	}
	return list
}

// projectRow is a project in a list.
type projectRow struct {
	audit.Project
	URL         string
	First, Last clock.Moment
	// Deletable, Approvable and Restorable say what the visitor may do and its state
	// allows.
	Deletable, Approvable, Restorable bool
	// PurgeAt is when a deleted project is purged, Asked when that was ordered.
	PurgeAt, Asked clock.Moment
}

func (c *console) projectRow(v *visit, p audit.Project) projectRow {
	row := projectRow{
		Project: p, URL: filter.Filter{Project: p.Name}.URL("/logs"),
		First: v.Moment(p.First), Last: v.Moment(p.Last),
		Deletable: p.State == audit.Active && p.Deletion == nil && p.Hold == nil && v.who.May(rights.ProjectDelete, p.Name),
	}
	if d := p.Deletion; d != nil {
		row.PurgeAt, row.Asked = v.Moment(d.PurgeAt), v.Moment(d.At)
		row.Restorable = p.State != audit.Purging && v.who.May(rights.ProjectRestore, p.Name)
		row.Approvable = d.Pending && p.Hold == nil && v.who.May(rights.ProjectApprove, p.Name) &&
			v.who.SecondPerson(d.By, d.Chain)
	}
	return row
}

// projects answers with the list, and asks for the name of one that is to be
// deleted or restored.
func (c *console) projects(v *visit) error {
	return c.showProjects(v, http.StatusOK, v.r.URL.Query().Get(filter.KeyProject), "")
}

func (c *console) showProjects(v *visit, status int, chosen, fault string) error {
	if err := v.who.Check(rights.ProjectList, ""); err != nil {
		return err
	}
	p := projectsPage{
		frame: c.frame(v, "Projects", navProjects, ""), projectList: c.projectList(v), Fault: fault,
		Grace: amounts.Of(int64(c.admin.Grace()/clock.Day), "day"), Approval: c.admin.Approval(), Leaving: c.leaving(v),
	}
	if project, err := c.opts.Store.Project(chosen); err == nil && v.who.Sees(chosen) {
		if row := c.projectRow(v, project); row.Deletable || row.Approvable || row.Restorable {
			p.Chosen = &row
		}
	}
	return c.render(v, status, "projects", p)
}

// leaving returns the projects that the visitor sees and that are deleted, or are to be
// once that is approved.
func (c *console) leaving(v *visit) (rows []projectRow) {
	for _, p := range c.visible(v) {
		if p.Deletion != nil && len(rows) < mostProjects {
			rows = append(rows, c.projectRow(v, p))
		}
	}
	return rows
}

// deleteProject closes a project to recording, to be purged later.
func (c *console) deleteProject(v *visit) error {
	return c.changeProject(v, rights.ProjectDelete, c.admin.DeleteProject)
}

// restoreProject takes a deletion back.
func (c *console) restoreProject(v *visit) error {
	return c.changeProject(v, rights.ProjectRestore, c.admin.RestoreProject)
}

// approveDeletion lets an order to delete a project take effect that somebody else gave.
func (c *console) approveDeletion(v *visit) error {
	return c.changeProject(v, rights.ProjectApprove, c.admin.ApproveDeletion)
}

// projectAct is an act of package admin on the project of a name.
type projectAct func(context.Context, *rights.Call, string) (audit.Project, error)

// changeProject does something to a project whose name was typed again.
func (c *console) changeProject(v *visit, permission rights.Permission, act projectAct) error {
	name := v.r.PostFormValue(filter.KeyProject)
	if err := v.who.Check(permission, name); err != nil {
		return err
	}
	if v.r.PostFormValue("again") != name {
		return c.showProjects(v, http.StatusBadRequest, name, "That is not the name of the project. Nothing was changed.")
	}
	if _, err := act(v.r.Context(), c.call(v), name); err != nil {
		return err
	}
	c.lead(v, "/projects")
	return nil
}
