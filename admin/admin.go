// Package admin holds the acts that change the log itself rather than record to it:
// deleting and restoring projects, making and revoking tokens. The API and the page
// are two doors to this one room, so that an act does the same, is checked the same
// and is told of by the same entry, whichever it came through.
//
// It decides nothing by itself: package auth says who may, package retention when a
// project is purged, the log what becomes of it. It never reads a request and never
// words an answer.
package admin

import (
	"context"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/retention"
)

// Desk performs the acts. Its methods may be called by several goroutines at once.
// Each takes the call that it is a part of, which its entry tells of, and returns
// *auth.Denied where the caller may not.
type Desk struct {
	projects audit.ProjectChanger
	tokens   *auth.Keeper
	purges   *retention.Worker
}

// New returns a Desk of a log, the keeper of its tokens and the worker that purges it.
func New(projects audit.ProjectChanger, tokens *auth.Keeper, purges *retention.Worker) *Desk {
	return &Desk{projects, tokens, purges}
}

// Grace returns how long a project that is deleted now can be restored.
func (d *Desk) Grace() time.Duration { return d.purges.Grace() }

// DeleteProject closes a project to recording, to be purged after the grace period.
// It returns NotFound for a project that is not there or purged already, Conflict
// for one that is deleted already or being purged.
func (d *Desk) DeleteProject(ctx context.Context, call *auth.Call, name string) (audit.Project, error) {
	e, err := projectEntry(call, auth.ProjectDelete, name)
	if err != nil {
		return audit.Project{}, err
	}
	grace := d.purges.Grace()
	e.Detail = "Deleted the project, to be purged unless it is restored within " + grace.String()
	if grace == 0 {
		e.Detail = "Deleted the project, to be purged at once"
	}
	p, err := d.projects.Delete(ctx, name, e, grace)
	if err == nil {
		d.purges.Wake()
	}
	return p, err
}

// RestoreProject takes a deletion back. It returns NotFound for a project that is
// not there, Conflict for one that is not deleted or whose purge has begun.
func (d *Desk) RestoreProject(ctx context.Context, call *auth.Call, name string) (audit.Project, error) {
	e, err := projectEntry(call, auth.ProjectRestore, name)
	if err != nil {
		return audit.Project{}, err
	}
	e.Detail = "Restored the project"
	return d.projects.Restore(ctx, name, e)
}

// projectEntry returns the entry of an act on a project, unless the caller may not or
// no project can have the name.
func projectEntry(call *auth.Call, act auth.Permission, name string) (*audit.Entry, error) {
	if err := call.Principal.Check(act, name); err != nil {
		return nil, err
	}
	if err := audit.ValidateProject(name); err != nil {
		return nil, err
	}
	return call.Entry(act, name, audit.Resource{Type: "Project", ID: name, Name: name}), nil
}

// CreateToken makes a token and returns its secret, which nothing can tell
// afterwards: see auth.Keeper.Create.
func (d *Desk) CreateToken(ctx context.Context, call *auth.Call, t auth.Token) (secret string, made auth.Token, err error) {
	return d.tokens.Create(ctx, call, t)
}

// RevokeToken ends a token at once: see auth.Keeper.Revoke.
func (d *Desk) RevokeToken(ctx context.Context, call *auth.Call, id string) (auth.Token, error) {
	return d.tokens.Revoke(ctx, call, id)
}

// RevokeTokens ends a token and all that was made with it: see auth.Keeper.RevokeAll.
func (d *Desk) RevokeTokens(ctx context.Context, call *auth.Call, id string) ([]auth.Token, error) {
	return d.tokens.RevokeAll(ctx, call, id)
}

// RotateToken gives a token a new secret: see auth.Keeper.Rotate.
func (d *Desk) RotateToken(
	ctx context.Context, call *auth.Call, id string, grace time.Duration, expires time.Time,
) (secret string, t auth.Token, err error) {
	return d.tokens.Rotate(ctx, call, id, grace, expires)
}
