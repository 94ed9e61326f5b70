package api

import (
	"context"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
	"auditlog/shipping"
)

// Sinks does what is done with sinks; *sinks.Desk does.
type Sinks interface {
	Create(context.Context, *rights.Call, *rpc.SinkCreateRequest) (*rpc.Sink, error)
	List(context.Context, *rights.Call, *rpc.SinkListRequest) (*rpc.SinkListResult, error)
	Get(context.Context, *rights.Call, *rpc.SinkGetRequest) (*rpc.SinkGetResult, error)
	Update(context.Context, *rights.Call, *rpc.SinkUpdateRequest) (*rpc.Sink, error)
	Pause(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Resume(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Replay(context.Context, *rights.Call, *rpc.SinkReplayRequest) (*rpc.Sink, error)
	Delete(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Test(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.SinkTestResult, error)
}

// sinkRoutes are the methods of sinks.
func (s *Server) sinkRoutes() []route {
	return []route{
		{rpc.SinkCreate, rights.SinkCreate, ofSinks(s, Sinks.Create)},
		{rpc.SinkList, rights.SinkList, ofSinks(s, Sinks.List)},
		{rpc.SinkGet, rights.SinkGet, ofSinks(s, Sinks.Get)},
		{rpc.SinkUpdate, rights.SinkUpdate, ofSinks(s, Sinks.Update)},
		{rpc.SinkPause, rights.SinkPause, ofSinks(s, Sinks.Pause)},
		{rpc.SinkResume, rights.SinkResume, ofSinks(s, Sinks.Resume)},
		{rpc.SinkReplay, rights.SinkReplay, ofSinks(s, Sinks.Replay)},
		{rpc.SinkTest, rights.SinkTest, ofSinks(s, Sinks.Test)},
		{rpc.SinkDelete, rights.SinkDelete, ofSinks(s, Sinks.Delete)},
	}
}

// ofSinks makes a handler of what is done with sinks.
func ofSinks[Request, Result any](s *Server, act func(Sinks, context.Context, *rights.Call, *Request) (*Result, error)) handler {
	return method(func(c *call, req *Request) (*Result, error) {
		if err := c.authorize(""); err != nil {
			return nil, err
		}
		if s.opts.Sinks == nil {
			return nil, audit.Errorf(audit.Unavailable, "nothing is shipped from this log")
		}
		return act(s.opts.Sinks, c.r.Context(), c.auth(), req)
	})
}

// sinkReadiness tells of sinks. One that fails is no reason to send requests elsewhere.
type sinkReadiness struct {
	OK      bool  `json:"ok"`
	Failing int   `json:"failing"`
	Behind  int64 `json:"behind"`
}

func (s *Server) sinksReady() *sinkReadiness {
	if s.opts.Shipping == nil {
		return nil
	}
	t := s.opts.Shipping()
	failing := t.Sinks[shipping.Failing] + t.Sinks[shipping.Stopped] + t.Sinks[shipping.Broken]
	return &sinkReadiness{OK: failing == 0, Failing: failing, Behind: t.Behind}
}
