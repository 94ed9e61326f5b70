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
	"auditlog/auth/rights"
	"auditlog/retention"
)

// Desk performs the acts. Its methods may be called by several goroutines at once.
// Each takes the call that it is a part of, which its entry tells of, and returns
// *rights.Denied where the caller may not.
type Desk struct {
	projects Projects
	tokens   *auth.Keeper
	purges   *retention.Worker
	approval bool
}

// Projects is what a Desk does with the log.
type Projects interface {
	audit.ProjectChanger
	Project(name string) (audit.Project, error)
}

// Options configure a Desk. All are required but Approval.
type Options struct {
	Projects Projects
	Tokens   *auth.Keeper
	Purges   *retention.Worker
	// Approval has each order to delete a project wait until a second person approves
	// it. The grace period begins then.
	Approval bool
}

// New returns a Desk.
func New(opts Options) *Desk {
	return &Desk{opts.Projects, opts.Tokens, opts.Purges, opts.Approval}
}

// Grace returns how long a project that is deleted now can be restored.
func (d *Desk) Grace() time.Duration { return d.purges.Grace() }

// Approval reports whether a second person has to approve a deletion.
func (d *Desk) Approval() bool { return d.approval }

// CreateToken makes a token and returns its secret, which nothing can tell
// afterwards: see auth.Keeper.Create.
func (d *Desk) CreateToken(ctx context.Context, call *rights.Call, t auth.Token) (secret string, made auth.Token, err error) {
	return d.tokens.Create(ctx, call, t)
}

// RevokeToken ends a token at once: see auth.Keeper.Revoke.
func (d *Desk) RevokeToken(ctx context.Context, call *rights.Call, id string) (auth.Token, error) {
	return d.tokens.Revoke(ctx, call, id)
}

// RevokeTokens ends a token and all that was made with it: see auth.Keeper.RevokeAll.
func (d *Desk) RevokeTokens(ctx context.Context, call *rights.Call, id string) ([]auth.Token, error) {
	return d.tokens.RevokeAll(ctx, call, id)
}

// RotateToken gives a token a new secret: see auth.Keeper.Rotate.
func (d *Desk) RotateToken(
	ctx context.Context, call *rights.Call, id string, grace time.Duration, expires time.Time,
) (secret string, t auth.Token, err error) {
	return d.tokens.Rotate(ctx, call, id, grace, expires)
}
