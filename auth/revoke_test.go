package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// request is a call with a secret from an address.
func request(secret, from string) *http.Request {
	r := httptest.NewRequest("POST", "/", nil)
	r.RemoteAddr = from
	r.Header.Set("Authorization", "Bearer "+secret)
	return r
}

func TestRotate(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	old, made := create(t, k, root, auth.Token{Role: rights.Recorder, Projects: []string{"acme"}, ExpiresAt: c.now.Add(48 * time.Hour)})
	fresh, rotated, err := k.Rotate(t.Context(), root, made.ID, time.Hour, time.Time{})
	if err != nil || fresh == old || rotated.ID != made.ID || !rotated.RotatedAt.Equal(c.now) || !rotated.FormerUntil.Equal(c.now.Add(time.Hour)) ||
		!rotated.ExpiresAt.Equal(made.ExpiresAt) {
		t.Fatalf("%+v, %v", rotated, err)
	}
	works := func(secret string) bool {
		p, err := k.Verify(t.Context(), secret)
		return err == nil && p.TokenID == made.ID
	}
	if !works(old) || !works(fresh) {
		t.Errorf("beside each other the old one counts: %t, the new one: %t", works(old), works(fresh))
	}
	k = openKeeper(t, s, c) // as after a restart
	c.add(59 * time.Minute)
	if !works(old) || !works(fresh) {
		t.Errorf("within the grace the old one counts: %t, the new one: %t", works(old), works(fresh))
	}
	if c.add(time.Minute); works(old) || !works(fresh) {
		t.Errorf("after the grace the old one counts: %t, the new one: %t", works(old), works(fresh))
	}
	e := entries(t, s, audit.SystemProject)
	last := e[len(e)-1]
	if last.Action != "token.rotate" || last.Resource.ID != made.ID || !strings.Contains(last.Detail, "until 2026-05-04T09:00:00Z") {
		t.Errorf("it is told of as %+v", last)
	}

	// At once, and with a later end.
	third, rotated, err := k.Rotate(t.Context(), root, made.ID, 0, c.now.Add(96*time.Hour))
	if err != nil || works(fresh) || !works(third) || !rotated.ExpiresAt.Equal(c.now.Add(96*time.Hour)) {
		t.Errorf("without a grace the old one counts: %t, the new one: %t; %v", works(fresh), works(third), err)
	}
	// Only two secrets ever count.
	fourth, _, _ := k.Rotate(t.Context(), root, made.ID, time.Hour, time.Time{})
	fifth, _, _ := k.Rotate(t.Context(), root, made.ID, time.Hour, time.Time{})
	if works(third) || !works(fourth) || !works(fifth) {
		t.Errorf("of three in a row count %t %t %t", works(third), works(fourth), works(fifth))
	}
	for _, bad := range []struct {
		grace   time.Duration
		expires time.Time
		want    string
	}{{-1, time.Time{}, "graceSeconds: "}, {31 * 24 * time.Hour, time.Time{}, "graceSeconds: "}, {0, c.now, "expiresAt: must be in the future"}} {
		if _, _, err := k.Rotate(t.Context(), root, made.ID, bad.grace, bad.expires); audit.KindOf(err) != audit.Invalid || !strings.HasPrefix(err.Error(), bad.want) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := k.Revoke(t.Context(), root, made.ID); err != nil || works(fourth) || works(fifth) {
		t.Errorf("after revoking count %t %t, %v", works(fourth), works(fifth), err)
	}
	if _, _, err := k.Rotate(t.Context(), root, made.ID, 0, time.Time{}); audit.KindOf(err) != audit.Conflict {
		t.Errorf("rotating a revoked one: %v", err)
	}
}

func TestRotateIsForAdminsOfIt(t *testing.T) {
	c := newClock()
	_, k, root := administrator(t, c)
	_, shop := create(t, k, root, auth.Token{Role: rights.Viewer, Projects: []string{"shop"}})
	viewer, own := create(t, k, root, auth.Token{Role: rights.Viewer})
	scoped, _ := create(t, k, root, auth.Token{Role: rights.Admin, Projects: []string{"acme"}})
	if _, _, err := k.Rotate(t.Context(), callOf(t, k, viewer), own.ID, 0, time.Time{}); audit.KindOf(err) != audit.PermissionDenied {
		t.Errorf("a viewer rotates its own: %v", err)
	}
	if _, _, err := k.Rotate(t.Context(), callOf(t, k, scoped), shop.ID, 0, time.Time{}); audit.KindOf(err) != audit.NotFound {
		t.Errorf("an admin of acme rotates one of shop: %v", err)
	}
}

// What a token made, and what that made in turn, ends with it.
func TestRevokeAll(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	secret, first := create(t, k, root, auth.Token{Role: rights.Admin, Projects: []string{"acme"}})
	by := callOf(t, k, secret)
	secret, second := create(t, k, by, auth.Token{Role: rights.Admin, Projects: []string{"acme"}})
	_, third := create(t, k, callOf(t, k, secret), auth.Token{Role: rights.Recorder, Projects: []string{"acme"}})
	_, sibling := create(t, k, by, auth.Token{Role: rights.Viewer, Projects: []string{"acme"}})
	other, _ := create(t, k, root, auth.Token{Role: rights.Viewer, Projects: []string{"acme"}})
	if third.Parent != second.ID || second.Parent != first.ID || first.Parent != root.Principal.TokenID {
		t.Errorf("the parents are %q %q %q", first.Parent, second.Parent, third.Parent)
	}
	// The intruder's first step is found out and ended alone; the rest follows.
	if _, err := k.Revoke(t.Context(), root, first.ID); err != nil {
		t.Fatal(err)
	}
	ended, err := k.RevokeAll(t.Context(), root, first.ID)
	if err != nil || len(ended) != 3 {
		t.Fatalf("ended %+v, %v", ended, err)
	}
	for _, made := range []auth.Token{second, third, sibling} {
		i := slices.IndexFunc(ended, func(e auth.Token) bool { return e.ID == made.ID })
		if i < 0 || ended[i].RevokedAt.IsZero() {
			t.Errorf("%s goes on", made.ID)
		}
	}
	if _, err := k.Verify(t.Context(), other); err != nil {
		t.Errorf("what somebody else made has ended: %v", err)
	}
	told := 0
	for _, e := range append(entries(t, s, "acme"), entries(t, s, audit.SystemProject)...) {
		if e.Action == "token.revoke" && e.Metadata["cascadeOf"] == first.ID {
			told++
		}
	}
	if told != 3 {
		t.Errorf("%d of three are told of", told)
	}
	if _, err := k.RevokeAll(t.Context(), root, first.ID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("once more: %v", err)
	}
	if _, err := k.RevokeAll(t.Context(), root, "nothing"); audit.KindOf(err) != audit.NotFound {
		t.Errorf("of a token that is not there: %v", err)
	}
	if _, err := k.RevokeAll(t.Context(), root, root.Principal.TokenID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("of the last admin's: %v", err)
	}
}

// The tokens of somebody who is gone are found by who they were.
func TestRevokeAllOfPerson(t *testing.T) {
	p := newPeople(t)
	root := callOf(t, p.Keeper, start(t, p.Keeper, ""))
	bob := ada()
	bob.Grants = []rights.Grant{{Role: rights.Admin, Projects: []string{"acme"}}}
	_, made := create(t, p.Keeper, callOf(t, p.Keeper, p.login(audit.ChannelCLI, bob)), auth.Token{Owner: bob.Email, Role: rights.Viewer, Projects: []string{"acme"}})
	if made.Parent != bob.Mark() || made.CreatedBy != bob.Email {
		t.Errorf("made by %q, %q", made.Parent, made.CreatedBy)
	}
	ended, err := p.RevokeAll(t.Context(), root, bob.Mark())
	if err != nil || len(ended) != 1 || ended[0].ID != made.ID {
		t.Errorf("ended %+v, %v", ended, err)
	}
}

func TestAddresses(t *testing.T) {
	c := newClock()
	_, k, root := administrator(t, c)
	secret, made := create(t, k, root, auth.Token{Role: rights.Viewer, Addresses: []netip.Prefix{
		netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("::ffff:192.0.2.7/128"), netip.MustParsePrefix("2001:db8::/32"),
	}})
	if got := made.Addresses[0].String() + " " + made.Addresses[1].String(); got != "10.0.0.0/8 192.0.2.7/32" {
		t.Errorf("the ranges are kept as %s", got)
	}
	for from, in := range map[string]bool{
		"10.9.9.9:1": true, "192.0.2.7:1": true, "[::ffff:10.0.0.1]:1": true, "[2001:db8::1]:1": true,
		"11.0.0.1:1": false, "192.0.2.8:1": false, "[2001:db9::1]:1": false, "@": false,
	} {
		p, err := k.Authenticate(request(secret, from))
		var denied *rights.Denied
		switch {
		case in && err != nil:
			t.Errorf("from %s: %v", from, err)
		case !in && (!errors.As(err, &denied) || denied.Permission != rights.TokenUse || p.TokenID != made.ID || audit.KindOf(err) != audit.PermissionDenied):
			t.Errorf("from %s: %+v, %v", from, p, err)
		}
	}
	// A session is no way around it.
	r := request(secret, "10.0.0.1:1")
	who, err := k.Authenticate(r)
	if err != nil {
		t.Fatal(err)
	}
	session, _, err := k.LogIn(t.Context(), &rights.Call{Principal: who, Channel: audit.ChannelConsole}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Resume(r, session); err != nil {
		t.Errorf("a session from within: %v", err)
	}
	if _, _, err := k.Resume(request("", "11.0.0.1:1"), session); audit.KindOf(err) != audit.PermissionDenied {
		t.Errorf("a session from elsewhere: %v", err)
	}
}

func TestBadAddresses(t *testing.T) {
	c := newClock()
	_, k, root := administrator(t, c)
	for _, list := range [][]netip.Prefix{{{}}, make([]netip.Prefix, 101)} {
		_, _, err := k.Create(t.Context(), root, auth.Token{Owner: "a@b", Role: rights.Viewer, Addresses: list})
		if audit.KindOf(err) != audit.Invalid || !strings.HasPrefix(err.Error(), "addresses") {
			t.Errorf("%d ranges: %v", len(list), err)
		}
	}
}

func TestLastUseHasItsAddress(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	secret, made := create(t, k, root, auth.Token{Role: rights.Viewer})
	if _, err := k.Authenticate(request(secret, "192.0.2.9:5")); err != nil {
		t.Fatal(err)
	}
	find := func(k *auth.Keeper) auth.Token {
		list, err := k.List(&root.Principal)
		if err != nil {
			t.Fatal(err)
		}
		return list[slices.IndexFunc(list, func(t auth.Token) bool { return t.ID == made.ID })]
	}
	if got := find(k); got.LastUsedFrom != "192.0.2.9" || !got.LastUsedAt.Equal(c.now) {
		t.Errorf("last used from %q at %v", got.LastUsedFrom, got.LastUsedAt)
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := k.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := find(openKeeper(t, s, c)); got.LastUsedFrom != "192.0.2.9" {
		t.Errorf("after a restart: last used from %q", got.LastUsedFrom)
	}
}

func TestTokensHaveALongestLife(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	k, err := auth.Open(s, auth.Options{Now: c.Now, MaxTokenLife: 90 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	first := start(t, k, "")
	root := callOf(t, k, first)
	_, made := create(t, k, root, auth.Token{Role: rights.Viewer})
	if want := c.now.Add(90 * 24 * time.Hour); !made.ExpiresAt.Equal(want) {
		t.Errorf("a token of no length ends %v, want %v", made.ExpiresAt, want)
	}
	_, _, err = k.Create(t.Context(), root, auth.Token{Owner: "a@b", Role: rights.Viewer, ExpiresAt: c.now.Add(91 * 24 * time.Hour)})
	if audit.KindOf(err) != audit.Invalid || !strings.HasPrefix(err.Error(), "expiresAt: must be no later than 2026-08-02T08:00:00Z") {
		t.Errorf("a longer one: %v", err)
	}
	if _, _, err := k.Rotate(t.Context(), root, made.ID, 0, c.now.Add(91*24*time.Hour)); audit.KindOf(err) != audit.Invalid {
		t.Errorf("rotating to a longer one: %v", err)
	}
	c.add(365 * 24 * time.Hour)
	if _, err := k.Verify(t.Context(), first); err != nil {
		t.Errorf("the first admin's, without which nobody could make another: %v", err)
	}
}
