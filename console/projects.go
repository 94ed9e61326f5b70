package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth"
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
	for _, project := range c.visible(v) {
		empty := project.Name == audit.SystemProject && project.Entries == 0
		if empty || !strings.Contains(audit.Fold(project.Name), audit.Fold(list.Find)) {
			continue
		}
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
	First, Last moment
	// Deletable, Approvable and Restorable say what the visitor may do and its state
	// allows.
	Deletable, Approvable, Restorable bool
	// PurgeAt is when a deleted project is purged, Asked when that was ordered.
	PurgeAt, Asked moment
}

func (c *console) projectRow(v *visit, p audit.Project) projectRow {
	row := projectRow{
		Project: p, URL: filter{Project: p.Name}.url("/logs"),
		First: v.moment(p.First), Last: v.moment(p.Last),
		Deletable: p.State == audit.Active && p.Deletion == nil && p.Hold == nil && v.who.May(auth.ProjectDelete, p.Name),
	}
	if d := p.Deletion; d != nil {
		row.PurgeAt, row.Asked = v.moment(d.PurgeAt), v.moment(d.At)
		row.Restorable = p.State != audit.Purging && v.who.May(auth.ProjectRestore, p.Name)
		row.Approvable = d.Pending && p.Hold == nil && v.who.May(auth.ProjectApprove, p.Name) &&
			v.who.SecondPerson(d.By, d.Chain)
	}
	return row
}

// projects answers with the list, and asks for the name of one that is to be
// deleted or restored.
func (c *console) projects(v *visit) error {
	return c.showProjects(v, http.StatusOK, v.r.URL.Query().Get(keyProject), "")
}

func (c *console) showProjects(v *visit, status int, chosen, fault string) error {
	if err := v.who.Check(auth.ProjectList, ""); err != nil {
		return err
	}
	p := projectsPage{
		frame: c.frame(v, "Projects", navProjects, ""), projectList: c.projectList(v), Fault: fault,
		Grace: plural(int64(c.admin.Grace()/day), "day"), Approval: c.admin.Approval(), Leaving: c.leaving(v),
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
	return c.changeProject(v, auth.ProjectDelete, c.admin.DeleteProject)
}

// restoreProject takes a deletion back.
func (c *console) restoreProject(v *visit) error {
	return c.changeProject(v, auth.ProjectRestore, c.admin.RestoreProject)
}

// approveDeletion lets an order to delete a project take effect that somebody else gave.
func (c *console) approveDeletion(v *visit) error {
	return c.changeProject(v, auth.ProjectApprove, c.admin.ApproveDeletion)
}

// projectAct is an act of package admin on the project of a name.
type projectAct func(context.Context, *auth.Call, string) (audit.Project, error)

// changeProject does something to a project whose name was typed again.
func (c *console) changeProject(v *visit, permission auth.Permission, act projectAct) error {
	name := v.r.PostFormValue(keyProject)
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

// statusPage tells how the log is.
type statusPage struct {
	frame
	Entries      int64
	ProjectCount int
	LastID       int64
	File, Free   string
	HasIndex     bool
	IndexBehind  int64
	IndexFault   string
	Uptime       string
	Since        moment
	Err          string
	// Damaged says what is known to be damaged or lost.
	Damaged []string
	// Check tells of the readings of the whole log, nil where nothing reads it.
	Check *integrity
	// Proof tells of the checkpoints, nil where nobody makes any.
	Proof *proofStatus
	// Sinks tells of what is shipped; nil where nothing is.
	Sinks *shippingState
	// Nodes tells of the nodes that have the log, nil where there can be one alone.
	Nodes *nodesState
}

// nodesState is what nodes a log has.
type nodesState struct {
	Names       []string
	Own, OnDuty string
	NotReady    string
}

func (c *console) nodes() *nodesState {
	if c.opts.Nodes == nil {
		return nil
	}
	n := &nodesState{}
	n.Names, n.Own, n.OnDuty = c.opts.Nodes()
	if c.opts.Ready == nil {
		return n
	}
	if err := c.opts.Ready(); err != nil {
		n.NotReady = err.Error()
	}
	return n
}

// integrity is what the readings of the whole log found.
type integrity struct {
	Ended, Running bool
	At             moment
	Problems       int64
	First, Err     string // of the faults
	Progress       string
}

// status answers how the log is, to admins of the whole of it.
func (c *console) status(v *visit) error {
	if err := v.who.Check(auth.ProjectGet, audit.SystemProject); err != nil {
		return err
	}
	p := statusPage{
		frame: c.frame(v, "Status", navStatus, ""), LastID: c.opts.Store.LastID(),
		Uptime: uptime(v.now.Sub(c.began)), Since: v.moment(c.began),
	}
	for _, project := range c.opts.Store.Projects() {
		p.Entries += project.Entries
		p.ProjectCount++
	}
	file, free, err := c.opts.Store.Size()
	if err != nil {
		return err
	}
	p.File, p.Free = formatBytes(file), formatBytes(free)
	if err := cmp.Or(c.opts.Store.Err(), c.opts.Store.Paused()); err != nil {
		p.Err = err.Error()
	}
	p.Damaged = c.opts.Store.Damaged()
	if c.opts.Index != nil {
		index := c.opts.Index()
		p.HasIndex, p.IndexBehind = true, index.Behind
		if index.Err != nil {
			p.IndexFault = index.Err.Error()
		}
	}
	p.Check = c.integrity(v)
	p.Proof, p.Nodes = c.proofs(v), c.nodes()
	if p.Sinks, err = c.shipping(v); err != nil {
		return err
	}
	return c.render(v, http.StatusOK, "status", p)
}

// integrity returns what the readings of the whole log found.
func (c *console) integrity(v *visit) *integrity {
	if c.opts.Checks == nil {
		return nil
	}
	st := c.opts.Checks.Status()
	i := &integrity{Running: st.Check != nil}
	if st.Slow != nil {
		i.Progress = fmt.Sprintf("%.0f %%", 100*st.Progress)
	}
	if last := st.Last; last != nil {
		i.Ended, i.At, i.Problems, i.Err = true, v.moment(last.EndedAt), int64(last.Problems), last.Err
		if i.First = last.Err; len(last.Faults) > 0 {
			i.First = last.Faults[0]
		}
	}
	return i
}

// uptime says how long the server has been running.
func uptime(d time.Duration) string {
	switch {
	case d < time.Minute:
		return plural(int64(d/time.Second), "second")
	case d < time.Hour:
		return plural(int64(d/time.Minute), "minute")
	case d < day:
		return plural(int64(d/time.Hour), "hour") + ", " + plural(int64(d%time.Hour/time.Minute), "minute")
	}
	return plural(int64(d/day), "day") + ", " + plural(int64(d%day/time.Hour), "hour")
}
