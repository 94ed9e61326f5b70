package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/store"
)

// clock is a time that tests set.
type clock struct{ now time.Time }

func newClock() *clock               { return &clock{time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)} }
func (c *clock) Now() time.Time      { return c.now }
func (c *clock) add(d time.Duration) { c.now = c.now.Add(d) }

func openStore(t testing.TB, dir string, c *clock) *store.Store {
	t.Helper()
	s, err := store.Open(dir, store.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openKeeper(t testing.TB, s auth.Storage, c *clock) *auth.Keeper {
	t.Helper()
	k, err := auth.Open(s, auth.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// start starts a keeper and returns the secret that it showed, or "".
func start(t testing.TB, k *auth.Keeper, outside string) (shown string) {
	t.Helper()
	err := k.Start(t.Context(), outside, func(secret string) error { shown = secret; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

// administrator returns a keeper and a call by its first admin.
func administrator(t testing.TB, c *clock) (*store.Store, *auth.Keeper, *rights.Call) {
	t.Helper()
	s := openStore(t, t.TempDir(), c)
	k := openKeeper(t, s, c)
	return s, k, callOf(t, k, start(t, k, ""))
}

func callOf(t testing.TB, k *auth.Keeper, secret string) *rights.Call {
	t.Helper()
	p, err := k.Verify(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return &rights.Call{Principal: p, Channel: audit.ChannelCLI, Request: audit.Request{IP: "192.0.2.1", UserAgent: "test/1", ID: "r-1"}}
}

func create(t testing.TB, k *auth.Keeper, by *rights.Call, token auth.Token) (string, auth.Token) {
	t.Helper()
	if token.Owner == "" {
		token.Owner = "ci@acme"
	}
	secret, made, err := k.Create(t.Context(), by, token)
	if err != nil {
		t.Fatal(err)
	}
	return secret, made
}

// entries returns a project's entries, the oldest first.
func entries(t testing.TB, s *store.Store, project string) []*audit.Entry {
	t.Helper()
	page, err := audittest.List(t.Context(), s, audit.Query{Project: project}, audit.Paging{Limit: 1000})
	if audit.KindOf(err) == audit.NotFound {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var list []*audit.Entry
	for i := len(page.Entries) - 1; i >= 0; i-- {
		list = append(list, page.Entries[i])
	}
	return list
}

func record(t testing.TB, s *store.Store, project string) {
	t.Helper()
	_, err := s.Record(t.Context(), []*audit.Entry{{
		Project: project, Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b",
		Resource: audit.Resource{Type: "R"}, Outcome: audit.Success,
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTokenLife(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	s := openStore(t, dir, c)
	k := openKeeper(t, s, c)
	root := callOf(t, k, start(t, k, ""))
	record(t, s, "acme")
	secret, made := create(t, k, root, auth.Token{Name: "CI", Owner: "ci@acme", OwnerType: audit.ServiceAccount,
		Role: rights.Recorder, Projects: []string{"acme"}, ExpiresAt: c.now.Add(time.Hour)})

	c.add(time.Minute)
	p, err := k.Verify(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if p.Owner != "ci@acme" || p.Type != audit.ServiceAccount || len(p.Grants) != 1 || p.Grants[0].Role != rights.Recorder || p.TokenID != made.ID {
		t.Errorf("principal %+v", p)
	}
	if err := k.Standing(&p); err != nil {
		t.Error(err)
	}
	list, err := k.List(&root.Principal)
	if err != nil || len(list) != 2 || list[0].ID != made.ID && list[1].ID != made.ID {
		t.Fatalf("listed %+v, %v", list, err)
	}

	e := entries(t, s, "acme")[1]
	if e.Action != "token.create" || e.Actor.Email != "admin" || e.Channel != audit.ChannelCLI || e.Request != root.Request ||
		e.Resource.ID != made.ID || e.Metadata["role"] != "recorder" || e.Outcome != audit.Success {
		t.Errorf("token.create is told of as %+v", e)
	}

	// Another start reads what the first one wrote.
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := k.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, c)
	k = openKeeper(t, s, c)
	if shown := start(t, k, ""); shown != "" {
		t.Error("the second start made another admin token")
	}
	if _, err := k.Verify(t.Context(), secret); err != nil {
		t.Error(err)
	}
	list, _ = k.List(&root.Principal)
	for _, token := range list {
		if token.ID == made.ID && !token.LastUsedAt.Equal(c.now) {
			t.Errorf("last use %v, want %v", token.LastUsedAt, c.now)
		}
	}

	c.add(time.Hour)
	if _, err := k.Verify(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired token gave %v", err)
	}
	if err := k.Standing(&p); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("an expired token's call goes on: %v", err)
	}
}
