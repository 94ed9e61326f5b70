package oidc_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	upstream "github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/oidc"
	"auditlog/auth/rights"
)

func TestLogin(t *testing.T) {
	f := newFake(t)
	got, err := f.login(f.provider())
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Person{
		Issuer: f.url, Subject: "u-1", Email: "ada@example.com", Sid: "s-1",
		Grants: []rights.Grant{{Role: rights.Admin, Projects: []string{"acme"}}, {Role: rights.Viewer, Projects: []string{"acme", "shop"}}},
	}
	if !reflect.DeepEqual(got.Person, want) || !got.Renewable {
		t.Errorf("got  %+v\nwant %+v", got.Person, want)
	}
	if mark := got.Mark(); len(mark) != len("oidc:")+16 || !strings.HasPrefix(mark, "oidc:") || strings.Contains(mark, "ada") {
		t.Errorf("the mark is %q", mark)
	}
	if form := f.forms[0]; form.Get("client_secret") != "" || form.Get("redirect_uri") != "http://localhost:7070/login/callback" {
		t.Errorf("asked with %v", form)
	}
}

// The address of the provider's page binds its answer to this browser and this code.
func TestBegin(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	address, state, a, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(address)
	q := u.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": clientID, "scope": "email offline_access openid profile", "code_challenge_method": "S256",
		"state": state,
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, q.Get(name), want)
		}
	}
	next, other, b, err := p.Begin(t.Context())
	v, _ := url.Parse(next)
	if err != nil || state == other || a == b || q.Get("nonce") == v.Query().Get("nonce") || q.Get("code_challenge") == v.Query().Get("code_challenge") {
		t.Errorf("two attempts are\n%s\n%s, %v", address, next, err)
	}
	kept, err := base64.RawURLEncoding.DecodeString(a)
	if err != nil || !strings.Contains(string(kept), q.Get("nonce")) {
		t.Fatalf("the browser keeps %q, %v", kept, err)
	}
	_, verifier, _ := strings.Cut(string(kept), `"verifier":"`)
	if verifier = strings.TrimSuffix(verifier, `"}`); len(verifier) < 43 || strings.Contains(address, verifier) {
		t.Error("the verifier is short or sent along")
	}
}

// Each way in which somebody could pass for another is refused, and says nothing of
// what was found.
func TestRefusedAnswers(t *testing.T) {
	hs256 := func(claims string) string {
		return oidctest.SignIDToken([]byte(strings.Repeat("s3cret", 8)), "k1", "HS256", claims)
	}
	id := func(name string, v any) func(*fake) {
		return func(f *fake) { f.idClaims = map[string]any{name: v} }
	}
	fail := func(status int, body string) func(*fake) {
		return func(f *fake) { f.tokenFail = func(url.Values) (int, string) { return status, body } }
	}
	for name, tt := range map[string]struct {
		fake   func(*fake)
		answer func(url.Values)
		kind   audit.Kind
	}{
		"another state":         {nil, func(q url.Values) { q.Set("state", "x") }, audit.Unauthenticated},
		"no state":              {nil, func(q url.Values) { q.Del("state") }, audit.Unauthenticated},
		"another issuer":        {nil, func(q url.Values) { q.Set("iss", "https://evil.example") }, audit.Unauthenticated},
		"another code":          {nil, func(q url.Values) { q.Set("code", "x") }, audit.Unauthenticated},
		"refused by the person": {nil, func(q url.Values) { q.Set("error", "access_denied") }, audit.PermissionDenied},
		"an issuer is missing": {func(f *fake) {
			f.metadata = map[string]any{"authorization_response_iss_parameter_supported": true}
		}, nil, audit.Unauthenticated},
		"another nonce":        {id("nonce", "x"), nil, audit.Unauthenticated},
		"no nonce":             {id("nonce", nil), nil, audit.Unauthenticated},
		"for another client":   {id("aud", "other"), nil, audit.Unauthenticated},
		"given to another":     {id("azp", "other"), nil, audit.Unauthenticated},
		"for several":          {id("aud", []string{clientID, "other"}), nil, audit.Unauthenticated},
		"from another issuer":  {id("iss", "https://evil.example"), nil, audit.Unauthenticated},
		"expired":              {id("exp", time.Now().Add(-time.Minute).Unix()), nil, audit.Unauthenticated},
		"of nobody":            {id("sub", ""), nil, audit.Unauthenticated},
		"another access token": {id("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), nil, audit.Unauthenticated},
		"e-mail not verified":  {id("email_verified", false), nil, audit.Unauthenticated},
		"verified is unsaid":   {id("email_verified", nil), nil, audit.Unauthenticated},
		"no e-mail at all":     {func(f *fake) { f.idClaims, f.userinfo = map[string]any{"email": nil}, map[string]any{"sub": "u-1"} }, nil, audit.Unauthenticated},
		"e-mail of controls":   {id("email", "ada@example.com\n"+"x"), nil, audit.Unauthenticated},
		"in no group":          {id("groups", []string{"guests", "Platform", "platform "}), nil, audit.PermissionDenied},
		"groups elsewhere": {func(f *fake) {
			f.idClaims = map[string]any{"groups": nil, "_claim_names": map[string]string{"groups": "src1"}}
			f.userinfo = map[string]any{"sub": "u-1"}
		}, nil, audit.Unauthenticated},
		"another's userinfo": {func(f *fake) {
			f.idClaims = map[string]any{"groups": nil}
			f.userinfo = map[string]any{"sub": "u-2", "groups": []string{"platform"}}
		}, nil, audit.Unavailable},
		"signed by the client's secret": {func(f *fake) { f.sign = hs256 }, nil, audit.Unauthenticated},
		"not signed": {func(f *fake) {
			f.sign = func(claims string) string {
				return "eyJhbGciOiJub25lIn0." + strings.Split(oidctest.SignIDToken(key(), "k1", upstream.RS256, claims), ".")[1] + "."
			}
		}, nil, audit.Unauthenticated},
		"changed after signing": {func(f *fake) {
			sign := f.sign
			f.sign = func(claims string) string {
				a, b := strings.Split(sign(claims), "."), strings.Split(sign(strings.Replace(claims, "ada@", "bob@", 1)), ".")
				return a[0] + "." + b[1] + "." + a[2]
			}
		}, nil, audit.Unauthenticated},
		"no ID token":       {func(f *fake) { f.change = func(a map[string]any) { delete(a, "id_token") } }, nil, audit.Unauthenticated},
		"the client is bad": {fail(401, `{"error":"invalid_client"}`), nil, audit.Unavailable},
		"the provider is":   {fail(502, `<html>`), nil, audit.Unavailable},
		"not JSON":          {fail(200, `<html>`), nil, audit.Unavailable},
		"without end":       {fail(200, `"`+strings.Repeat("x", 2<<20)+`"`), nil, audit.Unavailable},
		"sent elsewhere": {func(f *fake) {
			f.handle["/token"] = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}
			f.handle["/elsewhere"] = func(http.ResponseWriter, *http.Request) { f.t.Error("a redirect got the code") }
		}, nil, audit.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			if tt.fake != nil {
				tt.fake(f)
			}
			var change []func(url.Values)
			if tt.answer != nil {
				change = append(change, tt.answer)
			}
			got, err := f.login(f.provider(), change...)
			var fault *audit.Fault
			if !errors.As(err, &fault) || fault.Kind != tt.kind {
				t.Fatalf("%+v, %v", got, err)
			}
			if got.Kept != nil || strings.Contains(fault.Message, "oidc") || strings.Contains(fault.Message, "evil") {
				t.Errorf("the browser is told %q", fault.Message)
			}
		})
	}
}

// What the ID token does not hold is asked for.
func TestUserInfo(t *testing.T) {
	f := newFake(t)
	f.idClaims = map[string]any{"email": nil, "email_verified": nil, "groups": nil}
	f.userinfo = map[string]any{"sub": "u-1", "email": "ada@example.com", "email_verified": "true", "groups": "staff"}
	got, err := f.login(f.provider())
	if err != nil || got.Email != "ada@example.com" || len(got.Grants) != 1 || got.Grants[0].Role != rights.Viewer {
		t.Errorf("%+v, %v", got.Person, err)
	}
}

func TestOptions(t *testing.T) {
	f := newFake(t)
	f.idClaims = map[string]any{
		"email": nil, "email_verified": nil, "groups": nil, "upn": "ada@corp", "https://corp/x.y": "z",
		"realm_access": map[string]any{"roles": []any{"audit", 7}},
	}
	got, err := f.login(f.provider(func(o *oidc.Options) {
		o.EmailClaim, o.GroupsClaim, o.Scopes, o.ClientSecret = "upn", "realm_access.roles", []string{"roles"}, ""
		o.Rules = []oidc.Rule{
			{Group: "audit", Grant: rights.Grant{Role: rights.Viewer, Projects: []string{"acme"}}},
			{Email: "@CORP", Grant: rights.Grant{Role: rights.Viewer}},
			{Email: "bob@corp", Grant: rights.Grant{Role: rights.Admin}},
			{Everyone: true, Grant: rights.Grant{Role: rights.Recorder, Projects: []string{"x"}}},
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := []rights.Grant{{Role: rights.Recorder, Projects: []string{"x"}}, {Role: rights.Viewer}}
	if got.Email != "ada@corp" || !reflect.DeepEqual(got.Grants, want) {
		t.Errorf("%+v", got.Person)
	}
	if f.forms[0].Get("client_id") != clientID {
		t.Errorf("a public client asked with %v", f.forms[0])
	}
	f.idClaims = map[string]any{"email_verified": false}
	if _, err := f.login(f.provider(func(o *oidc.Options) { o.Unverified = true })); err != nil {
		t.Errorf("an unverified e-mail, as configured: %v", err)
	}
	f.metadata = map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_post"}}
	if _, err := f.login(f.provider(func(o *oidc.Options) { o.Unverified = true })); err != nil || f.forms[len(f.forms)-1].Get("client_secret") != "s3cret" {
		t.Errorf("a secret by post: %v", err)
	}
}

func TestRefusedOptions(t *testing.T) {
	everyone := []oidc.Rule{{Everyone: true, Grant: rights.Grant{Role: rights.Viewer}}}
	good := oidc.Options{Issuer: "https://id.example.com", ClientID: "x", RedirectURL: "https://audit.example.com/login/callback", Rules: everyone}
	if _, err := oidc.New(good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*oidc.Options){
		"issuer: must begin with https://":                     func(o *oidc.Options) { o.Issuer = "http://id.example.com" },
		"issuer: must be an address":                           func(o *oidc.Options) { o.Issuer = "id.example.com" },
		"issuer: must have neither":                            func(o *oidc.Options) { o.Issuer = "https://a:b@id.example.com" },
		"client-id: is required":                               func(o *oidc.Options) { o.ClientID = "" },
		"url: must begin with https://":                        func(o *oidc.Options) { o.RedirectURL = "http://audit.example.com/login/callback" },
		"grant: is required":                                   func(o *oidc.Options) { o.Rules = nil },
		"grant[0]: must name one of group, email and everyone": func(o *oidc.Options) { o.Rules = []oidc.Rule{{Grant: rights.Grant{Role: rights.Viewer}}} },
		"grant[0].role: must be viewer, recorder or admin":     func(o *oidc.Options) { o.Rules = []oidc.Rule{{Group: "x", Grant: rights.Grant{Role: "root"}}} },
		"grant[0].projects[0]: _auditlog is kept for the log": func(o *oidc.Options) {
			o.Rules = []oidc.Rule{{Group: "x", Grant: rights.Grant{Role: rights.Viewer, Projects: []string{"_auditlog"}}}}
		},
		"grant[1]: must name one of group, email and everyone": func(o *oidc.Options) {
			o.Rules = append(everyone[:1:1], oidc.Rule{Group: "x", Email: "y", Grant: rights.Grant{Role: rights.Viewer}})
		},
	} {
		opts := good
		change(&opts)
		if _, err := oidc.New(opts); audit.KindOf(err) != audit.Invalid || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestRenew(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	was, err := f.login(p)
	if err != nil {
		t.Fatal(err)
	}
	f.idClaims = map[string]any{"sid": nil} // the ID token still has the groups of before
	f.userinfo = map[string]any{"sub": "u-1", "email": "ada@new.example", "email_verified": true, "groups": []string{"auditors"}}
	now, err := p.Renew(t.Context(), was.Person, was.Kept)
	if err != nil || now.Email != "ada@new.example" || now.Sid != "s-1" || !reflect.DeepEqual(now.Grants, []rights.Grant{{Role: rights.Viewer}}) {
		t.Fatalf("%+v, %v", now.Person, err)
	}
	if now.Mark() != was.Mark() {
		t.Error("a new e-mail is a new person")
	}
	if _, err := p.Renew(t.Context(), now.Person, now.Kept); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, form := range f.forms {
		sent = append(sent, form.Get("refresh_token"))
	}
	if want := []string{"", "rt-authorization_code", "rt-refresh_token"}; !reflect.DeepEqual(sent, want) {
		t.Errorf("renewed with %q, want %q", sent, want)
	}
	p.Forget(t.Context(), now.Kept)
	if len(f.revoked) != 1 || f.revoked[0] != "rt-refresh_token" {
		t.Errorf("forgot %q", f.revoked)
	}
	bye, err := url.Parse(p.LogoutURL(t.Context(), now.Kept, "https://audit.example.com/login"))
	if err != nil || bye.Path != "/bye" || bye.Query().Get("x") != "1" || bye.Query().Get("id_token_hint") == "" ||
		bye.Query().Get("post_logout_redirect_uri") != "https://audit.example.com/login" {
		t.Errorf("logs out at %v, %v", bye, err)
	}
}

func TestRenewRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		fake func(*fake)
		kind audit.Kind
	}{
		"the account is closed": {func(f *fake) {
			f.tokenFail = func(url.Values) (int, string) { return 400, `{"error":"invalid_grant"}` }
		}, audit.Unauthenticated},
		"userinfo knows nobody": {func(f *fake) { f.userinfo = nil }, audit.Unauthenticated},
		"another person":        {func(f *fake) { f.idClaims = map[string]any{"sub": "u-2"} }, audit.Unauthenticated},
		"out of all groups":     {func(f *fake) { f.userinfo["groups"] = []string{} }, audit.PermissionDenied},
		"the provider is away":  {func(f *fake) { f.tokenFail = func(url.Values) (int, string) { return 503, "" } }, audit.Unavailable},
		"the client is not known": {func(f *fake) {
			f.tokenFail = func(url.Values) (int, string) { return 401, `{"error":"invalid_client"}` }
		}, audit.Unavailable},
		"nobody is named": {func(f *fake) {
			f.change = func(a map[string]any) { delete(a, "id_token"); delete(a, "access_token") }
		}, audit.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			p := f.provider()
			was, err := f.login(p)
			if err != nil {
				t.Fatal(err)
			}
			f.userinfo = map[string]any{"sub": "u-1", "groups": []string{"staff"}}
			tt.fake(f)
			if now, err := p.Renew(t.Context(), was.Person, was.Kept); audit.KindOf(err) != tt.kind {
				t.Errorf("%+v, %v", now.Person, err)
			}
		})
	}
}

func TestDevice(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	d, err := p.StartDevice(t.Context())
	if err != nil || d.Code != "d-1" || d.UserCode != "ABCD-EFGH" || d.Address != f.url+"/go" || d.Interval != 5*time.Second || d.ExpiresIn != 5*time.Minute {
		t.Fatalf("%+v, %v", d, err)
	}
	for code, want := range map[string]error{"authorization_pending": auth.ErrPending, "slow_down": auth.ErrSlowDown} {
		f.tokenFail = func(url.Values) (int, string) { return 400, `{"error":"` + code + `"}` }
		if _, err := p.PollDevice(t.Context(), d.Code); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
	for code, kind := range map[string]audit.Kind{"access_denied": audit.PermissionDenied, "expired_token": audit.Unauthenticated} {
		f.tokenFail = func(url.Values) (int, string) { return 400, `{"error":"` + code + `"}` }
		if _, err := p.PollDevice(t.Context(), d.Code); audit.KindOf(err) != kind {
			t.Errorf("%s: %v", code, err)
		}
	}
	f.tokenFail = nil
	who, err := p.PollDevice(t.Context(), d.Code)
	if err != nil || who.Email != "ada@example.com" || f.forms[len(f.forms)-1].Get("device_code") != "d-1" {
		t.Errorf("%+v, %v", who.Person, err)
	}
	f.handle["/device"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"device_code":"d","user_code":"u","verification_uri":"javascript:alert(1)"}`))
	}
	if d, err := p.StartDevice(t.Context()); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("a person is sent to %q, %v", d.Address, err)
	}
}

// A provider that has no device flow, or is away, is told apart from one that refuses.
func TestProviderAway(t *testing.T) {
	f := newFake(t)
	asked := 0
	f.handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusBadGateway)
	}
	now := time.Now()
	p := f.provider(func(o *oidc.Options) { o.Now = func() time.Time { return now } })
	for range 3 {
		if _, _, _, err := p.Begin(t.Context()); audit.KindOf(err) != audit.Unavailable {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("a provider that is away was asked %d times at once", asked)
	}
	delete(f.handle, "/.well-known/openid-configuration")
	f.metadata = map[string]any{"device_authorization_endpoint": nil}
	now = now.Add(time.Minute)
	if _, _, _, err := p.Begin(t.Context()); err != nil {
		t.Errorf("it is back: %v", err)
	}
	if _, err := p.StartDevice(t.Context()); audit.KindOf(err) != audit.Conflict {
		t.Errorf("without a device flow: %v", err)
	}
	// Metadata that is known outlives an outage.
	f.handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	now = now.Add(2 * time.Hour)
	if _, _, _, err := p.Begin(t.Context()); err != nil {
		t.Error(err)
	}
}

// An endpoint in clear text would get the client's secret and the person's tokens.
func TestMetadataInClearText(t *testing.T) {
	for _, name := range []string{"token_endpoint", "jwks_uri", "userinfo_endpoint", "revocation_endpoint", "device_authorization_endpoint"} {
		f := newFake(t)
		f.metadata = map[string]any{name: "http://id.example.com/x"}
		if _, _, _, err := f.provider().Begin(t.Context()); audit.KindOf(err) != audit.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := newFake(t)
	f.metadata = map[string]any{"issuer": "https://id.example.com"}
	if _, _, _, err := f.provider().Begin(t.Context()); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("metadata of another issuer: %v", err)
	}
}

func TestLoggedOut(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	const event = `"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`
	base := `"iss":"` + f.url + `","aud":"auditlog","jti":"j","iat":1,"exp":99999999999`
	who, err := p.LoggedOut(t.Context(), f.sign(`{`+base+`,"sub":"u-1","sid":"s-1",`+event+`}`))
	if err != nil || who.Subject != "u-1" || who.Sid != "s-1" || who.Issuer != f.url {
		t.Fatalf("%+v, %v", who, err)
	}
	for name, claims := range map[string]string{
		"an ID token":      `{` + base + `,"sub":"u-1"}`,
		"with a nonce":     `{` + base + `,"sub":"u-1","nonce":"x",` + event + `}`,
		"of nobody":        `{` + base + `,` + event + `}`,
		"to another":       `{` + strings.Replace(base, `"auditlog"`, `"x"`, 1) + `,"sub":"u-1",` + event + `}`,
		"of another":       `{` + strings.Replace(base, f.url, "https://x", 1) + `,"sub":"u-1",` + event + `}`,
		"that has expired": `{` + strings.Replace(base, "99999999999", "9", 1) + `,"sub":"u-1",` + event + `}`,
	} {
		if who, err := p.LoggedOut(context.Background(), f.sign(claims)); audit.KindOf(err) != audit.Invalid {
			t.Errorf("a logout token %s: %+v, %v", name, who, err)
		}
	}
}
