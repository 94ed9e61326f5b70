package auth_test

import (
	"errors"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// isLimited reports whether an error tells a caller to wait.
func isLimited(err error) bool {
	var l *auth.Limited
	return errors.As(err, &l) && l.RetryAfter() > 0 && audit.KindOf(err) == audit.RateLimited
}

// TestLogInsAreSpared: each is an entry that stays for ever, so one token has so many and no more.
func TestLogInsAreSpared(t *testing.T) {
	c := newClock()
	_, k, admin := administrator(t, c)
	secret, _ := create(t, k, admin, auth.Token{Owner: "v@example.com", Role: rights.Viewer, Projects: []string{"acme"}})
	other, _ := create(t, k, admin, auth.Token{Owner: "w@example.com", Role: rights.Viewer, Projects: []string{"acme"}})
	login := func(call *rights.Call) error {
		_, _, err := k.LogIn(t.Context(), call, nil)
		return err
	}
	mine, n := callOf(t, k, secret), 0
	for ; n < 1000 && login(mine) == nil; n++ {
	}
	if n != 60 || !isLimited(login(mine)) {
		t.Errorf("%d at once: %v", n, login(mine))
	}
	if err := login(callOf(t, k, other)); err != nil {
		t.Errorf("another's: %v", err)
	}
	for range 100 {
		if err := login(admin); err != nil {
			t.Fatalf("an admin's: %v", err)
		}
	}
	if c.add(time.Minute); login(mine) != nil || !isLimited(login(mine)) {
		t.Error("there is not one a minute")
	}
}

// TestGrantsAreSpared: so it is with the tokens of a project, whoever of its admins makes them.
func TestGrantsAreSpared(t *testing.T) {
	c := newClock()
	_, k, admin := administrator(t, c)
	call := func(owner string, projects ...string) *rights.Call {
		secret, _ := create(t, k, admin, auth.Token{Owner: owner, Role: rights.Admin, Projects: projects})
		return callOf(t, k, secret)
	}
	acme, second, shop := call("a@example.com", "acme"), call("b@example.com", "acme", "shop"), call("c@example.com", "shop")
	token := auth.Token{Owner: "ci@acme", OwnerType: audit.ServiceAccount, Role: rights.Recorder, Projects: []string{"acme"}}
	_, made := create(t, k, acme, token)
	var err error
	n := 1
	for ; n < 2000 && err == nil; n++ {
		if n%2 == 0 {
			_, _, err = k.Create(t.Context(), second, token)
		} else {
			_, _, err = k.Rotate(t.Context(), acme, made.ID, 0, time.Time{})
		}
	}
	if n != 1001 || !isLimited(err) {
		t.Errorf("%d at once, %v", n, err)
	}
	if !isLimited(k.SpareGrant(&acme.Principal, "acme")) || k.SpareGrant(&shop.Principal, "shop") != nil {
		t.Error("links are not spared with tokens, or another project's are")
	}
	for range 1000 {
		if !isLimited(k.SpareGrant(&second.Principal, "globex", "acme")) {
			t.Fatal("one of two projects is not spared")
		}
	}
	if err := k.SpareGrant(&second.Principal, "globex"); err != nil {
		t.Errorf("the other has lost what it had: %v", err)
	}
	if _, err := k.Revoke(t.Context(), acme, made.ID); err != nil {
		t.Errorf("and none can be revoked: %v", err)
	}
	if _, _, err := k.Create(t.Context(), admin, token); err != nil {
		t.Errorf("an admin of all projects: %v", err)
	}
	if c.add(30 * time.Second); k.SpareGrant(&acme.Principal, "acme") != nil {
		t.Error("there is none more after a while")
	}
}
