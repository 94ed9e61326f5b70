package auth_test

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/store"
)

// voucher is an identity provider that says what a test has it say.
type voucher struct {
	says  auth.Person
	err   error
	asked [][]byte
}

func (v *voucher) Renew(_ context.Context, was auth.Person, kept []byte) (auth.Vouched, error) {
	v.asked = append(v.asked, kept)
	return auth.Vouched{Person: v.says, Kept: []byte("refresh-again"), Renewable: true}, v.err
}

func ada() auth.Person {
	return auth.Person{
		Issuer: "https://id.example.com", Subject: "u-1", Email: "ada@example.com", Sid: "s-1",
		Grants: []rights.Grant{{Role: rights.Viewer, Projects: []string{"acme"}}},
	}
}

// people is a keeper that asks a voucher, on a store that it can be opened on again.
type people struct {
	t     *testing.T
	dir   string
	clock *clock
	store *store.Store
	v     *voucher
	*auth.Keeper
}

func newPeople(t *testing.T) *people {
	p := &people{t: t, dir: t.TempDir(), clock: newClock(), v: &voucher{says: ada()}}
	p.open()
	return p
}

func (p *people) open() {
	p.t.Helper()
	p.store = openStore(p.t, p.dir, p.clock)
	k, err := auth.Open(p.store, auth.Options{Now: p.clock.Now, Voucher: p.v})
	if err != nil {
		p.t.Fatal(err)
	}
	p.Keeper = k
}

// restart does what a stop and a start of the server do.
func (p *people) restart() {
	p.t.Helper()
	ctx, end := context.WithCancel(p.t.Context())
	end()
	if err := errors.Join(p.Run(ctx), p.store.Close()); err != nil {
		p.t.Fatal(err)
	}
	p.open()
}

// login logs in through a channel and returns the session's secret.
func (p *people) login(channel audit.Channel, who auth.Person) string {
	p.t.Helper()
	call := &rights.Call{Channel: channel, Request: audit.Request{IP: "192.0.2.1", UserAgent: "test/1"}}
	secret, _, err := p.LogIn(p.t.Context(), call, &auth.Vouched{Person: who, Kept: []byte("refresh"), Renewable: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return secret
}

// Resume is Keeper.Resume of a request without more to it.
func (p *people) Resume(ctx context.Context, secret string) (rights.Principal, auth.Session, error) {
	return p.Keeper.Resume(httptest.NewRequest("GET", "/", nil).WithContext(ctx), secret)
}

// last returns the latest of the log's entries about itself.
func (p *people) last() *audit.Entry {
	p.t.Helper()
	list := entries(p.t, p.store, audit.SystemProject)
	if len(list) == 0 {
		p.t.Fatal("the log says nothing of itself")
	}
	return list[len(list)-1]
}

func TestPersonSession(t *testing.T) {
	p := newPeople(t)
	secret := p.login(audit.ChannelConsole, ada())
	e := p.last()
	if e.Action != "session.begin" || e.Actor.Email != "ada@example.com" || e.Channel != audit.ChannelConsole || e.Request.IP != "192.0.2.1" ||
		e.RecordedBy != audit.RecordedByLog || e.Metadata["issuer"] != "https://id.example.com" || e.Metadata["grants"] != "viewer of acme" ||
		e.Metadata["token"] != "" || e.Metadata["session"] != e.Resource.ID {
		t.Errorf("the log-in is told of as %+v", e)
	}
	who, s, err := p.Resume(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	person := ada()
	if who.Owner != "ada@example.com" || who.Type != audit.User || who.RecordedBy() != person.Mark() || who.RecordedBy() != e.Metadata["identity"] ||
		!who.May(rights.AuditLogList, "acme") || who.May(rights.AuditLogList, "shop") || s.ID != who.SessionID {
		t.Errorf("in the session acts %+v", who)
	}
	if _, err := p.Verify(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("the cookie of a browser counts as a token: %v", err)
	}

	p.restart()
	again, _, err := p.Resume(t.Context(), secret)
	if err != nil || !reflect.DeepEqual(again, who) {
		t.Errorf("after a restart acts %+v, %v", again, err)
	}
	ctx, done := p.Live(t.Context(), &again)
	defer done()
	kept, err := p.LogOut(t.Context(), &rights.Call{Principal: again, Channel: audit.ChannelConsole}, secret)
	if err != nil || string(kept) != "refresh" {
		t.Errorf("logged out with %q, %v", kept, err)
	}
	if e := p.last(); e.Action != "session.end" || e.Actor.Email != "ada@example.com" || e.Detail != "Logged out at the page" {
		t.Errorf("the log-out is told of as %+v", e)
	}
	<-ctx.Done()
	for range 2 {
		if _, _, err := p.Resume(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
			t.Errorf("the session goes on: %v", err)
		}
		p.restart() // also not after one
	}
	if err := p.Standing(&again); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("a call under way goes on: %v", err)
	}
}

// Who has the database can neither log in with it nor ask the provider.
func TestSessionSecretsAreNowhere(t *testing.T) {
	p := newPeople(t)
	secret := p.login(audit.ChannelCLI, ada())
	records, err := p.store.Tokens()
	if err != nil || len(records) != 1 {
		t.Fatal(len(records), err)
	}
	for key, v := range records {
		if !strings.HasPrefix(key, "session.") || bytes.Contains(v, []byte("refresh")) || bytes.Contains(v, []byte(secret)) ||
			bytes.Contains(v, []byte(auth.FormToken(secret))) {
			t.Errorf("%s holds %s", key, v)
		}
	}
	if auth.FormToken(secret) == auth.FormToken(secret+"x") || strings.Contains(auth.FormToken(secret), secret[4:20]) {
		t.Error("a form's token is not its session's alone, or tells of it")
	}
}

func TestSessionOfCommandLine(t *testing.T) {
	p := newPeople(t)
	secret := p.login(audit.ChannelCLI, ada())
	who, err := p.Verify(t.Context(), secret)
	if err != nil || who.Owner != "ada@example.com" {
		t.Fatalf("%+v, %v", who, err)
	}
	if _, _, err := p.Resume(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("the token of a command line counts as a cookie: %v", err)
	}
	for _, wrong := range []string{"als_", secret[:len(secret)-1], strings.Replace(secret, "als_", "al_", 1), secret + "0"} {
		if _, err := p.Verify(t.Context(), wrong); audit.KindOf(err) != audit.Unauthenticated {
			t.Errorf("%.12s…: %v", wrong, err)
		}
	}
	p.clock.add(12 * time.Hour)
	if _, err := p.Verify(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("it lasts for ever: %v", err)
	}
}

// What the provider says of somebody is asked for again, and counts at once.
func TestRenewal(t *testing.T) {
	p := newPeople(t)
	secret := p.login(audit.ChannelConsole, ada())
	who, _, _ := p.Resume(t.Context(), secret)
	if p.clock.add(14 * time.Minute); len(p.v.asked) != 0 {
		t.Error("the provider was asked at once")
	}
	if _, _, err := p.Resume(t.Context(), secret); err != nil || len(p.v.asked) != 0 {
		t.Errorf("asked %d times, %v", len(p.v.asked), err)
	}
	before := len(entries(t, p.store, audit.SystemProject))
	p.clock.add(time.Minute)
	if _, _, err := p.Resume(t.Context(), secret); err != nil || len(p.v.asked) != 1 || string(p.v.asked[0]) != "refresh" {
		t.Errorf("asked with %q, %v", p.v.asked, err)
	}
	if n := len(entries(t, p.store, audit.SystemProject)); n != before {
		t.Error("that nothing has changed is an entry")
	}

	p.restart()
	ctx, done := p.Live(t.Context(), &who)
	defer done()
	p.v.says.Grants = []rights.Grant{{Role: rights.Admin}}
	p.v.says.Email = "ada@new.example"
	p.clock.add(15 * time.Minute)
	now, _, err := p.Resume(t.Context(), secret)
	if err != nil || now.Owner != "ada@new.example" || !now.MayEverywhere(rights.TokenCreate) || now.RecordedBy() != who.RecordedBy() {
		t.Errorf("%+v, %v", now, err)
	}
	if string(p.v.asked[1]) != "refresh-again" {
		t.Errorf("asked with %q: a refresh token counts once", p.v.asked[1])
	}
	e := p.last()
	want := []audit.Change{
		{Field: "email", Old: "ada@example.com", New: "ada@new.example"},
		{Field: "grants", Old: "viewer of acme", New: "admin of all projects"},
	}
	if e.Action != "session.update" || !reflect.DeepEqual(e.Changes, want) || e.Metadata["identity"] != who.RecordedBy() {
		t.Errorf("the change is told of as %+v", e)
	}
	<-ctx.Done() // what is being answered was asked with other rights

	p.v.err = audit.Errorf(audit.PermissionDenied, "in no group")
	p.clock.add(15 * time.Minute)
	for range 2 {
		if _, _, err := p.Resume(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
			t.Errorf("who left all groups goes on: %v", err)
		}
	}
	if e := p.last(); e.Action != "session.end" || e.Actor.Email != "auditlog" ||
		e.Detail != "Ended the session of ada@new.example: the identity provider no longer lets them in" {
		t.Errorf("it is told of as %+v", e)
	}
}

// A provider that is away is not asked at each call, and believed for an hour.
func TestProviderAway(t *testing.T) {
	p := newPeople(t)
	secret := p.login(audit.ChannelConsole, ada())
	p.v.err = errors.New("connection refused")
	p.clock.add(15 * time.Minute)
	for range 5 {
		if _, _, err := p.Resume(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.v.asked) != 1 {
		t.Errorf("it was asked %d times", len(p.v.asked))
	}
	who, _, _ := p.Resume(t.Context(), secret)
	p.clock.add(time.Hour)
	if _, _, err := p.Resume(t.Context(), secret); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("it is believed for longer: %v", err)
	}
	if err := p.Standing(&who); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("and by calls under way: %v", err)
	}
	p.v.err = nil
	p.clock.add(time.Minute)
	if _, _, err := p.Resume(t.Context(), secret); err != nil {
		t.Errorf("it is back: %v", err)
	}
}

func TestSessionEnds(t *testing.T) {
	p := newPeople(t)
	root := callOf(t, p.Keeper, start(t, p.Keeper, ""))
	call := *root
	call.Channel = audit.ChannelConsole
	idle, _, err := p.LogIn(t.Context(), &call, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := p.last(); e.Action != "session.begin" || e.Metadata["token"] != root.Principal.TokenID || e.Actor.Email != "admin" {
		t.Errorf("it is told of as %+v", e)
	}
	visited, _, _ := p.LogIn(t.Context(), &call, nil)
	once, _, err := p.LogIn(t.Context(), &call, &auth.Vouched{Person: ada()})
	if err != nil {
		t.Fatal(err)
	}
	visit := func(secret string) error {
		_, _, err := p.Resume(t.Context(), secret)
		return err
	}
	if p.clock.add(59 * time.Minute); visit(visited) != nil || visit(once) != nil {
		t.Error("who cannot be asked about is out at once")
	}
	if p.clock.add(time.Minute); audit.KindOf(visit(once)) != audit.Unauthenticated {
		t.Error("who cannot be asked about stays for ever")
	}
	for n := range 15 {
		p.clock.add(11 * time.Hour)
		if err := visit(visited); err != nil {
			t.Fatalf("after %d visits: %v", n, err)
		}
		if n == 5 {
			p.restart()
		}
	}
	p.clock.add(2 * time.Hour)
	if audit.KindOf(visit(idle)) != audit.Unauthenticated || audit.KindOf(visit(visited)) != audit.Unauthenticated {
		t.Error("a session outlives its idle time or its life")
	}
	p.restart()
	if records, _ := p.store.Tokens(); len(records) != 1 {
		t.Errorf("%d records are left, not the token's alone", len(records))
	}
}

// A token's sessions go with it.
func TestSessionOfRevokedToken(t *testing.T) {
	p := newPeople(t)
	root := callOf(t, p.Keeper, start(t, p.Keeper, ""))
	secret, made := create(t, p.Keeper, root, auth.Token{Role: rights.Viewer})
	by := callOf(t, p.Keeper, secret)
	session, _, err := p.LogIn(t.Context(), by, nil)
	if err != nil {
		t.Fatal(err)
	}
	// It began through the command line, which has no such sessions: try both doors.
	if _, err := p.Verify(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Revoke(t.Context(), root, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify(t.Context(), session); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("it goes on: %v", err)
	}
}

func TestSessionsOfOthers(t *testing.T) {
	p := newPeople(t)
	root := callOf(t, p.Keeper, start(t, p.Keeper, ""))
	bob := ada()
	bob.Subject, bob.Email, bob.Grants = "u-2", "bob@example.com", []rights.Grant{{Role: rights.Admin, Projects: []string{"acme"}}}
	eve := ada()
	eve.Subject, eve.Email, eve.Grants = "u-3", "eve@example.com", []rights.Grant{{Role: rights.Viewer}}
	call := func(who auth.Person) *rights.Call { return callOf(t, p.Keeper, p.login(audit.ChannelCLI, who)) }
	ofAda, ofBob, ofEve := call(ada()), call(bob), call(eve)
	sees := func(c *rights.Call) (list []string) {
		for _, s := range p.Sessions(&c.Principal) {
			list = append(list, s.Person.Email)
		}
		return list
	}
	for c, want := range map[*rights.Call]int{root: 3, ofAda: 1, ofBob: 2, ofEve: 1} {
		if got := sees(c); len(got) != want {
			t.Errorf("%s sees %q", c.Principal.Owner, got)
		}
	}
	if _, err := p.EndSession(t.Context(), ofBob, ofEve.Principal.SessionID); audit.KindOf(err) != audit.NotFound {
		t.Errorf("an admin of acme ends a session that reads everything: %v", err)
	}
	if _, err := p.EndSession(t.Context(), ofBob, ofAda.Principal.SessionID); err != nil {
		t.Fatal(err)
	}
	if e := p.last(); e.Actor.Email != "bob@example.com" || e.Detail != "Ended the session of ada@example.com" || e.Resource.ID != ofAda.Principal.SessionID {
		t.Errorf("it is told of as %+v", e)
	}
	if err := p.Standing(&ofAda.Principal); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("it goes on: %v", err)
	}
	if _, err := p.EndSession(t.Context(), ofEve, ofEve.Principal.SessionID); err != nil {
		t.Errorf("nobody may end their own: %v", err)
	}
}

// The provider says who is gone: by person, or by session there.
func TestLogOutPerson(t *testing.T) {
	p := newPeople(t)
	other := ada()
	other.Sid = "s-2"
	one, two := p.login(audit.ChannelCLI, ada()), p.login(audit.ChannelCLI, other)
	if n, err := p.LogOutPerson(t.Context(), auth.Person{Issuer: "https://other.example", Subject: "u-1"}); n != 0 || err != nil {
		t.Errorf("another issuer ends %d, %v", n, err)
	}
	if n, err := p.LogOutPerson(t.Context(), auth.Person{Issuer: ada().Issuer, Sid: "s-2"}); n != 1 || err != nil {
		t.Errorf("one session there ends %d, %v", n, err)
	}
	if _, err := p.Verify(t.Context(), two); err == nil {
		t.Error("the session that was ended goes on")
	}
	if _, err := p.Verify(t.Context(), one); err != nil {
		t.Errorf("the other one does not: %v", err)
	}
	if n, err := p.LogOutPerson(t.Context(), auth.Person{Issuer: ada().Issuer, Subject: "u-1"}); n != 1 || err != nil {
		t.Errorf("a person ends %d, %v", n, err)
	}
}

func TestSessionsMakeRoom(t *testing.T) {
	p := newPeople(t)
	first := p.login(audit.ChannelCLI, ada())
	second := p.login(audit.ChannelCLI, ada())
	p.clock.add(time.Second)
	if _, err := p.Verify(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	for range 99 {
		p.clock.add(time.Minute)
		p.login(audit.ChannelCLI, ada())
	}
	if _, err := p.Verify(t.Context(), first); err != nil {
		t.Errorf("the session in use made room: %v", err)
	}
	if _, err := p.Verify(t.Context(), second); err == nil {
		t.Error("a person has sessions without end")
	}
}

// Without a provider in the configuration nobody can say who people still are.
func TestProviderRemoved(t *testing.T) {
	p := newPeople(t)
	secret := p.login(audit.ChannelCLI, ada())
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, p.dir, p.clock)
	k := openKeeper(t, s, p.clock)
	if _, err := k.Verify(t.Context(), secret); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("a session of a person counts without a provider: %v", err)
	}
}
