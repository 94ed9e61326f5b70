package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/fulltext"
	"auditlog/growth"
	"auditlog/index"
	"auditlog/reading"
	"auditlog/retention"
	"auditlog/rpc"
	"auditlog/status"
	"auditlog/store"
)

var testNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// site is a console with its log.
type site struct {
	*httptest.Server
	store   *store.Store
	auth    *auth.Keeper
	console *console
	// admin is the first token; empty in development mode.
	admin string
}

// newDevSite serves a console in development mode whose log holds the given entries.
func newDevSite(t testing.TB, opts Options, entries ...*audit.Entry) *site {
	t.Helper()
	return serveSite(t, opts, auth.OpenDev, entries)
}

// newSite serves a console whose log holds the given entries.
func newSite(t testing.TB, opts Options, entries ...*audit.Entry) *site {
	t.Helper()
	return serveSite(t, opts, auth.Open, entries)
}

func serveSite(t testing.TB, opts Options, openAuth func(auth.Storage, auth.Options) (*auth.Keeper, error), entries []*audit.Entry) *site {
	t.Helper()
	now := func() time.Time { return testNow }
	if opts.Now != nil {
		now = opts.Now
	}
	s, err := store.Open(t.TempDir(), store.Options{Now: now, Search: search})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for rest := entries; len(rest) > 0; rest = rest[min(len(rest), 1000):] {
		if _, err := s.Record(t.Context(), rest[:min(len(rest), 1000)]); err != nil {
			t.Fatal(err)
		}
	}
	site := &site{store: s}
	options := auth.Options{Now: now}
	if voucher, ok := opts.Provider.(auth.Voucher); ok {
		options.Voucher = voucher
	}
	if site.auth, err = openAuth(s, options); err != nil {
		t.Fatal(err)
	}
	if !site.auth.Dev() {
		keep := func(secret string) error { site.admin = secret; return nil }
		if err := site.auth.Start(t.Context(), "", keep); err != nil {
			t.Fatal(err)
		}
	}
	opts.Store, opts.Auth, opts.Now = s, site.auth, now
	opts.Retention = retention.New(s, retention.Options{Now: now})
	opts.Reading = reading.New(reading.Options{Storage: s, Now: now})
	known := status.Options{Log: s, Growth: growth.New(s, growth.Options{Now: now}), Now: now, Version: opts.Version}
	if opts.Sinks == nil {
		desk, engine := site.ship(t, now)
		opts.Sinks, known.Sinks = desk, engine.Totals
	}
	if opts.Status == nil {
		opts.Status = status.New(known)
	}
	if site.console, err = newConsole(opts); err != nil {
		t.Fatal(err)
	}
	// However busy the machine, pages have their counts unless a test says otherwise.
	site.console.countPatience = time.Minute
	site.Server = httptest.NewServer(site.console.handler())
	t.Cleanup(site.Close)
	return site
}

// search is full text without an index: every block is looked into.
func search(text string) (fulltext.Query, error) {
	q, err := index.Parse(text)
	return everywhere{q}, err
}

type everywhere struct{ *index.Query }

func (everywhere) Blocks(context.Context, []fulltext.ProjectID, audit.Position, int64) ([][]fulltext.BlockKey, uint64, bool, error) {
	return nil, 0, false, nil
}

// record records entries while the site is up.
func (s *site) record(t testing.TB, entries ...*audit.Entry) {
	t.Helper()
	if _, err := s.store.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

// token makes a token and returns its secret.
func (s *site) token(t testing.TB, token auth.Token) string {
	t.Helper()
	dev := rights.Dev()
	secret, _, err := s.auth.Create(t.Context(), &rights.Call{Principal: dev}, token)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// browser is a visitor without scripts.
type browser struct {
	t    testing.TB
	site *site
	http.Client
}

// visitor returns a visitor who follows no redirects.
func (s *site) visitor(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, s, http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is what a visitor got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(resp *http.Response, err error) answer {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(b.Get(b.site.URL + path))
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// send sends a form, with the token of the session that a page tells.
func (b *browser) send(path string, form url.Values) answer {
	b.t.Helper()
	if m := csrfField.FindStringSubmatch(b.get("/tokens").body); m != nil {
		form.Set("csrf", m[1])
	}
	return b.do(b.PostForm(b.site.URL+path, form))
}

// login logs in with a token.
func (b *browser) login(secret string) *browser {
	b.t.Helper()
	if a := b.do(b.PostForm(b.site.URL+"/login", url.Values{"token": {secret}})); a.status != http.StatusSeeOther {
		b.t.Fatalf("logging in: %d\n%s", a.status, a.body)
	}
	return b
}

func testEntry(project, actor, action string, outcome audit.Outcome) *audit.Entry {
	resource, _, _ := strings.Cut(action, ".")
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: actor}, Action: action, Outcome: outcome,
		Resource:  audit.Resource{Type: resource, ID: "4711", Name: "web", LocationID: "gke.cluster-rcf2"},
		CreatedAt: testNow.Add(-time.Hour), Detail: "did " + action,
	}
}

func TestPages(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success),
		testEntry("acme", "mallory@example.com", "role.grant", audit.Forbidden))
	tests := map[string]struct {
		status int
		want   string // in the body, or the redirect's target
	}{
		"/":                             {http.StatusSeeOther, "/logs?project=acme"},
		"/?all":                         {http.StatusOK, "<h1>Projects</h1>"},
		"/login":                        {http.StatusSeeOther, "/"},
		"/logs?project=acme":            {http.StatusOK, "did deployment.deploy"},
		"/logs?project=acme&entry=2":    {http.StatusOK, "By this actor"},
		"/entry?project=acme&id=2":      {http.StatusOK, "mallory@example.com"},
		"/entry?project=acme&id=3":      {http.StatusNotFound, "Entry 3 not found"},
		"/entry?project=acme&id=x":      {http.StatusBadRequest, "must be the number of an entry"},
		"/logs":                         {http.StatusOK, "Audit logs of all projects"},
		"/logs?project=acme&order=odd":  {http.StatusBadRequest, "Order: must be newest or oldest"},
		"/logs?project=other":           {http.StatusOK, "Nothing recorded yet"},
		"/logs?project=acme&range=2h":   {http.StatusBadRequest, "must be one of 1h, today"},
		"/logs?project=acme&outcome=no": {http.StatusBadRequest, "Outcome: must be"},
		"/logs?project=acme&channel=ui": {http.StatusBadRequest, "Channel: must be"},
		"/logs?project=acme&at=x":       {http.StatusBadRequest, "At: must be"},
		"/logs?project=acme&cursor=x":   {http.StatusBadRequest, "Cursor: is not a cursor"},
		"/nowhere":                      {http.StatusNotFound, "no page at this address"},
		"/projects":                     {http.StatusOK, "Delete…"},
		"/projects?project=acme":        {http.StatusOK, "Delete the project acme?"},
		"/tokens":                       {http.StatusOK, "Make a token"},
		"/status":                       {http.StatusOK, "Running for"},
		"/logs?project=acme&search=outcome:forbidden": {http.StatusSeeOther, "/logs?project=acme&outcome=forbidden"},
		"/logs?project=acme&search=outcom:forbidden":  {http.StatusBadRequest, "Did you mean outcome:?"},
		"/logs?project=acme&search=%22":               {http.StatusBadRequest, "The search has a quotation mark that is not closed"},
		"/logs?project=acme&outcome=error":            {http.StatusOK, "No entry matches"},
		"/logs?project=acme&actor=ADA":                {http.StatusOK, `Did you mean <a href="/logs?project=acme&amp;actor=ada@example.com">`},
		"/logs?project=acme&q=mallory":                {http.StatusOK, "did role.grant"},
		"/logs?project=acme&part=rows":                {http.StatusOK, "<table><tbody><tr"},
		"/logs?project=acme&part=summary":             {http.StatusOK, `<section class="chart"`},
		"/entry?project=acme&id=1&part=panel":         {http.StatusOK, `<article class="entry"`},
	}
	visitor := site.visitor(t)
	for path, want := range tests {
		a := visitor.get(path)
		got := a.body
		if location := a.header.Get("Location"); location != "" {
			got = location
		}
		if a.status != want.status || !strings.Contains(got, want.want) {
			t.Errorf("%s: %d, want %d with %q in\n%.3000s", path, a.status, want.status, want.want, got)
		}
		if a.header.Get("Content-Security-Policy") != policy || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers are %v", path, a.header)
		}
	}
}

// TestManyProjects: nobody reads a list of a thousand, and no page holds one.
func TestManyProjects(t *testing.T) {
	var entries []*audit.Entry
	for i := range 300 {
		entries = append(entries, testEntry(fmt.Sprintf("tenant-%03d", i), "ada@example.com", "a.b", audit.Success))
	}
	v := newDevSite(t, Options{}, entries...).visitor(t)
	for _, path := range []string{"/", "/projects"} {
		a := v.get(path)
		if !strings.Contains(a.body, "And 100 more") || strings.Count(a.body, "<tr>") != mostProjects+1 {
			t.Errorf("%s lists %d projects", path, strings.Count(a.body, "<tr>")-1)
		}
		a = v.get(path + "?find=T-29")
		if strings.Count(a.body, "<tr>") != 11 || strings.Contains(a.body, "more. Find") {
			t.Errorf("%s finds %d projects", path, strings.Count(a.body, "<tr>")-1)
		}
		if a = v.get(path + "?find=nope"); !strings.Contains(a.body, "No project has this in its name") {
			t.Errorf("%s does not say that there is none", path)
		}
	}
	if a := v.get("/projects?project=tenant-299"); !strings.Contains(a.body, "Delete the project tenant-299?") {
		t.Error("a project beyond the list cannot be deleted")
	}
}

// The menu of projects finds by a part of a name: those first that begin with it, then the busiest.
func TestProjectsAreFound(t *testing.T) {
	var entries []*audit.Entry
	for i := range 300 {
		entries = append(entries, testEntry(fmt.Sprintf("tenant-%03d", i), "ada@example.com", "a.b", audit.Success))
	}
	late := testEntry("my-tenant-29", "ada@example.com", "a.b", audit.Success)
	late.CreatedAt = testNow
	site := newSite(t, Options{}, append(entries, late)...)
	v := site.visitor(t).login(site.admin)
	a := v.get("/?part=links&find=+TENANT-29")
	if n := strings.Count(a.body, "<li>"); n != 11 || !strings.HasPrefix(a.body, `<li><a href="/logs?project=tenant-29`) || !strings.Contains(a.body, "my-tenant-29") {
		t.Errorf("%d projects are found:\n%s", n, a.body)
	}
	if a = v.get("/?part=links&find="); strings.Count(a.body, "<li>") != mostLinks || !strings.Contains(a.body[:200], "my-tenant-29") {
		t.Errorf("without a name there are\n%s", a.body)
	}
	if a = v.get("/?part=links&find=nope"); !strings.Contains(a.body, "No project has this") {
		t.Errorf("where there is none:\n%s", a.body)
	}
	narrow := site.visitor(t).login(site.token(t, auth.Token{Owner: "v@acme", Role: rights.Viewer, Projects: []string{"tenant-001"}}))
	if a = narrow.get("/?part=links&find=tenant"); strings.Count(a.body, "<li>") != 1 {
		t.Errorf("a viewer of one project finds\n%s", a.body)
	}
}

// The pages that are of no project remember which one was looked at.
func TestProjectIsRemembered(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success), testEntry("döner & co", "ada@example.com", "a.b", audit.Success))
	v := site.visitor(t).login(site.admin)
	for project, want := range map[string]string{"acme": "/logs?project=acme", "d%C3%B6ner+%26+co": "/logs?project=d%c3%b6ner%20%26%20co", "": "/logs?project="} {
		v.get("/logs?project=" + project)
		for _, path := range []string{"/tokens", "/status", "/projects", "/sinks"} {
			if page := v.get(path).body; !strings.Contains(page, `<a href="`+want+`">Logs</a>`) {
				t.Errorf("after %q, %s leads not back to %s: %s", project, path, want, regexp.MustCompile(`.*>Logs</a>`).FindString(page))
			}
		}
	}
	v.get("/logs?project=acme")
	v.send("/logout", url.Values{})
	narrow := site.visitor(t)
	narrow.Jar = v.Jar
	narrow.login(site.token(t, auth.Token{Owner: "a@shop", Role: rights.Admin, Projects: []string{"shop"}}))
	if page := narrow.get("/tokens").body; strings.Contains(page, "project=acme") {
		t.Error("who logs in next is led to a project that they may not read")
	}
}

// TestCountsThatTakeLong: the entries do not wait for their counts.
func TestCountsThatTakeLong(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	site.console.countPatience = 0
	v := site.visitor(t)
	page := v.get("/logs?project=acme&outcome=success").body
	if !strings.Contains(page, "<tr data-id") || !strings.Contains(page, `id="counting"`) {
		t.Errorf("the page is without its entries, or waited:\n%s", page)
	}
	for _, path := range []string{"/logs?project=acme&outcome=success&part=summary", "/logs?project=acme&outcome=success&counts=wait"} {
		if a := v.get(path); !strings.Contains(a.body, `<b id="total">1</b>`) {
			t.Errorf("%s is without counts:\n%s", path, a.body)
		}
	}
}

// Who goes away before the page is made is no fault of the log's, which the log of requests would have
// somebody look at.
func TestVisitorIsGone(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	ctx, leave := context.WithCancel(t.Context())
	leave()
	for _, page := range []string{"/logs?project=acme", "/logs?project=acme&find=word"} {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
		r.Host, r.RemoteAddr = "localhost", "127.0.0.1:9"
		rec := httptest.NewRecorder()
		site.Config.Handler.ServeHTTP(rec, r)
		if rec.Code != rpc.StatusGone {
			t.Errorf("%s: status %d", page, rec.Code)
		}
	}
}
