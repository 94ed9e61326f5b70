package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// provider is an identity provider at which whoever comes is as a test has it.
type provider struct {
	err error // of PollDevice
	who auth.Person
}

func (p *provider) StartDevice(context.Context) (auth.Device, error) {
	return auth.Device{Code: "d1", UserCode: "ABCD-EFGH", Address: "https://id.example.com/go", ExpiresIn: 5 * time.Minute, Interval: 5 * time.Second}, nil
}

func (p *provider) PollDevice(_ context.Context, code string) (auth.Vouched, error) {
	if code != "d1" {
		return auth.Vouched{}, audit.Errorf(audit.Unauthenticated, "the log-in is no longer good: begin again")
	}
	return auth.Vouched{Person: p.who, Kept: []byte("k"), Renewable: true}, p.err
}

func (p *provider) Renew(context.Context, auth.Person, []byte) (auth.Vouched, error) {
	return auth.Vouched{Person: p.who, Kept: []byte("k"), Renewable: true}, nil
}

// startWithProvider is startGuarded where people log in.
func startWithProvider(t *testing.T) (*guarded, *provider) {
	p := &provider{who: auth.Person{
		Issuer: "https://id.example.com", Subject: "u-1", Email: "ada@example.com",
		Grants: []rights.Grant{{Role: rights.Admin, Projects: []string{"acme"}}, {Role: rights.Viewer}},
	}}
	g := startGuardedWith(t, auth.Options{Voucher: p}, "acme", "beta")
	g.api.opts.Provider = p
	return g, p
}

// login returns the token of a session that began at the provider.
func (g *guarded) login(t *testing.T) (token string, s rpc.Session) {
	t.Helper()
	var answer rpc.Answer[rpc.SessionBeginResult]
	decodeAnswer(t, g.mustCall("", rpc.SessionBegin, `{"deviceCode":"d1"}`), &answer)
	if answer.Result.Session == nil || !strings.HasPrefix(answer.Result.Secret, "als_") {
		t.Fatalf("no session: %+v", answer.Result)
	}
	return answer.Result.Secret, *answer.Result.Session
}

func TestLogin(t *testing.T) {
	g, p := startWithProvider(t)
	if answer := g.mustCall("", rpc.SessionStart, `{}`); !strings.Contains(answer,
		`{"deviceCode":"d1","userCode":"ABCD-EFGH","verificationUri":"https://id.example.com/go","expiresIn":300,"interval":5}`) {
		t.Errorf("begun with %s", answer)
	}
	for err, want := range map[error]string{
		auth.ErrPending: `"result":{"pending":true}`, auth.ErrSlowDown: `"result":{"pending":true,"slowDown":true}`,
	} {
		p.err = err
		if answer := g.mustCall("", rpc.SessionBegin, `{"deviceCode":"d1"}`); !strings.Contains(answer, want) {
			t.Errorf("%v is answered %s", err, answer)
		}
	}
	p.err = nil
	for body, want := range map[string]int{
		`{"deviceCode":"other"}`: http.StatusUnauthorized, `{}`: http.StatusBadRequest,
		`{"deviceCode":"` + strings.Repeat("x", 5000) + `"}`: http.StatusBadRequest,
	} {
		if status, answer := g.call("", rpc.SessionBegin, body); status != want {
			t.Errorf("%.40s: %d %s", body, status, answer)
		}
	}

	token, s := g.login(t)
	if s.Owner != "ada@example.com" || s.Channel != "cli" || s.Issuer != "https://id.example.com" || len(s.Grants) != 2 {
		t.Errorf("the session is %+v", s)
	}
	g.mustCall(token, rpc.Record, deployEntry)
	list := g.mustCall(g.root, rpc.List, `{"project":"acme","limit":1}`)
	if !strings.Contains(list, `"recordedBy":"`+s.Identity+`"`) || !strings.HasPrefix(s.Identity, "oidc:") {
		t.Errorf("what the person recorded is %s", list)
	}
	g.mustCall(token, rpc.List, `{"project":"beta"}`)
	if status, answer := g.call(token, rpc.Record, strings.Replace(deployEntry, "acme", "beta", 1)); status != http.StatusForbidden {
		t.Errorf("a viewer of beta records there: %d %s", status, answer)
	}
	// What the person does is the person's: the log says so, and in which session.
	g.mustCall(token, rpc.TokenCreate, `{"owner":"ci@acme","ownerType":"ServiceAccount","role":"recorder","projects":["acme"]}`)
	own := g.mustCall(g.root, rpc.List, `{"project":"acme","action":"token.create","limit":1}`)
	for _, want := range []string{`"actor":{"email":"ada@example.com"`, `"identity":"` + s.Identity + `"`, `"session":"` + s.ID + `"`} {
		if !strings.Contains(own, want) {
			t.Errorf("no %s in %s", want, own)
		}
	}
	if strings.Contains(own, `"token":"`+s.ID) {
		t.Errorf("a session passes for a token: %s", own)
	}
	who := g.mustCall(token, rpc.SessionGet, `{}`)
	if !strings.Contains(who, `"owner":"ada@example.com","ownerType":"User","grants":[{"role":"admin","projects":["acme"]},{"role":"viewer"}],"recordedBy":"`+s.Identity) {
		t.Errorf("the person is %s", who)
	}
	g.mustCall(token, rpc.SessionEnd, `{}`)
	for _, method := range []string{rpc.SessionGet, rpc.List, rpc.SessionEnd} {
		if status, answer := g.call(token, method, `{}`); status != http.StatusUnauthorized || !strings.Contains(answer, "log in again") {
			t.Errorf("%s after the end: %d %s", method, status, answer)
		}
	}
}

func TestSessions(t *testing.T) {
	g, _ := startWithProvider(t)
	_, ada := g.login(t)
	token, own := g.login(t)
	viewer, _ := g.create(rights.Viewer, time.Time{})
	scoped, _ := g.create(rights.Admin, time.Time{}, "acme")
	count := func(who, token string) int {
		var answer rpc.Answer[rpc.SessionListResult]
		decodeAnswer(t, g.mustCall(token, rpc.SessionList, `{}`), &answer)
		for _, s := range answer.Result.Items {
			if s.Own != (who == "a person" && s.ID == own.ID) {
				t.Errorf("%s: the session %s is their own: %t", who, s.ID, s.Own)
			}
		}
		return len(answer.Result.Items)
	}
	for who, tt := range map[string]struct {
		token string
		want  int
	}{
		"a person": {token, 2}, "an admin of all": {g.root, 2}, "a viewer": {viewer, 0}, "an admin of acme": {scoped, 0},
	} {
		if got := count(who, tt.token); got != tt.want {
			t.Errorf("%s sees %d sessions", who, got)
		}
	}
	for who, token := range map[string]string{"a viewer": viewer, "an admin of acme": scoped} {
		if status, answer := g.call(token, rpc.SessionEnd, `{"id":"`+ada.ID+`"}`); status != http.StatusNotFound {
			t.Errorf("%s ends another's: %d %s", who, status, answer)
		}
		if status, answer := g.call(token, rpc.SessionEnd, `{}`); status != http.StatusBadRequest {
			t.Errorf("%s ends none: %d %s", who, status, answer)
		}
	}
	g.mustCall(token, rpc.SessionEnd, `{"id":"`+ada.ID+`"}`)
	g.mustCall(g.root, rpc.SessionEnd, `{"id":"`+own.ID+`"}`)
	if status, _ := g.call(token, rpc.SessionGet, `{}`); status != http.StatusUnauthorized {
		t.Errorf("a session that an admin ended goes on: %d", status)
	}
	if status, _ := g.call("", rpc.SessionList, `{}`); status != http.StatusUnauthorized {
		t.Errorf("a list without a token: %d", status)
	}
}

func TestLoginWithoutProvider(t *testing.T) {
	g := startGuarded(t)
	for method, body := range map[string]string{rpc.SessionStart: `{}`, rpc.SessionBegin: `{"deviceCode":"x"}`} {
		if status, answer := g.call("", method, body); status != http.StatusConflict || !strings.Contains(answer, "no identity provider") {
			t.Errorf("%s: %d %s", method, status, answer)
		}
	}
}

// Who calls without a token has the provider asked, so it is limited by address.
func TestLoginIsLimited(t *testing.T) {
	g, p := startWithProvider(t)
	p.err = auth.ErrPending
	for range 1100 {
		if status, _ := g.call("", rpc.SessionBegin, `{"deviceCode":"d1"}`); status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("log-ins are asked about without end")
}

// What the provider said is for the operator, not for whoever calls.
func TestLoginFailureIsNotTold(t *testing.T) {
	g, p := startWithProvider(t)
	p.err = errors.Join(audit.Errorf(audit.Unavailable, "the identity provider cannot be asked now: try again later"), errors.New("dial tcp 10.0.0.7: secret host"))
	status, answer := g.call("", rpc.SessionBegin, `{"deviceCode":"d1"}`)
	if status != http.StatusServiceUnavailable || strings.Contains(answer, "10.0.0.7") || !json.Valid([]byte(answer)) {
		t.Errorf("%d %s", status, answer)
	}
	if !strings.Contains(g.log.String(), "10.0.0.7") {
		t.Errorf("the operator is not told: %s", g.log)
	}
}
