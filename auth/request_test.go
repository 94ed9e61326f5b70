package auth_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
)

func TestAuthenticate(t *testing.T) {
	_, k, root := administrator(t, newClock())
	secret, made := create(t, k, root, auth.Token{Role: auth.Viewer})
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for header, ok := range map[string]bool{
		"Bearer " + secret:                    true,
		"bearer  " + secret + " ":             true,
		basic("ci@acme:" + secret):            true,
		basic(":" + secret):                   true,
		basic("bad:" + secret + "x"):          false,
		"":                                    false,
		"Bearer":                              false,
		"Bearer ":                             false,
		secret:                                false,
		"Digest " + secret:                    false,
		"Bearer " + strings.ToLower(secret):   false,
		"Basic " + secret:                     false,
		"Bearer " + root.Principal.TokenID:    false,
		"Bearer environment":                  false,
		"Bearer " + strings.Repeat("x", 9999): false,
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Authorization", header)
		p, err := k.Authenticate(r)
		switch {
		case ok && (err != nil || p.TokenID != made.ID):
			t.Errorf("%q: %+v, %v", header, p, err)
		case !ok && (audit.KindOf(err) != audit.Unauthenticated || p.Grants != nil):
			t.Errorf("%q: %+v, %v", header, p, err)
		case !ok && strings.Contains(err.Error(), secret):
			t.Errorf("%q: the error quotes the token", header)
		}
	}
	if got := k.Stats(); got.Unauthenticated != 11 || got.Limited != 0 || got.Tokens != 2 {
		t.Errorf("stats %+v", got)
	}
}

func TestAddress(t *testing.T) {
	s := openStore(t, t.TempDir(), newClock())
	k, err := auth.Open(s, auth.Options{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:80", nil, "192.0.2.1"},
		{"[::ffff:192.0.2.1]:80", nil, "192.0.2.1"},
		{"[fe80::1%eth0]:80", nil, "fe80::1"},
		{"@", []string{"192.0.2.7"}, "invalid IP"},
		{"192.0.2.1:80", []string{"192.0.2.7"}, "192.0.2.1"},
		{"10.0.0.1:80", nil, "10.0.0.1"},
		{"10.0.0.1:80", []string{"192.0.2.7"}, "192.0.2.7"},
		{"10.0.0.1:80", []string{"192.0.2.66, 192.0.2.7"}, "192.0.2.7"},
		{"10.0.0.1:80", []string{"192.0.2.66", "192.0.2.7,10.9.9.9"}, "192.0.2.7"},
		{"[fd00::1]:80", []string{"2001:db8::7, [fd00::2]:443"}, "2001:db8::7"},
		{"10.0.0.1:80", []string{"192.0.2.7:4711"}, "192.0.2.7"},
		{"10.0.0.1:80", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:80", []string{"192.0.2.66, garbage, 10.2.2.2"}, "10.2.2.2"},
		{"10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:80", []string{""}, "10.0.0.1"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = tt.remote
		for _, h := range tt.forwarded {
			r.Header.Add("X-Forwarded-For", h)
		}
		if got := k.Address(r).String(); got != tt.want {
			t.Errorf("from %s via %q: %s, want %s", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	s := openStore(f, f.TempDir(), newClock())
	proxies := netip.MustParsePrefix("10.0.0.0/8")
	k, err := auth.Open(s, auth.Options{TrustedProxies: []netip.Prefix{proxies}})
	if err != nil {
		f.Fatal(err)
	}
	for _, h := range []string{"192.0.2.7", "a,,b", "[::1]:80,10.0.0.2", "::ffff:10.0.0.3, 10.1.1.1"} {
		f.Add("10.0.0.1:80", h)
		f.Add("192.0.2.1:80", h)
	}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = remote
		direct := k.Address(r)
		r.Header["X-Forwarded-For"] = []string{forwarded}
		if got := k.Address(r); got != direct && !proxies.Contains(direct) {
			t.Fatalf("%s, which is no proxy, is taken for %s", direct, got)
		}
	})
}

// fail makes a request without a token from an address and returns how long that
// must wait.
func fail(t *testing.T, k *auth.Keeper, from string) time.Duration {
	t.Helper()
	r := httptest.NewRequest("POST", "/", nil)
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(from), 80).String()
	_, err := k.Authenticate(r)
	var limited *auth.Limited
	if errors.As(err, &limited) {
		if audit.KindOf(err) != audit.RateLimited || limited.RetryAfter() <= 0 {
			t.Errorf("%v, after %v", err, limited.RetryAfter())
		}
		return limited.RetryAfter()
	}
	if audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("no token: %v", err)
	}
	return 0
}

func TestFailuresAreLimited(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	k, err := auth.Open(s, auth.Options{Now: c.Now, FailuresPerMinute: 6, FailureBurst: 3})
	if err != nil {
		t.Fatal(err)
	}
	secret := start(t, k, "")
	for range 3 {
		if wait := fail(t, k, "2001:db8::1"); wait != 0 {
			t.Errorf("one of the first three waits %v", wait)
		}
	}
	for i := range 100 { // the whole network counts as one
		if wait := fail(t, k, fmt.Sprintf("2001:db8::%x", i)); wait != 10*time.Second {
			t.Errorf("waits %v, want 10 s", wait)
		}
	}
	if wait := fail(t, k, "2001:db8:0:1::1"); wait != 0 {
		t.Errorf("another network waits %v", wait)
	}
	r := httptest.NewRequest("POST", "/", nil)
	r.RemoteAddr = "[2001:db8::1]:80"
	r.Header.Set("Authorization", "Bearer "+secret)
	if _, err := k.Authenticate(r); err != nil {
		t.Errorf("a valid token from a limited address: %v", err)
	}
	c.add(10 * time.Second)
	if wait := fail(t, k, "2001:db8::1"); wait != 0 {
		t.Errorf("after ten seconds it waits %v", wait)
	}
	if wait := fail(t, k, "2001:db8::1"); wait == 0 {
		t.Error("after ten seconds two are let through")
	}
	if got := k.Stats(); got.Unauthenticated != 106 || got.Limited != 101 {
		t.Errorf("stats %+v", got)
	}
}
