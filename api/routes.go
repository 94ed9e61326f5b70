package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// A handler answers a call, or returns why it cannot and has written nothing.
type handler func(*call) error

// A route is a method of the API. The handler checks the permission, once it
// knows the project, with call.authorize.
type route struct {
	method     string
	permission rights.Permission // "" where everybody with a token may
	handle     handler
}

// asksAgain reports whether a handler comes to the database in any case, and asks again then whether
// its caller still counts: the commit of a record does, and others once they have read. So it need not
// be asked before that as well.
func (rt *route) asksAgain() bool {
	switch rt.method {
	case rpc.Record, rpc.List, rpc.Get, rpc.Stats:
		return true
	}
	return false
}

func (s *Server) routes() []route {
	return append([]route{
		{rpc.Record, rights.AuditLogRecord, s.record},
		{rpc.List, rights.AuditLogList, s.list},
		{rpc.Get, rights.AuditLogGet, s.get},
		{rpc.Stats, rights.AuditLogStats, method(s.stats)},
		{rpc.Export, rights.AuditLogExport, s.export},
		{rpc.Prove, rights.AuditLogProve, s.prove},
		{rpc.Pull, rights.AuditLogPull, s.pull},
		{rpc.Follow, rights.AuditLogFollow, s.follow},

		{rpc.ProjectList, rights.ProjectList, method(s.projectList)},
		{rpc.ProjectGet, rights.ProjectGet, method(s.projectGet)},
		{rpc.ProjectDelete, rights.ProjectDelete, method(s.projectDelete)},
		{rpc.ProjectRestore, rights.ProjectRestore, method(s.projectRestore)},
		{rpc.ProjectCreate, rights.ProjectCreate, method(s.projectCreate)},
		{rpc.ProjectApprove, rights.ProjectApprove, method(s.projectApprove)},
		{rpc.ProjectHold, rights.ProjectHold, method(s.projectHold)},
		{rpc.ProjectRelease, rights.ProjectRelease, method(s.projectRelease)},
		{rpc.ProjectCertificate, rights.ProjectCertificate, method(s.certificate)},

		{rpc.TokenCreate, rights.TokenCreate, method(s.tokenCreate)},
		{rpc.TokenList, rights.TokenList, method(s.tokenList)},
		{rpc.TokenRevoke, rights.TokenRevoke, method(s.tokenRevoke)},
		{rpc.TokenRotate, rights.TokenRotate, method(s.tokenRotate)},

		{rpc.SearchSave, rights.SearchSave, searching(s.searches.Save)},
		{rpc.SearchList, rights.SearchList, method(s.searchList)},
		{rpc.SearchDelete, rights.SearchDelete, searching(s.searches.Delete)},

		{rpc.ViewerLinkCreate, rights.ViewerLinkCreate, method(s.viewerLinkCreate)},

		{rpc.Backup, rights.LogBackup, s.backup},

		{rpc.SessionGet, "", method(s.sessionGet)},
		{rpc.SessionList, rights.SessionList, method(s.sessionList)}, // of others
		{rpc.SessionEnd, rights.SessionEnd, method(s.sessionEnd)},    // of others

		{rpc.LogStatus, rights.LogStatus, method(s.logStatus)},
		{rpc.LogCheck, rights.LogCheck, method(s.logCheck)},
		{rpc.LogCheckpoint, rights.LogCheckpoint, method(s.checkpoint)},
		{rpc.LogCosign, rights.LogCosign, method(s.cosign)},
	}, s.sinkRoutes()...)
}

// open are the methods that are called to get a token, and so without one.
func (s *Server) open() []route {
	return []route{
		{rpc.SessionStart, "", method(s.sessionStart)},
		{rpc.SessionBegin, "", method(s.sessionBegin)},
	}
}

// pages are what is read with GET and needs no token.
func (s *Server) pages() map[string]http.HandlerFunc {
	pages := map[string]http.HandlerFunc{
		"/healthz":      s.healthz,
		"/readyz":       s.readyz,
		"/metrics":      s.metrics.Page().ServeHTTP,
		"/openapi.json": s.openAPI,
	}
	if s.opts.MetricsApart {
		delete(pages, "/metrics")
	}
	return pages
}

func (s *Server) newRouter() *httprouter.Router {
	router := httprouter.New()
	router.RedirectTrailingSlash = false
	router.RedirectFixedPath = false
	router.HandleOPTIONS = false
	for _, rt := range s.routes() {
		s.handle(router, rt.method, func(x *wire.Exchange, r *http.Request) { s.serve(x, r, &rt) })
	}
	for _, rt := range s.open() {
		s.handle(router, rt.method, func(x *wire.Exchange, r *http.Request) { s.serveOpen(x, r, &rt) })
	}
	for path, page := range s.pages() {
		serve := func(w http.ResponseWriter, r *http.Request) {
			w.(*wire.Exchange).Method = path
			page(w, r)
		}
		router.HandlerFunc(http.MethodGet, path, serve)
		router.HandlerFunc(http.MethodHead, path, serve)
	}
	tlog := route{tlogPath, rights.AuditLogProve, s.tlog}
	for _, verb := range []string{http.MethodGet, http.MethodHead} {
		router.HandlerFunc(verb, tlogPath+"*file", func(w http.ResponseWriter, r *http.Request) { s.serve(w.(*wire.Exchange), r, &tlog) })
	}
	if s.opts.Profile {
		router.HandlerFunc(http.MethodGet, profilePath+"*name", s.profile)
	}
	router.NotFound = http.HandlerFunc(s.notFound)
	router.MethodNotAllowed = http.HandlerFunc(s.wrongVerb)
	return router
}

// onlyReads reports whether a method changes nothing, as its verb says, and so is answered to
// GET as well, for programs that can do nothing else.
func onlyReads(method string) bool {
	_, verb, _ := strings.Cut(method, ".")
	return slices.Contains([]string{"list", "get", "stats", "export", "prove", "certificate", "pull", "follow", "status"}, verb)
}

// handle makes the router answer a method at its name and at that in lower case.
func (s *Server) handle(router *httprouter.Router, method string, serve func(*wire.Exchange, *http.Request)) {
	verbs := []string{http.MethodPost}
	if onlyReads(method) {
		verbs = []string{http.MethodGet, http.MethodPost}
	}
	for _, path := range []string{"/" + strings.ToLower(method), "/" + method} {
		if s.paths[path] != "" {
			continue
		}
		s.paths[path] = strings.Join(verbs, ", ")
		for _, verb := range verbs {
			router.Handle(verb, path, func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
				serve(w.(*wire.Exchange), r)
			})
		}
	}
}

// wrongVerb answers what the router knows the path of, but not with this verb.
func (s *Server) wrongVerb(w http.ResponseWriter, r *http.Request) {
	allow := cmp.Or(s.paths[r.URL.Path], "GET, HEAD")
	w.Header().Set("Allow", allow)
	err := audit.Errorf(audit.Invalid, "%.32s is not answered here: use %s", r.Method, allow)
	w.(*wire.Exchange).FailStatus(http.StatusMethodNotAllowed, err)
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
		return c.w.Answer(res)
	}
}
