package console

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// TestWhoSeesWhat asks for every page as every role, in its scope and out of it.
func TestWhoSeesWhat(t *testing.T) {
	site := newSite(t, Options{},
		testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success),
		testEntry("shop", "eve@example.com", "role.grant", audit.Forbidden))
	visitors := map[string]*browser{
		"admin":       site.visitor(t).login(site.admin),
		"acme admin":  site.visitor(t).login(site.token(t, auth.Token{Owner: "a@acme", Role: rights.Admin, Projects: []string{"acme"}})),
		"viewer":      site.visitor(t).login(site.token(t, auth.Token{Owner: "v@acme", Role: rights.Viewer})),
		"acme viewer": site.visitor(t).login(site.token(t, auth.Token{Owner: "w@acme", Role: rights.Viewer, Projects: []string{"acme"}})),
	}
	const ok, no = http.StatusOK, http.StatusForbidden
	pages := []struct {
		path                                 string
		admin, acmeAdmin, viewer, acmeViewer int
	}{
		{"/logs?project=acme", ok, ok, ok, ok},
		{"/logs?project=shop", ok, no, ok, no},
		{"/logs?project=none", ok, no, ok, no},
		{"/logs?project=_auditlog", ok, no, no, no},
		{"/logs?project=shop&part=rows", ok, no, ok, no},
		{"/logs?project=shop&part=summary", ok, no, ok, no},
		{"/entry?project=acme&id=1", ok, ok, ok, ok},
		{"/entry?project=shop&id=2", ok, no, ok, no},
		{"/export?project=shop&format=csv", ok, no, ok, no},
		{"/live?project=shop&after=x", http.StatusBadRequest, no, http.StatusBadRequest, no},
		{"/projects", ok, ok, ok, ok},
		{"/tokens", ok, ok, no, no},
		{"/sinks", ok, no, no, no},
		{"/status", ok, no, no, no},
	}
	for _, page := range pages {
		for name, want := range map[string]int{"admin": page.admin, "acme admin": page.acmeAdmin, "viewer": page.viewer, "acme viewer": page.acmeViewer} {
			a := visitors[name].get(page.path)
			if a.status != want {
				t.Errorf("%s as %s: %d, want %d", page.path, name, a.status, want)
			}
			if strings.HasPrefix(name, "acme") && (strings.Contains(a.body, "eve@") || page.path == "/projects" && strings.Contains(a.body, "shop")) {
				t.Errorf("%s tells %s of another project", page.path, name)
			}
		}
	}
	changes := map[string]url.Values{
		"/projects/delete":  {"project": {"shop"}, "again": {"shop"}},
		"/projects/restore": {"project": {"shop"}, "again": {"shop"}},
		"/tokens/create":    {"owner": {"x@y"}, "ownerType": {"User"}, "role": {"viewer"}},
		"/tokens/revoke":    {"id": {"zzzzzzzz"}},
		"/sinks/create":     {"name": {"x"}, "to": {"https://x.example.com"}},
		"/sinks/test":       {"sink": {"x"}},
		"/sinks/pause":      {"sink": {"x"}},
		"/sinks/resume":     {"sink": {"x"}},
		"/sinks/replay":     {"sink": {"x"}, "from": {"first"}},
		"/sinks/delete":     {"sink": {"x"}, "again": {"x"}},
	}
	for path, form := range changes {
		for _, name := range []string{"viewer", "acme viewer"} {
			if a := visitors[name].send(path, form); a.status != no || !strings.Contains(a.body, "permission") {
				t.Errorf("%s as %s: %d\n%s", path, name, a.status, a.body)
			}
		}
	}
	if a := visitors["acme admin"].send("/projects/delete", changes["/projects/delete"]); a.status != no {
		t.Errorf("another project's deletion: %d", a.status)
	}
}

// TestRefusalsAreTheSame: whether a project exists is nobody's business who may
// not read it.
func TestRefusalsAreTheSame(t *testing.T) {
	site := newSite(t, Options{}, testEntry("shop", "eve@example.com", "role.grant", audit.Forbidden))
	v := site.visitor(t).login(site.token(t, auth.Token{Owner: "w@acme", Role: rights.Viewer, Projects: []string{"acme"}}))
	for _, path := range []string{"/logs?project=", "/entry?id=1&project=", "/export?project="} {
		there, absent := v.get(path+"shop"), v.get(path+"nope")
		if there.status != absent.status || strings.ReplaceAll(there.body, "shop", "nope") != absent.body {
			t.Errorf("%s tells whether the project exists", path)
		}
	}
}

func TestRefusalIsRecorded(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t).login(site.token(t, auth.Token{Owner: "w@acme", Role: rights.Viewer}))
	v.get("/tokens")
	if n := site.auth.Stats().Refused; n != 1 {
		t.Errorf("%d refusals", n)
	}
}

func TestTokens(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t).login(site.admin)
	form := url.Values{"name": {"pipeline"}, "owner": {"ci@acme"}, "ownerType": {"ServiceAccount"}, "role": {"viewer"}, "projects": {"acme, shop"}, "expires": {"2026-06-01T10:00"}}
	if a := v.send("/tokens/create", form); a.status != http.StatusSeeOther || a.header.Get("Location") != "/tokens" {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	page := v.get("/tokens").body
	_, rest, ok := strings.Cut(page, `id="secret" class="secret mono">`)
	secret, _, _ := strings.Cut(rest, "<")
	if !ok {
		t.Fatalf("no secret in\n%s", page)
	}
	p, err := site.auth.Verify(t.Context(), secret)
	if err != nil || p.Owner != "ci@acme" || !reflect.DeepEqual(p.Grants, []rights.Grant{{Role: rights.Viewer, Projects: []string{"acme", "shop"}}}) {
		t.Errorf("the token is of %+v, %v", p, err)
	}
	if again := v.get("/tokens").body; strings.Contains(again, secret) {
		t.Error("the secret was shown twice")
	}
	form.Set("role", "king")
	form.Set("owner", `"><script>alert(1)</script>`)
	a := v.send("/tokens/create", form)
	if a.status != http.StatusBadRequest || !strings.Contains(a.body, "Role: must be viewer, recorder or admin.") {
		t.Errorf("a role that is none: %d\n%s", a.status, a.body)
	}
	if strings.Contains(a.body, "<script>alert") || !strings.Contains(a.body, `value="pipeline"`) {
		t.Error("the form does not come back as it was sent")
	}
	if a := v.get("/tokens?revoke=" + p.TokenID); !strings.Contains(a.body, "Revoke the token pipeline of ci@acme?") {
		t.Error("revoking is not confirmed")
	}
	if a := v.send("/tokens/revoke", url.Values{"id": {p.TokenID}}); a.status != http.StatusSeeOther {
		t.Errorf("revoking: %d\n%s", a.status, a.body)
	}
	if _, err := site.auth.Verify(t.Context(), secret); err == nil {
		t.Error("the token counts still")
	}
}

func TestDeleteAndRestoreProject(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	v := site.visitor(t).login(site.admin)
	if a := v.send("/projects/delete", url.Values{"project": {"acme"}, "again": {"acm"}}); a.status != http.StatusBadRequest || !strings.Contains(a.body, "not the name of the project") {
		t.Errorf("another name typed: %d", a.status)
	}
	if a := v.send("/projects/delete", url.Values{"project": {"acme"}, "again": {"acme"}}); a.status != http.StatusSeeOther {
		t.Fatalf("deleting: %d\n%s", a.status, a.body)
	}
	if a := v.send("/projects/delete", url.Values{"project": {"acme"}, "again": {"acme"}}); a.status != http.StatusConflict {
		t.Errorf("deleting twice: %d", a.status)
	}
	if a := v.get("/logs?project=acme"); !strings.Contains(a.body, "takes no more entries") || !strings.Contains(a.body, "project.delete") {
		t.Error("the page does not tell of the deletion")
	}
	e, err := site.store.Get(t.Context(), "acme", 4)
	if err != nil || e.Action != "project.delete" || e.Channel != audit.ChannelConsole || e.Request.IP != "127.0.0.1" {
		t.Errorf("the entry is %+v, %v", e, err)
	}
	if !strings.Contains(e.Detail, "purged unless it is restored within 720h") {
		t.Errorf("the entry says %q", e.Detail)
	}
	if a := v.get("/projects?project=acme"); !strings.Contains(a.body, "Restore the project acme?") {
		t.Error("restoring is not offered")
	}
	if a := v.send("/projects/restore", url.Values{"project": {"acme"}, "again": {"acme"}}); a.status != http.StatusSeeOther {
		t.Errorf("restoring: %d\n%s", a.status, a.body)
	}
	if p, err := site.store.Project("acme"); err != nil || p.State != "active" {
		t.Errorf("the project is %v, %v", p.State, err)
	}
}

// readerFunc is a function as an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// A form counts for nothing when the token behind its session ends while it is on
// its way.
func TestTokenEndsWhileTheFormComes(t *testing.T) {
	site := newSite(t, Options{})
	secret := site.token(t, auth.Token{Owner: "eve@acme", Role: rights.Admin})
	who, err := site.auth.Verify(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	v := site.visitor(t).login(secret)
	v.Transport = &http.Transport{ExpectContinueTimeout: time.Minute}
	form := url.Values{"owner": {"eve@acme"}, "ownerType": {"User"}, "role": {"admin"}, "csrf": {csrfField.FindStringSubmatch(v.get("/tokens").body)[1]}}
	text := strings.NewReader(form.Encode())
	body := readerFunc(func(b []byte) (int, error) {
		dev := rights.Dev()
		// Asked for once the server waits for the body; Conflict the second time.
		if _, err := site.auth.Revoke(t.Context(), &rights.Call{Principal: dev}, who.TokenID); err != nil && audit.KindOf(err) != audit.Conflict {
			t.Error(err)
		}
		return text.Read(b)
	})
	r, err := http.NewRequest(http.MethodPost, site.URL+"/tokens/create", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Expect", "100-continue")
	if a := v.do(v.Do(r)); a.status != http.StatusUnauthorized {
		t.Errorf("answered %d", a.status)
	}
	root, err := site.auth.Verify(t.Context(), site.admin)
	if err != nil {
		t.Fatal(err)
	}
	if tokens, err := site.auth.List(&root); err != nil || len(tokens) != 2 {
		t.Errorf("there are the tokens %+v, %v", tokens, err)
	}
}

// The log's own entries are marked, in the list and by themselves; one that a recorder made
// to look like them is not, and says which token it is of.
func TestOwnEntriesAreMarked(t *testing.T) {
	like := func(by string) *audit.Entry {
		return &audit.Entry{Project: "acme", Actor: audit.Actor{Email: "boss@acme"}, Action: "token.create",
			Resource: audit.Resource{Type: "Token", ID: "x"}, Outcome: audit.Success, RecordedBy: by}
	}
	site := newDevSite(t, Options{}, like(audit.RecordedByLog), like("0f3KxQ9Z"))
	v := site.visitor(t)
	const mark, detail = "by the log itself</span>", "the log itself</a>"
	if page := v.get("/logs?project=acme").body; strings.Count(page, mark) != 1 {
		t.Errorf("%d entries of two are marked as the log's own\n%s", strings.Count(page, mark), page)
	}
	if page := v.get("/logs?project=acme&recordedBy=0f3KxQ9Z").body; strings.Contains(page, mark) || strings.Count(page, "<tr data-id") != 1 {
		t.Errorf("the entries of one token are\n%s", page)
	}
	own, forged := v.get("/entry?project=acme&id=1").body, v.get("/entry?project=acme&id=2").body
	if !strings.Contains(own, detail) || strings.Contains(forged, detail) || !strings.Contains(forged, ">0f3KxQ9Z</a>") {
		t.Errorf("the two are shown as\n%s\nand\n%s", own, forged)
	}
}

// Whoever adds a page or a form says whom it is for, or this fails. Nothing but what a row
// leaves open answers somebody who is not logged in, and no form for admins a viewer.
func TestEveryRouteHasARow(t *testing.T) {
	rows := map[string]string{
		"GET /{$}": "visitor", "GET /logs": "visitor", "GET /entry": "visitor", "GET /export": "visitor", "GET /live": "visitor", "GET /proof": "visitor",
		"GET /projects": "visitor", "GET /tokens": "visitor", "GET /status": "visitor", "POST /logout": "visitor", "POST /sessions/end": "visitor",
		"POST /projects/delete": "admin", "POST /projects/restore": "admin", "POST /projects/approve": "admin",
		"POST /tokens/create": "admin", "POST /tokens/revoke": "admin", "POST /tokens/rotate": "admin", "POST /demo": "visitor",
		"GET /sinks": "visitor", "POST /sinks/create": "admin", "POST /sinks/test": "admin", "POST /sinks/pause": "admin",
		"POST /sinks/resume": "admin", "POST /sinks/replay": "admin", "POST /sinks/delete": "admin",
		"GET /login": "anybody", "POST /login": "anybody", "GET /login/provider": "anybody", "GET /login/callback": "anybody",
		"POST /login/backchannel": "anybody", "POST /theme": "anybody", "GET /suggest": "visitor", "POST /searches/save": "visitor", "POST /searches/delete": "visitor", "POST /clock": "anybody", "POST /columns": "anybody", "GET /embed": "anybody", "/": "anybody",
	}
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	viewer := site.visitor(t).login(site.token(t, auth.Token{Owner: "v@acme", Role: rights.Viewer}))
	stranger := site.visitor(t)
	form := url.Values{"project": {"acme"}, "again": {"acme"}, "id": {"zzzzzzzz"}, "owner": {"x@y"}, "ownerType": {"User"}, "role": {"viewer"},
		"name": {"x"}, "to": {"https://x.example.com"}, "sink": {"x"}, "from": {"first"}}
	for _, rt := range site.console.routes() {
		row := rows[rt.pattern]
		if row == "" || rt.open != (row == "anybody") {
			t.Errorf("%s is open: %t, and its row says %q", rt.pattern, rt.open, row)
		}
		delete(rows, rt.pattern)
		verb, path, _ := strings.Cut(strings.TrimSuffix(rt.pattern, "{$}"), " ")
		if row != "anybody" {
			a := stranger.do(stranger.Head(site.URL + path))
			if verb == http.MethodPost {
				a = stranger.do(stranger.PostForm(site.URL+path, form))
			}
			if where := a.header.Get("Location"); !strings.HasPrefix(where, "/login") && a.status != http.StatusUnauthorized {
				t.Errorf("%s answers whoever comes with %d, to %q", rt.pattern, a.status, where)
			}
		}
		if row == "admin" {
			if a := viewer.send(path, form); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
				t.Errorf("%s answers a viewer with %d", rt.pattern, a.status)
			}
		}
	}
	for pattern := range rows {
		t.Errorf("%s has a row and is no route", pattern)
	}
}
