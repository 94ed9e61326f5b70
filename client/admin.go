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

// StartSession begins the log-in of a person from a command line: BeginSession tells
// whether they have done what the result asks for.
func (c *Client) StartSession(ctx context.Context) (rpc.SessionStartResult, error) {
	return call[rpc.SessionStartResult](ctx, c, rpc.SessionStart, rpc.SessionStartRequest{}, c.tries())
}

// BeginSession returns a session and its secret, which is a token, or Pending.
func (c *Client) BeginSession(ctx context.Context, deviceCode string) (rpc.SessionBeginResult, error) {
	return call[rpc.SessionBeginResult](ctx, c, rpc.SessionBegin, rpc.SessionBeginRequest{DeviceCode: deviceCode}, once)
}

// Caller returns who calls, and what they may.
func (c *Client) Caller(ctx context.Context) (rpc.Caller, error) {
	return call[rpc.Caller](ctx, c, rpc.SessionGet, rpc.SessionGetRequest{}, c.tries())
}

// Sessions returns the sessions that the caller may know of.
func (c *Client) Sessions(ctx context.Context) ([]rpc.Session, error) {
	res, err := call[rpc.SessionListResult](ctx, c, rpc.SessionList, rpc.SessionListRequest{}, c.tries())
	return res.Items, err
}

// EndSession ends a session, the caller's own when id is empty.
func (c *Client) EndSession(ctx context.Context, id string) (rpc.Session, error) {
	return call[rpc.Session](ctx, c, rpc.SessionEnd, rpc.SessionEndRequest{ID: id}, once)
}

// Check tells how the readings of the whole log go, and begins one at once with start, unless
// one is under way.
func (c *Client) Check(ctx context.Context, start bool) (rpc.CheckResult, error) {
	return call[rpc.CheckResult](ctx, c, rpc.LogCheck, rpc.CheckRequest{Start: start}, c.tries())
}

// Status tells how the log is. Days are those of the zone, UTC where it is empty.
func (c *Client) Status(ctx context.Context, zone string) (rpc.StatusResult, error) {
	return call[rpc.StatusResult](ctx, c, rpc.LogStatus, rpc.StatusRequest{Zone: zone}, c.tries())
}

// StopCheck ends the check that is under way, if there is one.
func (c *Client) StopCheck(ctx context.Context) (rpc.CheckResult, error) {
	return call[rpc.CheckResult](ctx, c, rpc.LogCheck, rpc.CheckRequest{Stop: true}, c.tries())
}

// Tokens returns every token, without the secrets.
func (c *Client) Tokens(ctx context.Context) ([]rpc.Token, error) {
	res, err := call[rpc.TokenListResult](ctx, c, rpc.TokenList, rpc.TokenListRequest{}, c.tries())
	return res.Items, err
}

// RevokeToken ends a token.
func (c *Client) RevokeToken(ctx context.Context, id string) (rpc.Token, error) {
	res, err := call[rpc.TokenRevokeResult](ctx, c, rpc.TokenRevoke, rpc.TokenRevokeRequest{ID: id}, once)
	return res.Token, err
}

// RevokeTokens ends a token and what was made with it, and with that in turn. The id may
// also be of a token that ended before, or name a person.
func (c *Client) RevokeTokens(ctx context.Context, id string) ([]rpc.Token, error) {
	res, err := call[rpc.TokenRevokeResult](ctx, c, rpc.TokenRevoke, rpc.TokenRevokeRequest{ID: id, Cascade: true}, once)
	return res.Ended, err
}

// RotateToken gives a token a new secret, which the result alone ever shows.
func (c *Client) RotateToken(ctx context.Context, req rpc.TokenRotateRequest) (rpc.TokenCreateResult, error) {
	return call[rpc.TokenCreateResult](ctx, c, rpc.TokenRotate, req, once)
}

// CreateSink makes a sink, to which the server ships entries from then on.
func (c *Client) CreateSink(ctx context.Context, req rpc.SinkCreateRequest) (rpc.Sink, error) {
	return call[rpc.Sink](ctx, c, rpc.SinkCreate, req, once)
}

// Sinks returns every sink.
func (c *Client) Sinks(ctx context.Context) ([]rpc.Sink, error) {
	res, err := call[rpc.SinkListResult](ctx, c, rpc.SinkList, rpc.SinkListRequest{}, c.tries())
	return res.Items, err
}

// Sink returns one sink, with as many of the entries that it refused as req asks for.
func (c *Client) Sink(ctx context.Context, req rpc.SinkGetRequest) (rpc.SinkGetResult, error) {
	return call[rpc.SinkGetResult](ctx, c, rpc.SinkGet, req, c.tries())
}

// UpdateSink changes a sink.
func (c *Client) UpdateSink(ctx context.Context, req rpc.SinkUpdateRequest) (rpc.Sink, error) {
	return call[rpc.Sink](ctx, c, rpc.SinkUpdate, req, once)
}

// PauseSink has nothing be shipped to a sink until ResumeSink.
func (c *Client) PauseSink(ctx context.Context, name string) (rpc.Sink, error) {
	return call[rpc.Sink](ctx, c, rpc.SinkPause, rpc.SinkRequest{Name: name}, once)
}

// ResumeSink goes on with a sink that was paused, or has stopped by itself.
func (c *Client) ResumeSink(ctx context.Context, name string) (rpc.Sink, error) {
	return call[rpc.Sink](ctx, c, rpc.SinkResume, rpc.SinkRequest{Name: name}, once)
}

// ReplaySink has a sink begin again elsewhere, or send again what was refused.
func (c *Client) ReplaySink(ctx context.Context, req rpc.SinkReplayRequest) (rpc.Sink, error) {
	return call[rpc.Sink](ctx, c, rpc.SinkReplay, req, once)
}

// DeleteSink ends a sink.
func (c *Client) DeleteSink(ctx context.Context, name string) (rpc.Sink, error) {
	return call[rpc.Sink](ctx, c, rpc.SinkDelete, rpc.SinkRequest{Name: name}, once)
}

// TestSink records an entry and sends it to a sink. What becomes of that is in the result.
func (c *Client) TestSink(ctx context.Context, name string) (rpc.SinkTestResult, error) {
	return call[rpc.SinkTestResult](ctx, c, rpc.SinkTest, rpc.SinkRequest{Name: name}, once)
}
