package api

import (
	"net/http"
	"strings"
	"time"

	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/slowest"
)

// logStatus is log.status.
func (s *Server) logStatus(c *call, req *rpc.StatusRequest) (*rpc.StatusResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	if s.opts.Status == nil {
		return nil, audit.Errorf(audit.Unavailable, "nobody knows how this log is")
	}
	return s.opts.Status.Status(req)
}

// noteSlow keeps an exchange that ends if it was slow. What lasts as long as its caller likes, because
// it waits for entries or streams them, is not counted, and neither is what nobody answers to.
func (s *Server) noteSlow(x *wire.Exchange) {
	r := x.Request
	if s.opts.Slow == nil {
		return
	}
	method := x.Method
	switch method {
	case "", rpc.Export, rpc.Pull, rpc.Follow, rpc.Backup, rpc.SessionBegin:
		return
	case rpc.Record:
		if r.ContentLength < 0 {
			return // entries that are sent as they happen
		}
	case consolePage:
		if r.URL.Path == "/live" || r.URL.Path == "/export" || strings.HasPrefix(r.URL.Path, "/assets/") || x.Truth() == http.StatusNotFound {
			return
		}
		method = r.Method + " " + wire.Logged(r.URL.Path)
	}
	s.opts.Slow.Note(slowest.Call{
		Method: method, Project: wire.Logged(x.Project), At: x.Started, Took: time.Since(x.Started), Status: x.Truth(), RequestID: x.ID,
	})
}
