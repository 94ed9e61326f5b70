package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/store"
)

// busy is a store whose changes of tokens wait, and then may fail.
type busy struct {
	*store.Store
	begun chan struct{} // nil: nothing waits
	ends  chan error
}

func (b *busy) ChangeTokens(ctx context.Context, put map[string][]byte, del []string, e *audit.Entry) error {
	if b.begun != nil {
		b.begun <- struct{}{}
		if err := <-b.ends; err != nil {
			return err
		}
	}
	return b.Store.ChangeTokens(ctx, put, del, e)
}

// A revoked token counts no longer while its revocation waits to be written, and if it
// cannot be: that is tried again until it is done.
func TestRevocationCountsBeforeItIsWritten(t *testing.T) {
	c := newClock()
	b := &busy{Store: openStore(t, t.TempDir(), c)}
	k := openKeeper(t, b, c)
	root := callOf(t, k, start(t, k, ""))
	secret, made := create(t, k, root, auth.Token{Role: rights.Admin})
	child, _ := create(t, k, callOf(t, k, secret), auth.Token{Role: rights.Viewer, Owner: "mallory@example.com"})
	thief := callOf(t, k, secret)
	under, done := k.Live(t.Context(), &thief.Principal)
	defer done()

	b.begun, b.ends = make(chan struct{}, 9), make(chan error, 9)
	revoked := make(chan error)
	go func() {
		_, err := k.RevokeAll(t.Context(), root, made.ID)
		revoked <- err
	}()
	<-b.begun
	refused := func(when string) {
		t.Helper()
		for _, s := range []string{secret, child} {
			if _, err := k.Verify(t.Context(), s); audit.KindOf(err) != audit.Unauthenticated || !strings.Contains(err.Error(), "revoked at 2026-05-04T08:0") {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	refused("before the commit")
	if err := k.Standing(&thief.Principal); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("a call under way goes on: %v", err)
	}
	if <-under.Done(); audit.KindOf(context.Cause(under)) != audit.Unauthenticated {
		t.Errorf("an answer under way ends with %v", context.Cause(under))
	}
	full := audit.Errorf(audit.Unavailable, "the disk is full; nothing was stored")
	b.ends <- full
	b.ends <- full
	err := <-revoked
	if audit.KindOf(err) != audit.Unavailable || !errors.Is(err, full) ||
		!strings.HasPrefix(err.Error(), "token "+made.ID+" counts no longer, but that could not be written") {
		t.Errorf("the caller is told %v", err)
	}
	refused("after a commit that failed")
	list, _ := k.List(&root.Principal)
	for _, listed := range list {
		if listed.RevokedAt.IsZero() != (listed.ID == root.Principal.TokenID) {
			t.Errorf("listed as %+v", listed)
		}
	}
	if n := len(entries(t, b.Store, audit.SystemProject)); n != 3 {
		t.Errorf("%d entries before the revocation is written, want 3", n)
	}

	// Another call writes the one, the end of the keeper the other.
	c.add(time.Minute)
	b.begun = nil
	if got, err := k.Revoke(t.Context(), root, made.ID); err != nil || !got.RevokedAt.Equal(c.now.Add(-time.Minute)) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := k.Revoke(t.Context(), root, made.ID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("again: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := k.Run(ended); err != nil {
		t.Fatal(err)
	}
	k = openKeeper(t, b, c)
	refused("after a restart")
	var told []string
	for _, e := range entries(t, b.Store, audit.SystemProject) {
		if e.Action == "token.revoke" {
			told = append(told, e.Actor.Email)
		}
	}
	if len(told) != 2 || told[0] != "admin" || told[1] != "admin" {
		t.Errorf("entries tell of revocations by %v", told)
	}
}

// What would leave nobody who can make tokens is refused before anything counts.
func TestTheLastAdminIsNotCondemned(t *testing.T) {
	c := newClock()
	_, k, root := administrator(t, c)
	if _, err := k.Revoke(t.Context(), root, root.Principal.TokenID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("revoking the last admin: %v", err)
	}
	if _, err := k.RevokeAll(t.Context(), root, root.Principal.TokenID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("revoking all of the last admin: %v", err)
	}
	if err := k.Standing(&root.Principal); err != nil {
		t.Error(err)
	}
}
