package auth_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

func openDev(t *testing.T) *auth.Keeper {
	t.Helper()
	k, err := auth.OpenDev(openStore(t, t.TempDir(), newClock()), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// localRequest is a request of a program on this machine.
func localRequest() *http.Request {
	r := httptest.NewRequest("POST", "http://localhost:7070/", nil)
	r.RemoteAddr = "127.0.0.1:4711"
	return r
}

func TestDev(t *testing.T) {
	k, r := openDev(t), localRequest()
	p, err := k.Authenticate(r)
	if err != nil || !p.MayEverywhere(rights.TokenCreate) || p.Owner == "" {
		t.Errorf("%+v, %v", p, err)
	}
	if err := k.Standing(&p); err != nil {
		t.Error(err)
	}
	ctx, done := k.Live(t.Context(), &p)
	if ctx.Err() != nil {
		t.Error("the developer's call ended at once")
	}
	done()
}

// Nobody but this machine is ever taken for the developer, whoever serves the keeper
// and however the request came in.
func TestDevIsLocal(t *testing.T) {
	k := openDev(t)
	socket := func(r *http.Request) {
		r.RemoteAddr = "@"
		at := &net.UnixAddr{Name: "/run/auditlog.sock", Net: "unix"}
		*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at))
	}
	for name, tt := range map[string]struct {
		change func(*http.Request)
		ok     bool
	}{
		"a program":              {func(*http.Request) {}, true},
		"by IPv6":                {func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:1", "[::1]:7070" }, true},
		"by a mapped address":    {func(r *http.Request) { r.RemoteAddr = "[::ffff:127.0.0.1]:1" }, true},
		"through a socket":       {socket, true},
		"through a local proxy":  {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1, ::1") }, false},
		"a proxy of few words":   {func(r *http.Request) { r.Header.Set("Via", "1.1 proxy") }, false},
		"a proxy by the book":    {func(r *http.Request) { r.Header.Set("Forwarded", "for=127.0.0.1") }, false},
		"a proxy with TLS":       {func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, false},
		"nginx as it comes":      {func(r *http.Request) { r.Header.Set("X-Real-IP", "127.0.0.1") }, false},
		"another machine":        {func(r *http.Request) { r.RemoteAddr = "192.0.2.7:4711" }, false},
		"an unknown one":         {func(r *http.Request) { r.RemoteAddr = "" }, false},
		"another by IPv6":        {func(r *http.Request) { r.RemoteAddr = "[2001:db8::1]:4711" }, false},
		"another, by a proxy":    {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.7, 127.0.0.1") }, false},
		"a proxy that hides it":  {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "unknown") }, false},
		"another name":           {func(r *http.Request) { r.Host = "evil.example" }, false},
		"no name":                {func(r *http.Request) { r.Host = "" }, false},
		"a page from elsewhere":  {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, false},
		"a page on another port": {func(r *http.Request) { r.Header.Set("Origin", "http://localhost:1") }, false},
	} {
		r := localRequest()
		tt.change(r)
		_, authenticated := k.Authenticate(r)
		_, checked := k.Check(r, "secret", audit.ChannelAPI)
		for what, err := range map[string]error{"Admit": k.Admit(r), "Authenticate": authenticated, "Check": checked} {
			if (err == nil) != tt.ok || err != nil && audit.KindOf(err) != audit.PermissionDenied {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
	}
}

// With tokens it does not matter where a request comes from.
func TestAdmitWithTokens(t *testing.T) {
	k, err := auth.Open(openStore(t, t.TempDir(), newClock()), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://log.example.com/", nil)
	if err := k.Admit(r); err != nil || k.Dev() {
		t.Errorf("development mode %t, %v", k.Dev(), err)
	}
	if err := k.MayListen(&net.TCPAddr{Port: 7070}); err != nil {
		t.Errorf("may not listen everywhere: %v", err)
	}
}

func TestDevMayListen(t *testing.T) {
	k := openDev(t)
	for _, tt := range []struct {
		at net.Addr
		ok bool
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7070}, true},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 7070}, true},
		{&net.UnixAddr{Name: "/run/auditlog.sock", Net: "unix"}, true},
		{&net.TCPAddr{Port: 7070}, false},
		{&net.TCPAddr{IP: net.IPv6zero, Port: 7070}, false},
		{&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 7070}, false},
	} {
		if err := k.MayListen(tt.at); (err == nil) != tt.ok {
			t.Errorf("%v: %v", tt.at, err)
		}
	}
}
