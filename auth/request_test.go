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
	"auditlog/auth/rights"
)

func TestAuthenticate(t *testing.T) {
	_, k, root := administrator(t, newClock())
	secret, made := create(t, k, root, auth.Token{Role: rights.Viewer})
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
