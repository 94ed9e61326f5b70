package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// bodyOn returns a proper request of a method that concerns a project, where
// token is the id of a token of that project.
func bodyOn(t *testing.T, method, project, token string) string {
	t.Helper()
	switch method {
	case rpc.Record:
		return strings.Replace(deployEntry, "acme", project, 1)
	case rpc.Get:
		return fmt.Sprintf(`{"project":%q,"id":2}`, project)
	case rpc.ProjectList, rpc.TokenList, rpc.SessionGet, rpc.SessionList, rpc.Backup, rpc.LogStatus, rpc.LogCheck, rpc.LogCheckpoint, rpc.LogCosign, rpc.SinkList,
		rpc.SearchList:
		return `{}`
	case rpc.SearchSave:
		return fmt.Sprintf(`{"name":"mine","query":{"project":%q}}`, project)
	case rpc.SearchDelete:
		return `{"name":"mine"}`
	case rpc.SinkCreate:
		return `{"name":"siem","to":"stdout:"}`
	case rpc.SinkReplay:
		return `{"name":"siem","from":{"first":true}}`
	case rpc.SinkUpdate:
		return `{"name":"siem","batch":10}`
	case rpc.SinkGet, rpc.SinkPause, rpc.SinkResume, rpc.SinkDelete, rpc.SinkTest:
		return `{"name":"siem"}`
	case rpc.TokenCreate:
		return fmt.Sprintf(`{"owner":"new@%s","ownerType":"ServiceAccount","role":"viewer","projects":[%q]}`, project, project)
	case rpc.TokenRevoke, rpc.TokenRotate, rpc.SessionEnd:
		return fmt.Sprintf(`{"id":%q}`, token)
	case rpc.ProjectHold:
		return fmt.Sprintf(`{"project":%q,"reason":"case 4711"}`, project)
	case rpc.List, rpc.Stats, rpc.Export, rpc.Prove, rpc.Pull, rpc.Follow, rpc.ProjectCertificate, rpc.ProjectGet, rpc.ProjectDelete, rpc.ProjectRestore,
		rpc.ProjectCreate, rpc.ProjectApprove, rpc.ProjectRelease, rpc.ViewerLinkCreate:
		return fmt.Sprintf(`{"project":%q}`, project)
	}
	t.Fatalf("no request of %s is known here: add it", method)
	return ""
}

// grants says in words of its own what the design lets whom call: a row for each method of
// the API. "admin of all" is no admin of some projects; "own" are those who have a session,
// for their own, see TestSessions; and "anybody" needs no token.
var grants = map[string]string{
	"auditLog.record": "recorder admin",
	"auditLog.list":   "viewer admin",
	"auditLog.get":    "viewer admin",
	"auditLog.stats":  "viewer admin",
	"auditLog.export": "viewer admin",
	"auditLog.prove":  "viewer admin",
	"auditLog.pull":   "viewer admin",
	"auditLog.follow": "viewer admin",

	"project.list": "viewer admin",
	"project.get":  "viewer admin",

	"project.certificate": "viewer admin",

	"project.create":  "admin",
	"project.restore": "admin",
	"project.hold":    "admin",
	"project.delete":  "admin of all",
	"project.approve": "admin of all",
	"project.release": "admin of all",

	"search.save":   "own", // of those who may read, see TestSearches
	"search.list":   "own",
	"search.delete": "own",

	"viewerLink.create": "admin",

	"token.create": "admin",
	"token.list":   "admin",
	"token.revoke": "admin",
	"token.rotate": "admin",

	"sink.create": "admin of all",
	"sink.list":   "admin of all",
	"sink.get":    "admin of all",
	"sink.update": "admin of all",
	"sink.pause":  "admin of all",
	"sink.resume": "admin of all",
	"sink.replay": "admin of all",
	"sink.delete": "admin of all",
	"sink.test":   "admin of all",

	"log.backup": "admin of all",
	"log.check":  "admin of all",
	"log.status": "admin of all",
	"log.cosign": "admin of all",

	"log.checkpoint": "viewer admin",

	"session.get":   "own",
	"session.list":  "own",
	"session.end":   "own",
	"session.start": "anybody",
	"session.begin": "anybody",
}

// mayCall reports whether a row of grants lets a role call a method, of one project or all.
func mayCall(role rights.Role, method string, all bool) bool {
	if grants[method] == "admin of all" {
		return role == rights.Admin && all
	}
	return slices.Contains(strings.Fields(grants[method]), string(role))
}

// Whoever adds a method says whom it is for, or this fails: what nobody thought about would
// be open to whoever the handler happens to let in.
func TestEveryMethodHasARow(t *testing.T) {
	f := start(t, Options{})
	missing := maps.Clone(grants)
	for _, rt := range append(f.api.routes(), f.api.open()...) {
		if grants[rt.method] == "" {
			t.Errorf("no row of grants says who may call %s", rt.method)
		}
		delete(missing, rt.method)
	}
	for _, rt := range f.api.open() {
		if grants[rt.method] != "anybody" {
			t.Errorf("%s is answered without a token", rt.method)
		}
	}
	for method := range missing {
		t.Errorf("%s has a row and is no method", method)
	}
	pages := slices.Sorted(maps.Keys(f.api.pages()))
	if want := []string{"/healthz", "/metrics", "/openapi.json", "/readyz"}; !slices.Equal(pages, want) {
		t.Errorf("%q are read without a token, want %q", pages, want)
	}
}

// concernsProject reports whether a method's request names a project.
func concernsProject(method string) bool {
	return !strings.HasPrefix(method, "sink.") && method != rpc.Backup && method != rpc.LogStatus && method != rpc.LogCheck && method != rpc.LogCheckpoint && method != rpc.LogCosign && method != rpc.ProjectList && method != rpc.TokenList && method != rpc.TokenRevoke && method != rpc.TokenRotate
}

// A permission that lets nobody do anything would be granted without a thought.
func TestEveryPermissionIsAMethods(t *testing.T) {
	f := start(t, Options{})
	used := map[rights.Permission]string{
		rights.DebugProfile: "/debug/pprof/",
		rights.SearchShare:  "search.save and search.delete, for a project",
	}
	for _, rt := range f.api.routes() {
		if rt.method == rpc.SessionGet {
			continue // everybody may ask who they are
		}
		if string(rt.permission) != rt.method {
			t.Errorf("%s asks for the permission %s", rt.method, rt.permission)
		}
		used[rt.permission] = rt.method
	}
	for _, p := range rights.Permissions() {
		if used[p] == "" {
			t.Errorf("the permission %s is no method's", p)
		}
	}
}

// Every method, by every role, in and out of scope, with a token that expired, one
// that was revoked, and none.
func TestPermissionTable(t *testing.T) {
	for _, role := range []rights.Role{rights.Viewer, rights.Recorder, rights.Admin} {
		t.Run(string(role), func(t *testing.T) {
			g := startGuarded(t, "first", "acme", "beta")
			one, _ := g.create(role, time.Time{}, "acme")
			all, _ := g.create(role, time.Time{})
			expired, _ := g.create(role, g.now().Add(time.Minute), "acme")
			revoked, id := g.create(role, time.Time{}, "acme")
			g.mustCall(g.root, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, id))
			g.later.Add(int64(time.Hour))
			for _, rt := range g.api.routes() {
				if grants[rt.method] == "own" {
					g.checkClosed(t, rt.method, "", expired, revoked)
					continue
				}
				g.check(t, rt.method, "in scope", one, "acme", mayCall(role, rt.method, false))
				g.check(t, rt.method, "of all", all, "beta", mayCall(role, rt.method, true))
				if concernsProject(rt.method) {
					g.check(t, rt.method, "out of scope", one, "beta", false)
					g.checkHidden(t, rt.method, one)
				}
				g.checkClosed(t, rt.method, "", expired, revoked)
			}
		})
	}
}

// checkClosed makes sure that a method answers no token that does not count.
func (g *guarded) checkClosed(t *testing.T, method string, tokens ...string) {
	t.Helper()
	for i, token := range tokens {
		if status, answer := g.call(token, method, bodyOn(t, method, "acme", "")); status != http.StatusUnauthorized {
			t.Errorf("%s with token %d of those that do not count: %d %s", method, i, status, answer)
		}
	}
}

// check calls a method on a project and compares what became of it.
func (g *guarded) check(t *testing.T, method, who, token, project string, may bool) {
	t.Helper()
	id := ""
	if method == rpc.TokenRevoke || method == rpc.TokenRotate {
		_, id = g.tokenOf(g.root, rpc.TokenCreateRequest{
			Owner: "ci@" + project, OwnerType: "ServiceAccount", Role: "viewer", Projects: []string{project},
		})
	}
	before := g.keeper.Stats().Refused
	status, answer := g.call(token, method, bodyOn(t, method, project, id))
	if told := g.keeper.Stats().Refused > before; told == may {
		t.Errorf("%s, %s: that it was refused is told of: %t", method, who, told)
	}
	// What is allowed can be for nothing: nobody has asked for a deletion, say.
	nothing := status == http.StatusNotFound || method == rpc.LogCosign && status == http.StatusBadRequest
	idle := nothing && slices.Contains([]string{rpc.Get, rpc.ProjectCertificate, rpc.LogCosign}, method) || status == http.StatusConflict &&
		slices.Contains([]string{rpc.ProjectCreate, rpc.ProjectApprove, rpc.ProjectRestore, rpc.ProjectRelease}, method)
	switch {
	case may && status != http.StatusOK && !idle:
		t.Errorf("%s, %s: %d %s", method, who, status, answer)
	case !may && (status != http.StatusForbidden || !strings.Contains(answer, "missing permission "+method)):
		t.Errorf("%s, %s: %d %s", method, who, status, answer)
	}
}

// checkHidden makes sure that nothing in the answer tells whether a project out of
// scope is there.
func (g *guarded) checkHidden(t *testing.T, method, token string) {
	t.Helper()
	answers := make(map[string]string)
	for _, project := range []string{"beta", "ghost"} {
		_, answer := g.call(token, method, bodyOn(t, method, project, ""), rpc.HeaderRequestID, "r")
		answers[strings.ReplaceAll(answer, project, "PROJECT")] = project
	}
	if len(answers) != 1 {
		t.Errorf("%s answers differently on a project that is there: %q", method, answers)
	}
}

// What others have must not show in lists either.
func TestListsAreScoped(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
	admin, _ := g.create(rights.Admin, time.Time{}, "acme")
	wide, _ := g.create(rights.Viewer, time.Time{})
	_, foreign := g.create(rights.Viewer, time.Time{}, "beta")
	for _, tt := range []struct {
		who, token, method string
		shows, hides       []string
	}{
		{"viewer of acme", viewer, rpc.ProjectList, []string{`"acme"`}, []string{"beta", audit.SystemProject}},
		{"admin of acme", admin, rpc.ProjectList, []string{`"acme"`}, []string{"beta", audit.SystemProject}},
		{"viewer of all", wide, rpc.ProjectList, []string{`"acme"`, `"beta"`}, []string{audit.SystemProject}},
		{"admin of all", g.root, rpc.ProjectList, []string{`"acme"`, `"beta"`, audit.SystemProject}, nil},
		{"admin of acme", admin, rpc.TokenList, []string{"viewer@acme", "admin@acme"}, []string{foreign, "beta"}},
		{"admin of all", g.root, rpc.TokenList, []string{foreign, "viewer@acme"}, []string{`"token":`, "hash", g.root}},
	} {
		answer := g.mustCall(tt.token, tt.method, `{}`)
		for _, s := range tt.shows {
			if !strings.Contains(answer, s) {
				t.Errorf("%s, %s: no %s in %s", tt.who, tt.method, s, answer)
			}
		}
		for _, s := range tt.hides {
			if strings.Contains(answer, s) {
				t.Errorf("%s, %s: %s in %s", tt.who, tt.method, s, answer)
			}
		}
	}
	if status, answer := g.call(admin, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, foreign)); status != http.StatusNotFound {
		t.Errorf("a foreign token: %d %s", status, answer)
	}
}

func TestSystemProject(t *testing.T) {
	g := startGuarded(t, "acme")
	viewer, _ := g.create(rights.Viewer, time.Time{})
	recorder, _ := g.create(rights.Recorder, time.Time{})
	scoped, _ := g.create(rights.Admin, time.Time{}, "acme")
	for _, tt := range []struct {
		who, token, method string
		want               int
	}{
		{"admin", g.root, rpc.List, http.StatusOK},
		{"admin", g.root, rpc.Stats, http.StatusOK},
		{"admin", g.root, rpc.Export, http.StatusOK},
		{"admin", g.root, rpc.ProjectGet, http.StatusOK},
		{"admin", g.root, rpc.Record, http.StatusForbidden},
		{"admin", g.root, rpc.ProjectDelete, http.StatusForbidden},
		{"admin", g.root, rpc.ProjectRestore, http.StatusForbidden},
		{"recorder", recorder, rpc.Record, http.StatusForbidden},
		{"viewer", viewer, rpc.List, http.StatusForbidden},
		{"viewer", viewer, rpc.ProjectGet, http.StatusForbidden},
		{"admin of acme", scoped, rpc.List, http.StatusForbidden},
	} {
		if status, answer := g.call(tt.token, tt.method, bodyOn(t, tt.method, audit.SystemProject, "")); status != tt.want {
			t.Errorf("%s, %s: %d %s", tt.who, tt.method, status, answer)
		}
	}
}
