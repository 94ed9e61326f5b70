package api

import (
	"auditlog/rpc"
)

// viewerLinkCreate is viewerLink.create. Whether the caller may is found out by the desk.
func (s *Server) viewerLinkCreate(c *call, req *rpc.ViewerLinkCreateRequest) (*rpc.ViewerLink, error) {
	if err := c.opts.Auth.Standing(&c.principal); err != nil {
		return nil, err
	}
	return s.viewer.Create(c.r.Context(), c.auth(), req)
}
