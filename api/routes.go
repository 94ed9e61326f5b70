package api

import (
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/rpc"
)

// A handler answers a call, or returns why it cannot and has written nothing.
type handler func(*call) error

// A route is a method of the API. The handler checks the permission, once it
// knows the project, with call.authorize.
type route struct {
	method     string
	permission auth.Permission
	handle     handler
}

func (s *Server) routes() []route {
	return []route{
		{rpc.Record, auth.AuditLogRecord, s.record},
		{rpc.List, auth.AuditLogList, s.list},
		{rpc.Get, auth.AuditLogGet, s.get},
		{rpc.Stats, auth.AuditLogStats, method(s.stats)},
		{rpc.Export, auth.AuditLogExport, s.export},

		{rpc.ProjectList, auth.ProjectList, method(s.projectList)},
		{rpc.ProjectGet, auth.ProjectGet, method(s.projectGet)},
		{rpc.ProjectDelete, auth.ProjectDelete, method(s.projectDelete)},
		{rpc.ProjectRestore, auth.ProjectRestore, method(s.projectRestore)},
		{rpc.ProjectCreate, auth.ProjectCreate, method(s.projectCreate)},
		{rpc.ProjectApprove, auth.ProjectApprove, method(s.projectApprove)},
		{rpc.ProjectHold, auth.ProjectHold, method(s.projectHold)},
		{rpc.ProjectRelease, auth.ProjectRelease, method(s.projectRelease)},

		{rpc.TokenCreate, auth.TokenCreate, method(s.tokenCreate)},
		{rpc.TokenList, auth.TokenList, method(s.tokenList)},
		{rpc.TokenRevoke, auth.TokenRevoke, method(s.tokenRevoke)},
	}
}

// pages are what is read with GET and needs no token.
func (s *Server) pages() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/healthz":      s.healthz,
		"/readyz":       s.readyz,
		"/metrics":      s.metricsPage,
		"/openapi.json": s.openAPI,
	}
}

func (s *Server) newRouter() *httprouter.Router {
	router := httprouter.New()
	router.RedirectTrailingSlash = false
	router.RedirectFixedPath = false
	router.HandleOPTIONS = false
	for _, rt := range s.routes() {
		serve := func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
			s.serve(w.(*exchange), r, &rt)
		}
		for _, path := range []string{"/" + strings.ToLower(rt.method), "/" + rt.method} {
			if !s.paths[path] {
				s.paths[path] = true
				router.Handle(http.MethodPost, path, serve)
			}
		}
	}
	for path, page := range s.pages() {
		serve := func(w http.ResponseWriter, r *http.Request) {
			w.(*exchange).method = path
			page(w, r)
		}
		router.HandlerFunc(http.MethodGet, path, serve)
		router.HandlerFunc(http.MethodHead, path, serve)
	}
	if s.opts.Profile {
		router.HandlerFunc(http.MethodGet, profilePath+"*name", s.profile)
	}
	router.NotFound = http.HandlerFunc(s.notFound)
	router.MethodNotAllowed = http.HandlerFunc(s.wrongVerb)
	return router
}

// wrongVerb answers what the router knows the path of, but not with this verb.
func (s *Server) wrongVerb(w http.ResponseWriter, r *http.Request) {
	allow := "GET, HEAD"
	if s.paths[r.URL.Path] {
		allow = "POST"
	}
	w.Header().Set("Allow", allow)
	err := audit.Errorf(audit.Invalid, "%.32s is not answered here: use %s", r.Method, allow)
	s.failStatus(w.(*exchange), r, http.StatusMethodNotAllowed, err)
}

// method makes a handler of a function from a request to a result.
func method[Request, Result any](fn func(*call, *Request) (*Result, error)) handler {
	return func(c *call) error {
		var req Request
		if err := c.decode(&req); err != nil {
			return err
		}
		res, err := fn(c, &req)
		if err != nil {
			return err
		}
		return c.answer(res)
	}
}
