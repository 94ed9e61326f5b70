package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"auditlog/api/wire"
	"auditlog/auth"
	"auditlog/backup/duty"
	"auditlog/fulltext"
	"auditlog/growth"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/retention"
	"auditlog/rpc"
	"auditlog/scrub"
	"auditlog/shipping"
	"auditlog/sink"
	"auditlog/sinks"
	"auditlog/slowest"
	"auditlog/status"
	"auditlog/store"
)

// testNow is the store's clock in tests, unless they need another.
var testNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// fixture is a Server on a store of its own, behind a real listener.
type fixture struct {
	t     testing.TB
	store *store.Store
	api   *Server
	url   string
}

// start starts a Server. Store and Log are filled in when they are not set.
func start(t testing.TB, opts Options) *fixture {
	t.Helper()
	if opts.Store == nil {
		opts.Store = openStore(t, store.Options{Now: func() time.Time { return testNow }})
	}
	st := opts.Store.(*store.Store)
	if opts.Auth == nil {
		opts.Auth = devKeeper(t, st)
	}
	if opts.Retention == nil {
		opts.Retention = retention.New(st, retention.Options{Now: opts.Now})
	}
	if opts.Checks == nil {
		opts.Checks = scrub.New(st, scrub.Options{Now: opts.Now})
	}
	if opts.Status == nil {
		opts.Slow = new(slowest.Calls)
		opts.Status = status.New(status.Options{
			Log: st, Growth: growth.New(st, growth.Options{Now: opts.Now}), Slow: opts.Slow, Checks: opts.Checks, Version: opts.Version, Now: opts.Now,
		})
	}
	if opts.Backups == nil {
		opts.Backups = duty.New(st, duty.Options{})
	}
	if opts.Proofs == nil {
		opts.Proofs = newNotary(t, st, notary.Options{Now: opts.Now})
	}
	if opts.Sinks == nil {
		engine := openSinks(t, st)
		opts.Sinks, opts.Shipping = sinks.New(engine, opts.Now), engine.Totals
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(s)
	srv.Listener, srv.Config.ConnContext = wire.Listener{Listener: srv.Listener}, wire.ConnContext
	srv.Start()
	t.Cleanup(srv.Close)
	return &fixture{t: t, store: st, api: s, url: srv.URL}
}

// newNotary returns the notary of a log, with a key that is always the same.
func newNotary(t testing.TB, st *store.Store, opts notary.Options) *notary.Notary {
	t.Helper()
	key, err := proof.GenerateKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	n, err := notary.New(st, key, opts)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// anywhere is a destination that takes everything.
type anywhere struct{}

func (anywhere) Deliver(context.Context, *sink.Batch) error { return nil }
func (anywhere) Close() error                               { return nil }

// openSinks returns an engine of sinks that ships nothing until it is run.
func openSinks(t testing.TB, st *store.Store) *shipping.Engine {
	t.Helper()
	engine, err := shipping.Open(t.Context(), st, shipping.Options{
		Open: func(sink.Config, bool) (sink.Destination, error) { return anywhere{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// startSearching is start for a log with full-text search.
func startSearching(t testing.TB, opts Options, search func(string) (fulltext.Query, error)) *fixture {
	t.Helper()
	opts.Store = openStore(t, store.Options{Now: func() time.Time { return testNow }, Search: search})
	return start(t, opts)
}

func openStore(t testing.TB, opts store.Options) *store.Store {
	t.Helper()
	st, err := store.Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// devKeeper is development mode.
func devKeeper(t testing.TB, st *store.Store) *auth.Keeper {
	t.Helper()
	keeper, err := auth.OpenDev(st, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return keeper
}

// do sends a request and returns the answer with its whole body.
func (f *fixture) do(r *http.Request) (*http.Response, string) {
	f.t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res, string(body)
}

// request makes a request; headers are name, value, name, value.
func (f *fixture) request(verb, path, body string, headers ...string) *http.Request {
	f.t.Helper()
	r, err := http.NewRequest(verb, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// post calls a method.
func (f *fixture) post(method, body string, headers ...string) (*http.Response, string) {
	f.t.Helper()
	return f.do(f.request(http.MethodPost, "/"+method, body, headers...))
}

// ok calls a method, which must succeed, and reads its result into result.
func (f *fixture) ok(method, body string, result any) {
	f.t.Helper()
	res, answer := f.post(method, body)
	if res.StatusCode != http.StatusOK {
		f.t.Fatalf("%s %s: %s %s", method, body, res.Status, answer)
	}
	var envelope struct {
		OK     bool
		Result json.RawMessage
	}
	if err := json.Unmarshal([]byte(answer), &envelope); err != nil || !envelope.OK {
		f.t.Fatalf("%s %s: %s: %v", method, body, answer, err)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(envelope.Result, result); err != nil {
		f.t.Fatalf("%s %s: %s: %v", method, body, answer, err)
	}
}

const deployEntry = `{"project":"acme","actor":{"email":"ada@example.com"},"action":"deployment.deploy","resource":{"type":"Deployment","name":"web"},"outcome":"success"}`

// fault is what an answer says of an error.
type fault struct {
	OK     bool
	Result *rpc.RecordResult
	Error  struct {
		Code, Message, Path, RequestID string
		Entry                          *int
		Line                           int
		Items                          []string
	}
}

// bad calls a method, which must fail with a status, and returns the error.
func (f *fixture) bad(status int, method, body string, headers ...string) fault {
	f.t.Helper()
	res, answer := f.post(method, body, headers...)
	var e fault
	if err := json.Unmarshal([]byte(answer), &e); err != nil {
		f.t.Fatalf("%s answers %s: %v", method, answer, err)
	}
	if res.StatusCode != status || e.OK || e.Error.Code == "" {
		f.t.Errorf("%s %.200s: %s %s, want status %d", method, body, res.Status, answer, status)
	}
	if id := res.Header.Get(rpc.HeaderRequestID); id == "" || id != e.Error.RequestID {
		f.t.Errorf("the answer has the id %q, its error %q", id, e.Error.RequestID)
	}
	return e
}

// count returns how many entries a project has.
func (f *fixture) count(project string) int64 {
	f.t.Helper()
	var res rpc.StatsResult
	f.ok(rpc.Stats, `{"project":"`+project+`"}`, &res)
	return res.Total
}

func decodeAnswer(t testing.TB, answer string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(answer), v); err != nil {
		t.Fatalf("answered %.300s: %v", answer, err)
	}
}
