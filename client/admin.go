package client

import (
	"context"

	"auditlog/rpc"
)

// Projects returns every project that the caller may see.
func (c *Client) Projects(ctx context.Context) ([]rpc.Project, error) {
	res, err := call[rpc.ProjectListResult](ctx, c, rpc.ProjectList, rpc.ProjectListRequest{}, c.tries())
	return res.Items, err
}

// Project returns one project.
func (c *Client) Project(ctx context.Context, name string) (rpc.Project, error) {
	return call[rpc.Project](ctx, c, rpc.ProjectGet, rpc.ProjectRequest{Project: name}, c.tries())
}

// DeleteProject closes a project to recording and has it purged after the grace
// period.
func (c *Client) DeleteProject(ctx context.Context, name string) (rpc.Project, error) {
	return call[rpc.Project](ctx, c, rpc.ProjectDelete, rpc.ProjectRequest{Project: name}, once)
}

// RestoreProject takes back a deletion whose grace period has not passed.
func (c *Client) RestoreProject(ctx context.Context, name string) (rpc.Project, error) {
	return call[rpc.Project](ctx, c, rpc.ProjectRestore, rpc.ProjectRequest{Project: name}, once)
}

// CreateProject makes a project, for logs that take entries of no others.
func (c *Client) CreateProject(ctx context.Context, name string) (rpc.Project, error) {
	return call[rpc.Project](ctx, c, rpc.ProjectCreate, rpc.ProjectRequest{Project: name}, once)
}

// ApproveDeletion approves what somebody else asked for with DeleteProject, where the log
// wants two persons to agree.
func (c *Client) ApproveDeletion(ctx context.Context, name string) (rpc.Project, error) {
	return call[rpc.Project](ctx, c, rpc.ProjectApprove, rpc.ProjectRequest{Project: name}, once)
}

// HoldProject keeps a project from being deleted or purged until ReleaseProject.
func (c *Client) HoldProject(ctx context.Context, name, reason string) (rpc.Project, error) {
	return call[rpc.Project](ctx, c, rpc.ProjectHold, rpc.HoldRequest{Project: name, Reason: reason}, once)
}

// ReleaseProject ends a hold. A reason may be given.
func (c *Client) ReleaseProject(ctx context.Context, name, reason string) (rpc.Project, error) {
	return call[rpc.Project](ctx, c, rpc.ProjectRelease, rpc.HoldRequest{Project: name, Reason: reason}, once)
}

// CreateToken makes a token, whose secret the result alone ever shows.
func (c *Client) CreateToken(ctx context.Context, req rpc.TokenCreateRequest) (rpc.TokenCreateResult, error) {
	return call[rpc.TokenCreateResult](ctx, c, rpc.TokenCreate, req, once)
}

// Tokens returns every token, without the secrets.
func (c *Client) Tokens(ctx context.Context) ([]rpc.Token, error) {
	res, err := call[rpc.TokenListResult](ctx, c, rpc.TokenList, rpc.TokenListRequest{}, c.tries())
	return res.Items, err
}

// RevokeToken ends a token.
func (c *Client) RevokeToken(ctx context.Context, id string) (rpc.Token, error) {
	return call[rpc.Token](ctx, c, rpc.TokenRevoke, rpc.TokenRevokeRequest{ID: id}, once)
}
