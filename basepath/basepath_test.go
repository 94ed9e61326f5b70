package basepath

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCheck(t *testing.T) {
	for base, ok := range map[string]bool{
		"": true, "/audit": true, "/tools/audit-1.0_x~": true,
		"/": false, "audit": false, "/audit/": false, "//audit": false, "/a//b": false, "/a/../b": false, "/.": false, "/a b": false, "/a?b": false,
		"/ä": false, "/a\"b": false, "/a;b": false, "/a%2fb": false,
	} {
		if err := Check(base); (err == nil) != ok {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestHandler(t *testing.T) {
	h := Handler("/audit", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.URL.Path, r.URL.RequestURI(), r.RequestURI)
	}))
	for asked, want := range map[string]string{
		"/audit/logs?a=b": "/logs /logs?a=b /audit/logs?a=b",
		"/audit/":         "/ / /audit/",
		"/audit/a%2fb":    "/a/b /a%2fb /audit/a%2fb",
		"/logs":           "/logs /logs /logs",
		"/auditlog.list":  "/auditlog.list /auditlog.list /auditlog.list",
		"/x/audit/logs":   "/x/audit/logs /x/audit/logs /x/audit/logs",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, asked, nil))
		if got := w.Body.String(); got != want {
			t.Errorf("%s is %q, want %q", asked, got, want)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/audit?a=b", nil))
	if to := w.Header().Get("Location"); w.Code != http.StatusPermanentRedirect || to != "/audit/?a=b" {
		t.Errorf("the path itself is %d to %q", w.Code, to)
	}
	w = httptest.NewRecorder()
	Handler("", http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("at the root: %d", w.Code)
	}
}
