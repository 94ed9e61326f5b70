package api

import (
	"net/http"

	"auditlog/auth"
)

// call is one call of a method, from the moment that its caller is known.
type call struct {
	*Server
	w         *exchange
	r         *http.Request
	route     *route
	principal auth.Principal
	large     bool // holds a slot for a large body
}

// serve is the adapter between the router and a handler: it finds out who calls
// before it reads anything, and writes the handler's error.
func (s *Server) serve(x *exchange, r *http.Request, rt *route) {
	x.method = rt.method
	c := &call{Server: s, w: x, r: r, route: rt}
	defer c.release()
	if err := c.authenticate(); err != nil {
		s.fail(x, r, err)
		return
	}
	if err := rt.handle(c); err != nil {
		s.fail(x, r, err)
	}
}

func (c *call) authenticate() error {
	c.principal = auth.Dev()
	if c.opts.Auth != nil {
		var err error
		if c.principal, err = c.opts.Auth.Authenticate(c.r); err != nil {
			return err
		}
	}
	c.w.principal = c.principal.Owner
	return nil
}

// authorize returns a PermissionDenied Fault unless the caller has the route's
// permission for a project. It is the same whether the project exists or not.
func (c *call) authorize(project string) error {
	c.w.project = project
	err := c.principal.Check(c.route.permission, project)
	if err != nil && c.opts.Auth != nil {
		c.opts.Auth.Refused(c.r, c.principal, c.route.permission, project)
	}
	return err
}

// decode reads the body into a request of package rpc.
func (c *call) decode(req any) error {
	buf := c.buffers.get()
	defer c.buffers.put(buf)
	if err := c.readBody(buf, maxRequest); err != nil {
		return err
	}
	return decodeStrict(buf.b, req)
}

// deploys reports whether a request comes from a client of deploys.app, which
// looks at the envelope alone and declares itself with this header.
func deploys(r *http.Request) bool {
	_, ok := r.Header["X-Deploys-Channel"]
	return ok
}

// release gives back what the call holds.
func (c *call) release() {
	if c.large {
		c.largeSlots.Release(1)
	}
}
