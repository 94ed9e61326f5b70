package auth_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

const outside = "9f2c71e0b8d4a6357c1e90fb2d8a4c6e-own"

func TestStart(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)

	// Nothing may be stored that could not be shown.
	k := openKeeper(t, s, c)
	broken := errors.New("broken pipe")
	err := k.Start(t.Context(), "", func(string) error { return broken })
	if !errors.Is(err, broken) {
		t.Fatalf("start with nobody to show the token to: %v", err)
	}
	first := start(t, openKeeper(t, s, c), "")
	if first == "" {
		t.Fatal("the start after one that failed made no token")
	}
	k = openKeeper(t, s, c)
	if again := start(t, k, ""); again != "" {
		t.Error("a later start made another token")
	}
	p, err := k.Verify(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if !p.MayEverywhere(rights.TokenCreate) {
		t.Errorf("the first token is that of %+v", p)
	}
	list := entries(t, s, audit.SystemProject)
	if len(list) != 1 || list[0].Action != "token.create" || list[0].Actor.Email != "auditlog" || list[0].Actor.Type != audit.ServiceAccount {
		t.Errorf("the first token is told of in %+v", list)
	}
}

// Once every admin token of all projects ended, the next start makes one.
func TestStartAfterExpiry(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	create(t, k, root, auth.Token{Role: rights.Admin, ExpiresAt: c.now.Add(time.Hour)})
	create(t, k, root, auth.Token{Role: rights.Admin, Projects: []string{"acme"}})
	if _, err := k.Revoke(t.Context(), root, root.Principal.TokenID); err != nil {
		t.Fatal(err)
	}
	if shown := start(t, openKeeper(t, s, c), ""); shown != "" {
		t.Error("a start with an admin left made another")
	}
	c.add(2 * time.Hour)
	if shown := start(t, openKeeper(t, s, c), ""); shown == "" {
		t.Error("a start without an admin of all projects made none")
	}
}

func TestStartWithOutsideSecret(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	k := openKeeper(t, s, c)
	if shown := start(t, k, outside); shown != "" {
		t.Error("another token was made beside the one set from outside")
	}
	p, err := k.Verify(t.Context(), outside)
	if err != nil || !p.MayEverywhere(rights.TokenCreate) {
		t.Fatalf("the token set from outside is that of %+v, %v", p, err)
	}
	call := callOf(t, k, outside)
	if _, err := k.Revoke(t.Context(), call, p.TokenID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("revoking it: %v", err)
	}
	create(t, k, call, auth.Token{Role: rights.Admin})

	k = openKeeper(t, s, c)
	start(t, k, outside)
	if n := len(entries(t, s, audit.SystemProject)); n != 2 {
		t.Errorf("%d entries after a second start with the same token, want 2", n)
	}

	changed := strings.ToUpper(outside)
	start(t, k, changed)
	if _, err := k.Verify(t.Context(), outside); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("the token that was replaced: %v", err)
	}
	q, err := k.Verify(t.Context(), changed)
	if err != nil {
		t.Error(err)
	}
	if q.TokenID == p.TokenID || !strings.HasPrefix(p.TokenID, "environment-") || !strings.HasPrefix(q.TokenID, "environment-") {
		t.Errorf("two tokens set from outside have the ids %s and %s", p.TokenID, q.TokenID)
	}

	if shown := start(t, k, ""); shown != "" {
		t.Error("a start with an admin left made another")
	}
	if _, err := k.Verify(t.Context(), changed); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("the token that is no longer set: %v", err)
	}
	last := entries(t, s, audit.SystemProject)
	if e := last[len(last)-1]; e.RecordedBy != audit.RecordedByLog || e.Action != "token.revoke" || e.Actor.Email != "auditlog" {
		t.Errorf("that it is no longer set is told of as %+v", e)
	}
	start(t, k, changed)
	if again, err := k.Verify(t.Context(), changed); err != nil || again.TokenID != q.TokenID {
		t.Errorf("the token that is set again is %+v, %v", again, err)
	}

	err = k.Start(t.Context(), "hunter2", func(string) error { return nil })
	if audit.KindOf(err) != audit.Invalid || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a short token: %v", err)
	}
}

func TestCreateBadInput(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	good := auth.Token{Owner: "ci@acme", Role: rights.Viewer, Projects: []string{"not there yet"}}
	create(t, k, root, good)
	if _, err := s.Project("not there yet"); audit.KindOf(err) != audit.NotFound {
		t.Errorf("a token for a project made the project: %v", err)
	}
	n := len(entries(t, s, audit.SystemProject))
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	for want, change := range map[string]func(*auth.Token){
		"role: is required":                              func(t *auth.Token) { t.Role = "" },
		"role: must be viewer, recorder or admin":        func(t *auth.Token) { t.Role = "owner" },
		"owner: is required":                             func(t *auth.Token) { t.Owner = "" },
		"owner: must not hold control characters":        func(t *auth.Token) { t.Owner = "a\nb" },
		"owner: must be at most 512 bytes":               func(t *auth.Token) { t.Owner = strings.Repeat("a", 513) },
		"ownerType: must be User or ServiceAccount":      func(t *auth.Token) { t.OwnerType = "Robot" },
		"name: must be valid UTF-8":                      func(t *auth.Token) { t.Name = "\xff" },
		"expiresAt: must be in the future":               func(t *auth.Token) { t.ExpiresAt = c.now },
		"projects[1]: is required":                       func(t *auth.Token) { t.Projects = []string{"b", "", "a"}; slices.Reverse(t.Projects) },
		"projects: must be at most 100, or none for all": func(t *auth.Token) { t.Projects = many },
		"projects[0]: _auditlog is kept for the log itself: only admins of all projects read it": func(t *auth.Token) {
			t.Projects = []string{audit.SystemProject}
		},
	} {
		token := good
		change(&token)
		secret, _, err := k.Create(t.Context(), root, token)
		if audit.KindOf(err) != audit.Invalid || err.Error() != want || secret != "" {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if got := len(entries(t, s, audit.SystemProject)); got != n {
		t.Errorf("refused tokens left %d entries", got-n)
	}
}

// An admin of some projects stays within them.
func TestScopedAdmin(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	record(t, s, "acme")
	record(t, s, "beta")
	secret, own := create(t, k, root, auth.Token{Owner: "ada@acme", Role: rights.Admin, Projects: []string{"acme", "alpha"}})
	_, foreign := create(t, k, root, auth.Token{Role: rights.Viewer, Projects: []string{"beta"}})
	_, wide := create(t, k, root, auth.Token{Role: rights.Viewer, Projects: []string{"acme", "beta"}})
	_, everywhere := create(t, k, root, auth.Token{Role: rights.Viewer})
	ada := callOf(t, k, secret)

	for name, projects := range map[string][]string{
		"another project": {"beta"}, "a project that is not there": {"ghost"}, "another project too": {"acme", "beta"}, "all projects": nil,
	} {
		_, _, err := k.Create(t.Context(), ada, auth.Token{Owner: "x", Role: rights.Viewer, Projects: projects})
		var denied *rights.Denied
		if !errors.As(err, &denied) || denied.Permission != rights.TokenCreate {
			t.Errorf("a token for %s: %v", name, err)
		}
	}
	_, made := create(t, k, ada, auth.Token{Owner: "ada@acme", Role: rights.Admin, Projects: []string{"acme"}})
	list, err := k.List(&ada.Principal)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, token := range list {
		ids = append(ids, token.ID)
	}
	slices.Sort(ids)
	want := []string{own.ID, made.ID}
	slices.Sort(want)
	if !slices.Equal(ids, want) {
		t.Errorf("sees the tokens %v, want %v", ids, want)
	}
	for _, id := range []string{foreign.ID, wide.ID, everywhere.ID, root.Principal.TokenID, "ghost"} {
		_, err := k.Revoke(t.Context(), ada, id)
		if audit.KindOf(err) != audit.NotFound || err.Error() != fmt.Sprintf("token %q not found", id) {
			t.Errorf("revoking a token of others: %v", err)
		}
	}
	if _, err := k.Revoke(t.Context(), ada, made.ID); err != nil {
		t.Error(err)
	}
	e := entries(t, s, "acme")
	if last := e[len(e)-1]; last.Action != "token.revoke" || last.Actor.Email != "ada@acme" || last.Resource.ID != made.ID {
		t.Errorf("the revocation is told of as %+v", last)
	}
}

// An admin of a project names nobody whom a reader of the log would take for another.
func TestNamesThatAnAdminOfAProjectGives(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	record(t, s, "acme")
	secret, _ := create(t, k, root, auth.Token{Owner: "ada@example.com", Role: rights.Admin, Projects: []string{"acme"}})
	create(t, k, root, auth.Token{Owner: "deploy@acme", OwnerType: audit.ServiceAccount, Role: rights.Recorder, Projects: []string{"acme", "beta"}})
	ada := callOf(t, k, secret)
	for _, name := range []string{"\u0441i@acme", "victim@example.com@acme", "ci\u200b@acme", "ci @acme", "\uff43i@acme", "deploy@acme", "DEPLOY@acme", "@acme", "ci@acme2"} {
		_, _, err := k.Create(t.Context(), ada, auth.Token{Owner: name, OwnerType: audit.ServiceAccount, Role: rights.Viewer, Projects: []string{"acme"}})
		if fault := (*audit.Fault)(nil); !errors.As(err, &fault) || fault.Kind != audit.Invalid || fault.Path != "owner" {
			t.Errorf("a token of %q: %v", name, err)
		}
	}
	for _, name := range []string{"ci@acme", "CI-2.eu_west+x@acme"} {
		create(t, k, ada, auth.Token{Owner: name, OwnerType: audit.ServiceAccount, Role: rights.Viewer, Projects: []string{"acme"}})
	}
}

// Only admins have to do with tokens.
func TestTokensAreForAdmins(t *testing.T) {
	c := newClock()
	_, k, root := administrator(t, c)
	for _, role := range []rights.Role{rights.Viewer, rights.Recorder} {
		secret, made := create(t, k, root, auth.Token{Role: role})
		call := callOf(t, k, secret)
		_, _, createErr := k.Create(t.Context(), call, auth.Token{})
		_, revokeErr := k.Revoke(t.Context(), call, made.ID)
		_, listErr := k.List(&call.Principal)
		for i, err := range []error{createErr, revokeErr, listErr} {
			if audit.KindOf(err) != audit.PermissionDenied {
				t.Errorf("%s, call %d: %v", role, i, err)
			}
		}
	}
}

func TestRevokeConflicts(t *testing.T) {
	c := newClock()
	_, k, root := administrator(t, c)
	if _, err := k.Revoke(t.Context(), root, root.Principal.TokenID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("revoking the last admin: %v", err)
	}
	secret, made := create(t, k, root, auth.Token{Role: rights.Viewer, ExpiresAt: c.now.Add(time.Hour)})
	revoked, err := k.Revoke(t.Context(), root, made.ID)
	if err != nil || !revoked.RevokedAt.Equal(c.now) {
		t.Fatalf("revoked %+v, %v", revoked, err)
	}
	if _, err := k.Verify(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("a revoked token gave %v", err)
	}
	if err := k.Standing(&rights.Principal{TokenID: made.ID}); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("a revoked token's call goes on: %v", err)
	}
	if _, err := k.Revoke(t.Context(), root, made.ID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("revoking twice: %v", err)
	}
	_, short := create(t, k, root, auth.Token{Role: rights.Viewer, ExpiresAt: c.now.Add(time.Minute)})
	c.add(time.Minute)
	if _, err := k.Revoke(t.Context(), root, short.ID); audit.KindOf(err) != audit.Conflict {
		t.Errorf("revoking what expired: %v", err)
	}
}

// A write that fails must leave the memory as the database is, but for a revocation, which
// counts before it is written.
func TestFailedChange(t *testing.T) {
	c := newClock()
	s, k, root := administrator(t, c)
	secret, made := create(t, k, root, auth.Token{Role: rights.Viewer})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Create(t.Context(), root, auth.Token{Owner: "x", Role: rights.Viewer}); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("creating without a store: %v", err)
	}
	if _, err := k.Revoke(t.Context(), root, made.ID); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("revoking without a store: %v", err)
	}
	if _, err := k.Verify(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("after a revocation that could not be written: %v", err)
	}
	if list, _ := k.List(&root.Principal); len(list) != 2 {
		t.Errorf("%d tokens after a creation that failed, want 2", len(list))
	}
}

// No secret is in the database, in an entry, or in what a mistake would print.
func TestSecretsStayAway(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	k := openKeeper(t, s, c)
	start(t, k, outside)
	root := callOf(t, k, outside)
	secret, made := create(t, k, root, auth.Token{Role: rights.Admin})
	if _, err := k.Verify(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Revoke(t.Context(), root, made.ID); err != nil {
		t.Fatal(err)
	}
	_, err := k.Verify(t.Context(), secret)
	_, unknown := k.Verify(t.Context(), secret[:len(secret)-1]+"!")
	list, _ := k.List(&root.Principal)
	tokens, _ := s.Tokens()
	printed := fmt.Sprintf("%+v %+v %+v %+v %+v %v %v", k, root, made, list, tokens, err, unknown)
	for _, v := range tokens {
		printed += string(v)
	}
	for _, e := range entries(t, s, audit.SystemProject) {
		printed += string(e.AppendJSON(nil))
	}
	file, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	random := secret[len("al_01234567_"):]
	for _, needle := range []string{random, outside} {
		if strings.Contains(printed, needle) {
			t.Errorf("a secret is in %s", printed)
		}
		if bytes.Contains(file, []byte(needle)) {
			t.Error("a secret is in the database")
		}
	}
}
