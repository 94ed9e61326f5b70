package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"auditlog/auth/rights"
)

// Profiles are for admins of everything, on this machine, where they were asked for.
func TestProfile(t *testing.T) {
	g := startGuarded(t, "acme")
	with, err := New(Options{Store: g.store, Auth: g.keeper, Retention: g.api.opts.Retention, Profile: true, Now: g.now})
	if err != nil {
		t.Fatal(err)
	}
	viewer, _ := g.create(rights.Viewer, time.Time{})
	scoped, _ := g.create(rights.Admin, time.Time{}, "acme")
	for _, tt := range []struct {
		name    string
		api     *Server
		path    string
		token   string
		from    string
		status  int
		mention string
	}{
		{"an admin here", with, "goroutine?debug=1", g.root, "127.0.0.1:1234", 200, "goroutine profile:"},
		{"the list", with, "", g.root, "[::1]:1234", 200, "heap"},
		{"a symbol", with, "symbol", g.root, "127.0.0.1:1234", 200, "num_symbols"},
		{"a trace", with, "trace?seconds=0.01", g.root, "127.0.0.1:1234", 200, ""},
		{"an admin elsewhere", with, "heap", g.root, "192.0.2.7:1234", 403, "on this machine alone"},
		{"an admin through a proxy", with, "heap", g.root, "127.0.0.1:1234", 403, "on this machine alone"},
		{"an admin of one project", with, "heap", scoped, "127.0.0.1:1234", 403, "missing permission debug.profile on all projects"},
		{"a viewer", with, "heap", viewer, "127.0.0.1:1234", 403, "missing permission debug.profile"},
		{"nobody", with, "heap", "", "127.0.0.1:1234", 401, "unauthenticated"},
		{"not switched on", g.api, "heap", g.root, "127.0.0.1:1234", 404, "nothing at this path"},
	} {
		r := httptest.NewRequest(http.MethodGet, profilePath+tt.path, nil)
		r.RemoteAddr = tt.from
		if tt.name == "an admin through a proxy" {
			r.Header.Set("X-Forwarded-For", "127.0.0.1")
		}
		if tt.token != "" {
			r.Header.Set("Authorization", "Bearer "+tt.token)
		}
		w := httptest.NewRecorder()
		tt.api.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != tt.status || !strings.Contains(body, tt.mention) || body == "" {
			t.Errorf("%s: %d %.300s", tt.name, w.Code, body)
		}
	}
}
