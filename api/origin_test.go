package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"auditlog/rpc"
)

// A page of another site has a browser call with what it may have of this log's.
func TestPagesOfOthersMayNotCall(t *testing.T) {
	g := startGuarded(t, "acme")
	for name, headers := range map[string][]string{
		"across sites":     {"Sec-Fetch-Site", "cross-site"},
		"another host":     {"Sec-Fetch-Site", "same-site"},
		"an older browser": {"Origin", "https://evil.example"},
		"a local file":     {"Origin", "null"},
	} {
		for _, method := range []string{rpc.Record, rpc.List, rpc.TokenCreate, rpc.SessionStart, rpc.SessionBegin} {
			status, answer := g.call(g.root, method, deployEntry, append(headers, "Host", "log.example.com")...)
			if status != http.StatusForbidden || !strings.Contains(answer, "pages of other sites") {
				t.Errorf("%s, %s: %d %s", name, method, status, answer)
			}
		}
	}
	for name, headers := range map[string][]string{
		"a program": nil, "the log's own page": {"Sec-Fetch-Site", "same-origin"}, "an address typed": {"Sec-Fetch-Site", "none"},
		"an older browser at home": {"Origin", "http://example.com"}, // the name that httptest calls by
	} {
		if status, answer := g.call(g.root, rpc.List, `{"project":"acme"}`, headers...); status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
}

// Who came by TLS comes by TLS from then on.
func TestStrictTransport(t *testing.T) {
	g := startGuarded(t, "acme")
	for scheme, want := range map[string]string{"http": "", "https": "max-age=31536000"} {
		for _, path := range []string{"/healthz", "/auditLog.list", "/nowhere"} {
			w := httptest.NewRecorder()
			g.api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, scheme+"://log.example.com"+path, nil))
			if got := w.Header().Get("Strict-Transport-Security"); got != want {
				t.Errorf("%s://…%s: %q", scheme, path, got)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://log.example.com/healthz", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	if g.api.ServeHTTP(w, r); w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("behind a proxy with TLS it is not said")
	}
}

func TestMetricsApart(t *testing.T) {
	g := startGuarded(t, "acme")
	opts := g.api.opts
	opts.MetricsApart = true
	apart, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(h http.Handler, path string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	if got := ask(apart, "/metrics"); got != http.StatusNotFound {
		t.Errorf("beside everything else: %d", got)
	}
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/auditLog.list": http.StatusNotFound, "/": http.StatusNotFound} {
		if got := ask(apart.Metrics(), path); got != want {
			t.Errorf("at their own: %s: %d", path, got)
		}
	}
}
