package client

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/rpc"
)

// A proxy, or whoever passes for one, must not lead entries and tokens elsewhere.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		asked := 0
		log := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			http.Redirect(w, r, elsewhere.URL, status)
		}))
		follows := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
		for name, h := range map[string]*http.Client{"the client's own": nil, "one that follows": follows} {
			c := &Client{URL: log.URL, Token: "secret", HTTP: h}
			asked = 0
			calls := map[string]func() error{
				"Record": func() error { _, err := c.Record(t.Context(), entry("ada")); return err },
				"Stats":  func() error { _, err := c.Stats(t.Context(), rpc.StatsRequest{}); return err },
				"Ready":  func() error { return c.Ready(t.Context()) },
				"Export": func() error {
					for _, err := range c.List(t.Context(), rpc.ListRequest{}) {
						return err
					}
					return nil
				},
			}
			for call, fn := range calls {
				err := fn()
				if audit.KindOf(err) != audit.Invalid || !strings.Contains(err.Error(), "sends on to "+strconv.Quote(elsewhere.URL)) {
					t.Errorf("%d, %s, %s: %v", status, name, call, err)
				}
			}
			if asked != len(calls) {
				t.Errorf("%d, %s: the log was asked %d times: it will not change its mind", status, name, asked)
			}
		}
		log.Close()
	}
}
