package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

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
		st, err := store.Open(t.TempDir(), store.Options{Now: func() time.Time { return testNow }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
		opts.Store = st
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return &fixture{t: t, store: opts.Store, api: s, url: srv.URL}
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

func TestSmoke(t *testing.T) {
	var log strings.Builder
	f := start(t, Options{Log: zerolog.New(&log)})
	for _, c := range [][2]string{
		{"auditLog.record", deployEntry},
		{"auditlog.record", `{"entries":[` + deployEntry + `,` + strings.Replace(deployEntry, "deployment.deploy", "deployment.list", 1) + `]}`},
		{"auditlog.record", `{"entries":[` + deployEntry + `,` + strings.Replace(deployEntry, "ada", "\\u0000", 1) + `]}`},
		{"auditlog.record", `{"entries":[` + deployEntry + `,{"projet":"acme"}]}`},
		{"auditlog.record", strings.Replace(deployEntry, "{", `{"id":0,`, 1)},
		{"auditlog.record", deployEntry + deployEntry},
		{"auditlog.record", ""},
		{"auditlog.list", `{"project":"acme","outcome":3}`},
		{"auditlog.list", `{"project":"acme","from":3}`},
		{"auditlog.list", `{"project":"acme"}`},
		{"auditlog.get", `{"project":"acme","id":1}`},
		{"auditlog.stats", `{"project":"acme","buckets":3}`},
		{"auditlog.export", `{"project":"acme","format":"csv"}`},
		{"project.list", `{}`},
		{"nothing.here", `{}`},
	} {
		res, body := f.post(c[0], c[1])
		t.Log(c[0], res.StatusCode, body)
	}
	for _, p := range []string{"/healthz", "/readyz", "/metrics", "/openapi.json", "/auditLog.list", "/"} {
		res, body := f.do(f.request("GET", p, ""))
		t.Log(p, res.StatusCode, res.Header, body[:min(len(body), 300)])
	}
	t.Log(log.String())
}
