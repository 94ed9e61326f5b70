package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/reading"
	"auditlog/rpc"
	"auditlog/store"
)

// guarded is a Server with tokens.
type guarded struct {
	*fixture
	keeper   *auth.Keeper
	root     string // the first admin's token
	log      *logLines
	later    atomic.Int64  // how much later than testNow it is, in nanoseconds
	stop     func()        // ends Keeper.Run
	stopping chan struct{} // closed when the server stops
}

func (g *guarded) now() time.Time { return testNow.Add(time.Duration(g.later.Load())) }

// logLines is a log that is read while it is written.
type logLines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startGuarded(t testing.TB, projects ...string) *guarded {
	t.Helper()
	return startGuardedWith(t, auth.Options{}, projects...)
}

// startGuardedWith is startGuarded with options of the tokens' keeper.
func startGuardedWith(t testing.TB, opts auth.Options, projects ...string) *guarded {
	t.Helper()
	return startGuardedScope(t, opts, reading.Exports, projects...)
}

// startGuardedScope is startGuardedWith where reads in pages are recorded by a scope.
func startGuardedScope(t testing.TB, opts auth.Options, scope reading.Scope, projects ...string) *guarded {
	t.Helper()
	g := &guarded{log: new(logLines), stopping: make(chan struct{})}
	opts.Now, opts.FailureBurst = g.now, 1000
	st, err := store.Open(t.TempDir(), store.Options{Now: g.now})
	if err != nil {
		t.Fatal(err)
	}
	if g.keeper, err = auth.Open(st, opts); err != nil {
		t.Fatal(err)
	}
	if err := g.keeper.Start(t.Context(), "", func(secret string) error { g.root = secret; return nil }); err != nil {
		t.Fatal(err)
	}
	reads := reading.New(reading.Options{Storage: st, Scope: scope, Report: func(err error) { t.Error(err) }, Now: g.now})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := g.keeper.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	running.Go(func() {
		if err := reads.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	g.stop = func() { cancel(); running.Wait() }
	t.Cleanup(func() {
		g.stop()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	g.fixture = start(t, Options{Store: st, Auth: g.keeper, Reading: reads, Log: zerolog.New(g.log), Now: g.now, Stopping: g.stopping})
	for _, name := range projects {
		g.mustCall(g.root, rpc.Record, strings.Replace(deployEntry, "acme", name, 1))
	}
	return g
}

// call calls a method with a token, within the process.
func (g *guarded) call(token, method, body string, headers ...string) (status int, answer string) {
	g.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/"+method, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if method == rpc.Follow { // which has no end
		ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
		defer cancel()
		r = r.WithContext(ctx)
	}
	w := httptest.NewRecorder()
	g.api.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func (g *guarded) mustCall(token, method, body string, headers ...string) string {
	g.t.Helper()
	status, answer := g.call(token, method, body, headers...)
	if status != http.StatusOK {
		g.t.Fatalf("%s %s: %d %s", method, body, status, answer)
	}
	return answer
}

// create makes a token for projects and returns its secret and id.
func (g *guarded) create(role rights.Role, expires time.Time, projects ...string) (secret, id string) {
	g.t.Helper()
	body, err := json.Marshal(rpc.TokenCreateRequest{Owner: string(role) + "@acme", Role: string(role), Projects: projects, ExpiresAt: expires})
	if err != nil {
		g.t.Fatal(err)
	}
	var answer rpc.Answer[rpc.TokenCreateResult]
	if err := json.Unmarshal([]byte(g.mustCall(g.root, rpc.TokenCreate, string(body))), &answer); err != nil {
		g.t.Fatal(err)
	}
	return answer.Result.Secret, answer.Result.ID
}

// entries returns a project's entries, the oldest first, once everything that was
// refused or read is told of.
func (g *guarded) entries(project string) []*audit.Entry {
	g.t.Helper()
	g.stop()
	page, err := audittest.List(g.t.Context(), g.store, audit.Query{Project: project}, audit.Paging{Limit: 1000})
	if err != nil {
		g.t.Fatal(err)
	}
	slices.Reverse(page.Entries)
	return page.Entries
}

// The log's own calls are told of in the project concerned, with who made them and
// through what.
func TestOwnEntries(t *testing.T) {
	g := startGuarded(t, "acme")
	admin, _ := g.create(rights.Admin, time.Time{}, "acme")
	made := g.mustCall(admin, rpc.TokenCreate, `{"owner":"ci@acme","ownerType":"ServiceAccount","role":"recorder","projects":["acme"]}`,
		"X-Auditlog-Channel", "cli", "User-Agent", "auditlog/1", rpc.HeaderRequestID, "r-1")
	var token rpc.Answer[rpc.TokenCreateResult]
	if err := json.Unmarshal([]byte(made), &token); err != nil {
		t.Fatal(err)
	}
	g.mustCall(admin, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, token.Result.ID), "X-Deploys-Channel", "console")
	g.mustCall(g.root, rpc.ProjectDelete, `{"project":"acme"}`)
	if status, answer := g.call(admin, rpc.Record, deployEntry); status != http.StatusConflict || !strings.Contains(answer, "2026-06-03") {
		t.Errorf("recording to a deleted project: %d %s", status, answer)
	}
	g.mustCall(admin, rpc.List, `{"project":"acme"}`)
	g.mustCall(admin, rpc.ProjectRestore, `{"project":"acme"}`)
	g.mustCall(admin, rpc.Record, deployEntry)

	list := g.entries("acme")
	var got []string
	for _, e := range list {
		got = append(got, fmt.Sprint(e.Action, " ", e.Actor.Email, " ", e.Channel, " ", e.Resource.Type))
	}
	want := []string{
		"deployment.deploy ada@example.com  Deployment", "token.create admin api Token",
		"token.create admin@acme api Token", "token.revoke admin@acme api Token",
		"project.delete admin api Project", "project.restore admin@acme api Project",
		"deployment.deploy ada@example.com  Deployment",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("entries\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if r := list[2].Request; r != (audit.Request{IP: "192.0.2.1", UserAgent: "auditlog/1", ID: "r-1"}) {
		t.Errorf("token.create is told of with the request %+v", r)
	}
	if cli, console := list[2].Metadata["claimedChannel"], list[3].Metadata["claimedChannel"]; cli != "cli" || console != "console" {
		t.Errorf("the clients said that they were %q and %q", cli, console)
	}
	if d := list[4].Detail; !strings.Contains(d, "720h") {
		t.Errorf("project.delete says %q", d)
	}
}

func TestProjectBadInput(t *testing.T) {
	g := startGuarded(t, "acme")
	g.mustCall(g.root, rpc.ProjectDelete, `{"project":"acme"}`)
	calls := []struct {
		method, body string
		want         int
		says         string
	}{
		{rpc.ProjectDelete, `{"project":"ghost"}`, http.StatusNotFound, "not found"},
		{rpc.ProjectRestore, `{"project":"ghost"}`, http.StatusNotFound, "not found"},
		{rpc.ProjectDelete, `{"project":""}`, http.StatusBadRequest, "project: is required"},
		{rpc.ProjectDelete, `{"project":"_mine"}`, http.StatusBadRequest, "underscore"},
		{rpc.ProjectDelete, `{"project":"acme"}`, http.StatusConflict, "deleted already and will be purged at 2026-06-03T12:00:00Z"},
		{rpc.TokenCreate, `{"owner":"a","role":"owner"}`, http.StatusBadRequest, "role: must be viewer, recorder or admin"},
		{rpc.TokenCreate, `{"owner":"a","role":"viewer","expiresAt":"2020-01-01T00:00:00Z"}`, http.StatusBadRequest, "expiresAt: must be in the future"},
		{rpc.TokenCreate, `{"owner":"a","role":"viewer","projects":["not yet there"]}`, http.StatusOK, `"projects":["not yet there"]`},
		{rpc.TokenCreate, `{"owner":"a","role":"viewer","scope":"acme"}`, http.StatusBadRequest, "scope"},
		{rpc.TokenRevoke, `{"id":"ghost"}`, http.StatusNotFound, "not found"},
		{rpc.TokenRevoke, `{}`, http.StatusNotFound, "not found"},
	}
	for _, c := range calls {
		if status, answer := g.call(g.root, c.method, c.body); status != c.want || !strings.Contains(answer, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.body, status, answer)
		}
	}
	g.mustCall(g.root, rpc.ProjectRestore, `{"project":"acme"}`)
	if status, answer := g.call(g.root, rpc.ProjectRestore, `{"project":"acme"}`); status != http.StatusConflict {
		t.Errorf("restoring twice: %d %s", status, answer)
	}
	g.mustCall(g.root, rpc.ProjectDelete, `{"project":"acme"}`)
	if _, err := g.store.PurgeStep(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{rpc.ProjectDelete, rpc.ProjectRestore, rpc.Record} {
		if status, answer := g.call(g.root, method, bodyOn(t, method, "acme", "")); status != http.StatusConflict || !strings.Contains(answer, "being purged") {
			t.Errorf("%s during the purge: %d %s", method, status, answer)
		}
	}
	for done := false; !done; {
		var err error
		if done, err = g.store.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if status, answer := g.call(g.root, rpc.ProjectRestore, `{"project":"acme"}`); status != http.StatusConflict || !strings.Contains(answer, "was purged") {
		t.Errorf("restoring after the purge: %d %s", status, answer)
	}
	if status, answer := g.call(g.root, rpc.ProjectDelete, `{"project":"acme"}`); status != http.StatusNotFound {
		t.Errorf("deleting after the purge: %d %s", status, answer)
	}
	g.mustCall(g.root, rpc.Record, deployEntry)
}

// Ten thousand identical refusals become a few entries, of which none is lost.
func TestForbiddenFlood(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	poller, _ := g.create(rights.Viewer, time.Time{}, "beta")
	for range 10_000 {
		if status, answer := g.call(poller, rpc.List, `{"project":"acme"}`); status != http.StatusForbidden {
			t.Fatalf("%d %s", status, answer)
		}
	}
	list := slices.DeleteFunc(g.entries("acme"), func(e *audit.Entry) bool { return e.Outcome != audit.Forbidden })
	if len(list) == 0 || len(list) > 3 {
		t.Fatalf("%d entries tell of the flood", len(list))
	}
	told := 0
	for _, e := range list {
		n := 1
		if s := e.Metadata["count"]; s != "" {
			if _, err := fmt.Sscan(s, &n); err != nil {
				t.Fatal(err)
			}
		}
		told += n
		if e.Actor.Email != "viewer@acme" || e.Action != rpc.List || e.Metadata["permission"] != rpc.List || e.Request.IP == "" {
			t.Errorf("a refusal is told of as %+v", e)
		}
	}
	if told != 10_000 {
		t.Errorf("%d refusals are told of", told)
	}
}

// revoker is an http.ResponseWriter whose client revokes the token that it calls
// with as soon as it sees something.
type revoker struct {
	*httptest.ResponseRecorder
	revoke func()
}

func (w *revoker) Write(b []byte) (int, error) {
	w.revoke()
	return w.ResponseRecorder.Write(b)
}

// A revocation ends an answer under way.
func TestRevokeDuringExport(t *testing.T) {
	g := startGuarded(t)
	entries := strings.Repeat(deployEntry+",", 5000)
	for range 10 {
		g.mustCall(g.root, rpc.Record, `{"entries":[`+entries[:len(entries)-1]+`]}`)
	}
	viewer, id := g.create(rights.Viewer, time.Time{}, "acme")
	whole := len(g.mustCall(viewer, rpc.Export, `{"project":"acme"}`))

	w := &revoker{ResponseRecorder: httptest.NewRecorder()}
	w.revoke = sync.OnceFunc(func() { g.mustCall(g.root, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, id)) })
	r := httptest.NewRequest(http.MethodPost, "/"+rpc.Export, strings.NewReader(`{"project":"acme"}`))
	r.Header.Set("Authorization", "Bearer "+viewer)
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("the connection was not cut: %v", err)
			}
		}()
		g.api.ServeHTTP(w, r)
	}()
	if n := w.Body.Len(); n == 0 || n > whole/2 {
		t.Errorf("%d of %d bytes were sent after the revocation", n, whole)
	}
	if !strings.Contains(g.log.String(), "revoked") {
		t.Error("the log does not say why")
	}
}

// Whatever is sent and however it fails, no secret is in a log line, an answer, a
// metric or an entry, but the one answer that makes it.
func TestNoSecretLeaks(t *testing.T) {
	g := startGuarded(t, "acme")
	viewer, id := g.create(rights.Viewer, time.Time{}, "acme")
	mistyped := viewer[:len(viewer)-1] + "-"
	var out strings.Builder
	for _, rt := range g.api.routes() {
		for _, token := range []string{g.root, viewer, mistyped} {
			for _, body := range []string{bodyOn(t, rt.method, "acme", id), `{`, `{"project":3}`, `{"project":"ghost"}`} {
				_, answer := g.call(token, rt.method, body)
				var made rpc.Answer[rpc.TokenCreateResult]
				if (rt.method == rpc.TokenCreate || rt.method == rpc.TokenRotate) && json.Unmarshal([]byte(answer), &made) == nil && made.OK {
					continue
				}
				out.WriteString(answer)
			}
		}
	}
	res, metrics := g.do(g.request(http.MethodGet, "/metrics", ""))
	if res.StatusCode != http.StatusOK || !strings.Contains(metrics, "auditlog_unauthenticated_total") {
		t.Fatalf("metrics: %d", res.StatusCode)
	}
	out.WriteString(metrics)
	for _, project := range []string{"acme", audit.SystemProject} {
		for _, e := range g.entries(project) {
			out.Write(e.AppendJSON(nil))
		}
	}
	out.WriteString(g.log.String())
	for _, secret := range []string{g.root, viewer, mistyped} {
		if random := secret[len("al_01234567_"):][:20]; strings.Contains(out.String(), random) {
			i := strings.Index(out.String(), random)
			t.Errorf("a secret is in …%s…", out.String()[max(0, i-200):i])
		}
	}
}
