package api

import (
	"context"
	"errors"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// Provider is where people log in from a command line; *oidc.Provider is one. What
// goes wrong is a Fault that the caller is told.
type Provider interface {
	// StartDevice begins a log-in.
	StartDevice(ctx context.Context) (auth.Device, error)
	// PollDevice returns who finished it, auth.ErrPending or auth.ErrSlowDown.
	PollDevice(ctx context.Context, code string) (auth.Vouched, error)
}

// provider returns where people log in, unless nobody does or the caller asks too often:
// each call may have the provider asked.
func (c *call) provider() (Provider, error) {
	if c.opts.Provider == nil {
		return nil, audit.Errorf(audit.Conflict, "this log has no identity provider: have an admin make a token")
	}
	return c.opts.Provider, c.opts.Auth.AllowLogin(c.r)
}

// sessionStart is session.start: the beginning of the device flow (RFC 8628), in which
// the log is the client of the provider.
func (s *Server) sessionStart(c *call, _ *rpc.SessionStartRequest) (*rpc.SessionStartResult, error) {
	provider, err := c.provider()
	if err != nil {
		return nil, err
	}
	d, err := provider.StartDevice(c.r.Context())
	if err != nil {
		return nil, err
	}
	return &rpc.SessionStartResult{
		DeviceCode: d.Code, UserCode: d.UserCode, VerificationURI: d.Address, VerificationURIComplete: d.Complete,
		ExpiresIn: int64(d.ExpiresIn.Seconds()), Interval: int64(d.Interval.Seconds()),
	}, nil
}

// maxDeviceCode bounds what is passed on to the provider.
const maxDeviceCode = 4 << 10

// sessionBegin is session.begin: the one answer that holds a session's secret.
func (s *Server) sessionBegin(c *call, req *rpc.SessionBeginRequest) (*rpc.SessionBeginResult, error) {
	if req.DeviceCode == "" || len(req.DeviceCode) > maxDeviceCode {
		return nil, audit.FieldErrorf("deviceCode", "must be what session.start answered with")
	}
	provider, err := c.provider()
	if err != nil {
		return nil, err
	}
	who, err := provider.PollDevice(c.r.Context(), req.DeviceCode)
	switch {
	case errors.Is(err, auth.ErrPending), errors.Is(err, auth.ErrSlowDown):
		return &rpc.SessionBeginResult{Pending: true, SlowDown: errors.Is(err, auth.ErrSlowDown)}, nil
	case err != nil:
		if stranger := (*auth.NotAdmitted)(nil); errors.As(err, &stranger) {
			s.opts.Auth.NotAdmitted(c.commandLine(), stranger)
		}
		return nil, err
	}
	// The code counts once: what the provider has answered is not lost with the caller.
	secret, session, err := s.opts.Auth.LogIn(context.WithoutCancel(c.r.Context()), c.commandLine(), &who)
	if err != nil {
		return nil, err
	}
	of := sessionOf(session, s.opts.Auth)
	c.w.Principal = of.Owner
	return &rpc.SessionBeginResult{Secret: secret, Session: &of}, nil
}

// commandLine returns this call as one of a command line, whatever it says of itself:
// only such a session's secret is a bearer token.
func (c *call) commandLine() *rights.Call {
	own := *c.auth()
	own.Channel = audit.ChannelCLI
	return &own
}

// sessionGet is session.get: who the caller is. Everybody may ask.
func (s *Server) sessionGet(c *call, _ *rpc.SessionGetRequest) (*rpc.Caller, error) {
	p := &c.principal
	return &rpc.Caller{
		Owner: p.Owner, OwnerType: string(p.Type), Grants: grantsOf(p.Grants), RecordedBy: p.RecordedBy(), Session: p.SessionID,
	}, nil
}

// sessionList is session.list: the caller's own, and those of others that the caller
// may end.
func (s *Server) sessionList(c *call, _ *rpc.SessionListRequest) (*rpc.SessionListResult, error) {
	res := &rpc.SessionListResult{Items: []rpc.Session{}}
	for _, session := range s.opts.Auth.Sessions(&c.principal) {
		of := sessionOf(session, s.opts.Auth)
		of.Own = session.ID == c.principal.SessionID
		res.Items = append(res.Items, of)
	}
	return res, nil
}

// sessionEnd is session.end.
func (s *Server) sessionEnd(c *call, req *rpc.SessionEndRequest) (*rpc.Session, error) {
	id := req.ID
	if id == "" {
		if id = c.principal.SessionID; id == "" {
			return nil, audit.FieldErrorf("id", "is required: you called with a token, not in a session")
		}
	}
	session, err := s.opts.Auth.EndSession(c.r.Context(), c.auth(), id)
	if err != nil {
		return nil, err
	}
	of := sessionOf(session, s.opts.Auth)
	of.Own = session.ID == c.principal.SessionID
	return &of, nil
}

// sessionOf returns what the API tells of a session.
func sessionOf(s auth.Session, k *auth.Keeper) rpc.Session {
	of := rpc.Session{
		ID: s.ID, Owner: k.OwnerOf(&s), Token: s.TokenID, Channel: string(s.Channel), IP: s.Request.IP, UserAgent: s.Request.UserAgent,
		BeganAt: s.BeganAt, SeenAt: s.SeenAt, ExpiresAt: s.ExpiresAt,
	}
	if s.Person != nil {
		of.Identity, of.Issuer, of.Grants = s.Person.Mark(), s.Person.Issuer, grantsOf(s.Person.Grants)
	}
	return of
}

func grantsOf(grants []rights.Grant) []rpc.Grant {
	list := make([]rpc.Grant, len(grants))
	for i, g := range grants {
		list[i] = rpc.Grant{Role: string(g.Role), Projects: g.Projects}
	}
	return list
}
