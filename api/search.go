package api

import (
	"context"

	"auditlog/auth/rights"
	"auditlog/rpc"
)

// searching makes a handler of what is done with a saved search. Whether the caller may is found
// out there.
func searching[Request any](act func(context.Context, *rights.Call, *Request) (*rpc.SavedSearch, error)) handler {
	return method(func(c *call, req *Request) (*rpc.SavedSearch, error) {
		if err := c.opts.Auth.Standing(&c.principal); err != nil {
			return nil, err
		}
		return act(c.r.Context(), c.auth(), req)
	})
}

// searchList is search.list.
func (s *Server) searchList(c *call, _ *rpc.SearchListRequest) (*rpc.SearchListResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	return s.searches.List(c.r.Context(), c.auth())
}
