package auth_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/store"
	"auditlog/store/nodestest"
)

// A token that one node makes counts on the other, and one that it revokes does not from then on:
// neither for a call that comes nor for an answer under way.
func TestTokensOfNodes(t *testing.T) {
	c := newClock()
	nodes := nodestest.Open(t, 2, store.Options{Now: c.Now})
	a, b := openKeeper(t, nodes[0], c), openKeeper(t, nodes[1], c)
	first := start(t, a, "")
	if again := start(t, b, ""); again != "" {
		t.Error("the second node makes an admin token of its own")
	}
	root := callOf(t, b, first)
	for i := range 20 {
		secret, made := create(t, a, root, auth.Token{Role: rights.Viewer})
		call := callOf(t, b, secret)
		under, done := b.Live(t.Context(), &call.Principal)
		defer done()
		one, other := a, b
		if i%2 == 1 {
			one, other = b, a
		}
		if _, err := one.Revoke(t.Context(), root, made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Verify(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
			t.Fatalf("a token that the other node has revoked: %v", err)
		}
		select {
		case <-under.Done():
		case <-time.After(time.Second):
			t.Fatal("an answer under way goes on")
		}
	}
	rotated, made := create(t, a, root, auth.Token{Role: rights.Viewer})
	fresh, _, err := b.Rotate(t.Context(), root, made.ID, 0, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(t.Context(), rotated); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("the secret before counts on the other node: %v", err)
	}
	callOf(t, a, fresh)
}

// A link ends on all nodes when the token is revoked that has signed it.
func TestLinksOfNodes(t *testing.T) {
	c := newClock()
	nodes := nodestest.Open(t, 2, store.Options{Now: c.Now})
	a, b := openKeeper(t, nodes[0], c), openKeeper(t, nodes[1], c)
	first := start(t, a, "")
	for range 20 {
		secret, made := create(t, a, callOf(t, a, first), auth.Token{Role: rights.Admin})
		by := callOf(t, a, secret).Principal
		var signer string
		signature, err := a.SignLink(&by, func(s string) string { signer = s; return "text of " + s })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.VerifyLink(signer, "text of "+signer, signature); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Revoke(t.Context(), callOf(t, b, first), made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := a.VerifyLink(signer, "text of "+signer, signature); audit.KindOf(err) != audit.Unauthenticated {
			t.Fatalf("a link of a token that the other node has revoked: %v", err)
		}
	}
}

// A call that records is known by what its node knows, and refused at its commit where another has
// revoked its token meanwhile.
func TestRevokedBeforeTheCommit(t *testing.T) {
	c := newClock()
	nodes := nodestest.Open(t, 2, store.Options{Now: c.Now})
	a, b := openKeeper(t, nodes[0], c), openKeeper(t, nodes[1], c)
	root := callOf(t, a, start(t, a, ""))
	for i := range 10 {
		secret, made := create(t, a, root, auth.Token{Role: rights.Recorder})
		r := request(secret, "192.0.2.1:1")
		who, err := b.AuthenticateEarly(r) // which it does not know yet
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			_, err = a.Revoke(t.Context(), root, made.ID)
		} else {
			_, _, err = a.Rotate(t.Context(), root, made.ID, 0, time.Time{})
		}
		if err != nil {
			t.Fatal(err)
		}
		before := nodes[0].LastID()
		ctx := audit.WithStanding(t.Context(), func() error { return b.StandingOf(r, &who) })
		_, err = nodes[1].Record(ctx, []*audit.Entry{{
			Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b", Resource: audit.Resource{Type: "T"}, Outcome: audit.Success,
		}})
		if audit.KindOf(err) != audit.Unauthenticated || nodes[0].LastID() != before {
			t.Errorf("recording by a token that is revoked: %v", err)
		}
	}
}

// Last uses that a node writes never bring back what another one has revoked meanwhile.
func TestNodesDoNotBringTokensBack(t *testing.T) {
	c := newClock()
	nodes := nodestest.Open(t, 3, store.Options{Now: c.Now})
	a := openKeeper(t, nodes[0], c)
	root := callOf(t, a, start(t, a, ""))
	// b writes last uses all the time, by what it knew before.
	b := openKeeper(t, nodes[1], c)
	var secrets []string
	var ids []string
	for range 30 {
		secret, made := create(t, a, root, auth.Token{Role: rights.Viewer})
		secrets, ids = append(secrets, secret), append(ids, made.ID)
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			for _, s := range secrets {
				_, _ = b.Verify(ctx, s)
			}
			if err := tidy(b); err != nil && !errors.Is(err, audit.ErrOvertaken) {
				t.Error(err)
			}
		}
	})
	for _, id := range ids {
		if _, err := a.Revoke(t.Context(), root, id); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	group.Wait()
	late := openKeeper(t, nodes[2], c)
	for i, s := range secrets {
		for name, k := range map[string]*auth.Keeper{"a": a, "b": b, "a new one": late} {
			if _, err := k.Verify(t.Context(), s); audit.KindOf(err) != audit.Unauthenticated {
				t.Errorf("token %d counts on %s again: %v", i, name, err)
			}
		}
	}
}

// tidy has a keeper write what is left, as at its end.
func tidy(k *auth.Keeper) error {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	return k.Run(ctx)
}

// A session that began on one node goes on at another, and ends on all.
func TestSessionsOfNodes(t *testing.T) {
	c := newClock()
	nodes := nodestest.Open(t, 3, store.Options{Now: c.Now})
	var keepers []*auth.Keeper
	for _, s := range nodes {
		keepers = append(keepers, openKeeper(t, s, c))
	}
	root := callOf(t, keepers[0], start(t, keepers[0], ""))
	root.Channel = audit.ChannelConsole
	secret, _, err := keepers[1].LogIn(t.Context(), root, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keepers {
		if _, _, err := k.Resume(request("", "192.0.2.1:1"), secret); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
	}
	if _, err := keepers[2].LogOut(t.Context(), root, secret); err != nil {
		t.Fatal(err)
	}
	for i, k := range keepers {
		if _, _, err := k.Resume(request("", "192.0.2.1:1"), secret); audit.KindOf(err) != audit.Unauthenticated {
			t.Errorf("node %d, after the end: %v", i, err)
		}
	}
}

// told is a Storage whose test says what other nodes have changed.
type told struct {
	*store.Store
	changed func(revision uint64, records map[string][]byte)
}

func (s *told) FollowTokens(changed func(revision uint64, records map[string][]byte)) error {
	s.changed = changed
	return s.Store.FollowTokens(changed)
}

// Each change of another node that cannot be read is told of, the first as well.
func TestWhatNodesChangeIsRead(t *testing.T) {
	s := &told{Store: nodestest.Open(t, 1, store.Options{})[0]}
	reported := 0
	if _, err := auth.Open(s, auth.Options{Report: func(error) { reported++ }}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		s.changed(1, map[string][]byte{"id": []byte("no record")})
		if reported != i+1 {
			t.Errorf("after %d changes, %d are told of", i+1, reported)
		}
	}
}
