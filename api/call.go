package api

import (
	"cmp"
	"errors"
	"net/http"

	"auditlog/admit"
	"auditlog/api/dialect"
	"auditlog/api/strict"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// call is one call of a method, from the moment that its caller is known.
type call struct {
	*Server
	w         *wire.Exchange
	r         *http.Request
	route     *route
	principal rights.Principal
	admitted  *admit.Call
}

// serve is the adapter between the router and a handler: it finds out who calls
// before it reads anything, and writes the handler's error.
func (s *Server) serve(x *wire.Exchange, r *http.Request, rt *route) {
	x.Method = rt.method
	c := &call{Server: s, w: x, r: r, route: rt}
	defer c.release()
	err := s.checkOrigin(r)
	if err != nil {
		x.Fail(err)
		return
	}
	authenticate := s.opts.Auth.Authenticate
	if rt.asksAgain() {
		authenticate = s.opts.Auth.AuthenticateEarly
	}
	if c.principal, err = authenticate(r); err == nil {
		x.Principal = c.principal.Owner
		if err = c.enter(); err == nil {
			err = rt.handle(c)
		}
	}
	if err == nil {
		return
	}
	if denied := (*rights.Denied)(nil); errors.As(err, &denied) {
		s.opts.Auth.Refuse(c.auth(), denied)
	}
	if exceeded := (*audit.Exceeded)(nil); errors.As(err, &exceeded) {
		s.metrics.Exceeded(exceeded)
		project := x.Project
		if exceeded.Limit.Each == audit.EachProject {
			project = exceeded.Name
		}
		s.opts.Auth.Exceed(c.auth(), project, exceeded)
	}
	x.Fail(err)
}

// checkOrigin refuses what a browser calls for a page of another site, with whatever
// it may have of the log's: no page but the log's own has any business here.
func (s *Server) checkOrigin(r *http.Request) error {
	if r.Method == http.MethodGet { // which is not checked where it is for pages to be linked to
		post := *r
		post.Method = http.MethodPost
		r = &post
	}
	if s.crossOrigin.Check(r) != nil {
		return audit.Errorf(audit.PermissionDenied, "pages of other sites may not call this log")
	}
	return nil
}

// serveOpen is serve for a method that needs no token.
func (s *Server) serveOpen(x *wire.Exchange, r *http.Request, rt *route) {
	x.Method = rt.method
	c := &call{Server: s, w: x, r: r, route: rt}
	defer c.release()
	err := s.checkOrigin(r)
	if err == nil {
		err = rt.handle(c)
	}
	if err != nil {
		x.Fail(err)
	}
}

// auth returns what the entries about this call say of it.
func (c *call) auth() *rights.Call {
	by := c.opts.Auth.NewCall(c.r, c.principal, audit.ChannelAPI, c.w.ID)
	by.Claimed = audit.Channel(cmp.Or(c.r.Header.Get(rpc.HeaderChannel), c.r.Header.Get(dialect.Header)))
	return by
}

// authorize returns an *rights.Denied unless the caller has the route's permission
// for a project, which is empty where the call concerns no single one. What can
// be no project's name is an Invalid Fault, and in no line of any log. A token that
// ended since the call began, as the body may take its time, is Unauthenticated.
func (c *call) authorize(project string) error {
	if project != "" {
		if err := audit.ValidateProject(project); err != nil {
			return err
		}
	}
	c.w.Project = project
	if err := c.opts.Auth.Standing(&c.principal); err != nil {
		return err
	}
	return c.principal.Check(c.route.permission, project)
}

// stands returns the error of what was read for a caller who was known early, or why the caller no
// longer counts in the state that was read.
func (c *call) stands(err error) error {
	return cmp.Or(c.opts.Auth.StandingOf(c.r, &c.principal), err)
}

// maxRequest bounds the body of every method but auditLog.record.
const maxRequest = 1 << 20

// decode reads the body, or the parameters of a GET, into a request of package rpc.
func (c *call) decode(req any) error { return c.decodeUpTo(req, maxRequest) }

// decodeUpTo is decode of a body of at most so many bytes.
func (c *call) decodeUpTo(req any, most int) error {
	if c.r.Method == http.MethodGet {
		return strict.Params(c.r.URL.RawQuery, req)
	}
	buf := c.w.Buffer()
	defer buf.Free()
	if err := c.w.ReadBody(buf, most, c.admitted); err != nil {
		return err
	}
	return strict.OfBody(strict.Decode(buf.B, req))
}

// release gives back what the call holds.
func (c *call) release() { c.admitted.Leave() }
