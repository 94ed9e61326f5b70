package admin

import (
	"context"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// CreateProject makes a project, so that it can be recorded to where a log's projects are
// closed. It returns Conflict for one that is there.
func (d *Desk) CreateProject(ctx context.Context, call *rights.Call, name string) (audit.Project, error) {
	e, err := projectEntry(call, rights.ProjectCreate, name)
	if err != nil {
		return audit.Project{}, err
	}
	e.Detail = "Created the project"
	return d.projects.Create(ctx, name, e)
}

// DeleteProject closes a project to recording, to be purged after the grace period; or
// asks for that, where a second person has to approve it. It returns NotFound for a
// project that is not there or purged already, Conflict for one that is deleted already,
// being purged or held.
func (d *Desk) DeleteProject(ctx context.Context, call *rights.Call, name string) (audit.Project, error) {
	e, err := projectEntry(call, rights.ProjectDelete, name)
	if err != nil {
		return audit.Project{}, err
	}
	grace := d.purges.Grace()
	switch {
	case d.approval:
		e.Detail = "Asked for the project to be deleted, which a second person has to approve"
	case grace == 0:
		e.Detail = "Deleted the project, to be purged at once"
	default:
		e.Detail = "Deleted the project, to be purged unless it is restored within " + grace.String()
	}
	order := audit.DeletionOrder{Grace: grace, Pending: d.approval, Chain: call.Principal.Chain()}
	p, err := d.projects.Delete(ctx, name, e, order)
	if err == nil {
		d.purges.Wake()
	}
	return p, err
}

// ApproveDeletion lets an order to delete a project take effect that somebody else gave.
// It returns NotFound for a project that is not there, Conflict where no order waits, the
// project is held, or the caller is not a second person.
func (d *Desk) ApproveDeletion(ctx context.Context, call *rights.Call, name string) (audit.Project, error) {
	e, err := projectEntry(call, rights.ProjectApprove, name)
	if err != nil {
		return audit.Project{}, err
	}
	p, err := d.projects.Project(name)
	if err != nil {
		return audit.Project{}, err
	}
	order := p.Deletion
	if order == nil || !order.Pending {
		return audit.Project{}, audit.Errorf(audit.Conflict, "no order to delete project %q waits to be approved", name)
	}
	if !call.Principal.SecondPerson(order.By, order.Chain) {
		return audit.Project{}, audit.Errorf(audit.Conflict, "%s ordered this: a second person has to approve it, "+
			"with a token that neither made the other's nor was made with it", order.By)
	}
	e.Detail = "Approved that the project be deleted, as " + order.By + " asked"
	p, err = d.projects.Approve(ctx, name, e, order.EntryID, d.purges.Grace())
	if err == nil {
		d.purges.Wake()
	}
	return p, err
}

// RestoreProject takes a deletion back, or an order for one. It returns NotFound for a
// project that is not there, Conflict for one that is not deleted or whose purge has
// begun.
func (d *Desk) RestoreProject(ctx context.Context, call *rights.Call, name string) (audit.Project, error) {
	e, err := projectEntry(call, rights.ProjectRestore, name)
	if err != nil {
		return audit.Project{}, err
	}
	e.Detail = "Restored the project"
	return d.projects.Restore(ctx, name, e)
}

// maxReason bounds the bytes of a hold's reason.
const maxReason = 1024

// HoldProject keeps a project from being deleted, and from being purged if it is deleted
// already, until ReleaseProject. It returns Invalid for a reason that is none, NotFound
// for a project that is not there or purged already, Conflict for one that is held or
// being purged.
func (d *Desk) HoldProject(ctx context.Context, call *rights.Call, name, reason string) (audit.Project, error) {
	e, err := projectEntry(call, rights.ProjectHold, name)
	if err != nil {
		return audit.Project{}, err
	}
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return audit.Project{}, audit.FieldErrorf("reason", "is required")
	case len(reason) > maxReason:
		return audit.Project{}, audit.FieldErrorf("reason", "must be at most %d bytes, has %d", maxReason, len(reason))
	}
	e.Detail = "Held the project: " + reason
	return d.projects.Hold(ctx, name, e, reason)
}

// ReleaseProject ends a hold. It returns NotFound for a project that is not there,
// Conflict for one that is not held.
func (d *Desk) ReleaseProject(ctx context.Context, call *rights.Call, name, reason string) (audit.Project, error) {
	e, err := projectEntry(call, rights.ProjectRelease, name)
	if err != nil {
		return audit.Project{}, err
	}
	e.Detail = "Released the project"
	if reason = strings.TrimSpace(reason); len(reason) > maxReason {
		return audit.Project{}, audit.FieldErrorf("reason", "must be at most %d bytes, has %d", maxReason, len(reason))
	} else if reason != "" {
		e.Detail += ": " + reason
	}
	p, err := d.projects.ReleaseHold(ctx, name, e)
	if err == nil {
		d.purges.Wake()
	}
	return p, err
}

// projectEntry returns the entry of an act on a project, unless the caller may not or
// no project can have the name.
func projectEntry(call *rights.Call, act rights.Permission, name string) (*audit.Entry, error) {
	if err := call.Principal.Check(act, name); err != nil {
		return nil, err
	}
	if err := audit.ValidateProject(name); err != nil {
		return nil, err
	}
	return call.Entry(act, name, audit.Resource{Type: "Project", ID: name, Name: name}), nil
}
