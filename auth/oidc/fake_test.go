package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	upstream "github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"auditlog/auth"
	"auditlog/auth/oidc"
	"auditlog/auth/rights"
)

// key signs what every fake provider issues: to make one takes long.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// fake is a provider that answers as a test has it. A real one is tried by the
// module in the folder logintest.
type fake struct {
	t   *testing.T
	url string

	mu        sync.Mutex
	metadata  map[string]any                                      // over what is true
	idClaims  map[string]any                                      // over those of ada; nil values are left out
	userinfo  map[string]any                                      // of /userinfo
	sign      func(claims string) string                          // makes ID tokens
	tokenFail func(form url.Values) (int, string)                 // an error of /token: status and body
	change    func(answer map[string]any)                         // changes what /token answers with
	handle    map[string]func(http.ResponseWriter, *http.Request) // in place of what a path does

	challenge, nonce string       // of the log-in under way
	forms            []url.Values // that /token got
	revoked          []string
}

const clientID = "auditlog"

func newFake(t *testing.T) *fake {
	f := &fake{t: t, handle: make(map[string]func(http.ResponseWriter, *http.Request))}
	f.sign = func(claims string) string { return oidctest.SignIDToken(key(), "k1", upstream.RS256, claims) }
	keys := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key().Public(), KeyID: "k1", Algorithm: upstream.RS256}}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", f.discovery)
	mux.HandleFunc("POST /token", f.token)
	mux.HandleFunc("GET /userinfo", f.userInfo)
	mux.HandleFunc("POST /device", f.device)
	mux.HandleFunc("POST /revoke", func(_ http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.revoked = append(f.revoked, r.PostFormValue("token"))
	})
	mux.Handle("/keys", keys)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		other := f.handle[r.URL.Path]
		f.mu.Unlock()
		if other != nil {
			other(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	keys.SetIssuer(srv.URL)
	return f
}

func (f *fake) discovery(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := map[string]any{
		"issuer": f.url, "authorization_endpoint": f.url + "/auth", "token_endpoint": f.url + "/token",
		"jwks_uri": f.url + "/keys", "userinfo_endpoint": f.url + "/userinfo", "end_session_endpoint": f.url + "/bye?x=1",
		"device_authorization_endpoint": f.url + "/device", "revocation_endpoint": f.url + "/revoke",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		"scopes_supported":                      []string{"openid", "offline_access"},
	}
	maps.Copy(m, f.metadata)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(m)
}

// claims returns those of ada@example.com, changed as the test has it.
func (f *fake) claims() map[string]any {
	c := map[string]any{
		"iss": f.url, "sub": "u-1", "aud": clientID, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		"email": "ada@example.com", "email_verified": true, "groups": []string{"staff", "platform"}, "sid": "s-1",
	}
	if f.nonce != "" {
		c["nonce"] = f.nonce
	}
	for name, v := range f.idClaims {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return c
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forms = append(f.forms, r.Form)
	w.Header().Set("Content-Type", "application/json")
	if f.tokenFail != nil {
		if status, body := f.tokenFail(r.Form); status != 0 {
			w.WriteHeader(status)
			w.Write([]byte(body))
			return
		}
	}
	if r.Form.Get("grant_type") == "authorization_code" {
		sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != f.challenge || r.Form.Get("code") != "c0de" {
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"error":"invalid_grant"}`))
			return
		}
	} else {
		f.nonce = ""
	}
	claims, err := json.Marshal(f.claims())
	if err != nil {
		f.t.Error(err)
	}
	answer := map[string]any{
		"access_token": "at", "token_type": "Bearer", "refresh_token": "rt-" + r.Form.Get("grant_type"), "id_token": f.sign(string(claims)),
	}
	if f.change != nil {
		f.change(answer)
	}
	json.NewEncoder(w).Encode(answer)
}

func (f *fake) userInfo(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer at" || f.userinfo == nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(f.userinfo)
}

func (f *fake) device(w http.ResponseWriter, _ *http.Request) {
	w.Write([]byte(`{"device_code":"d-1","user_code":"ABCD-EFGH","verification_uri":"` + f.url + `/go","expires_in":300}`))
}

// provider returns one of f that lets staff read acme, and platform administer.
func (f *fake) provider(change ...func(*oidc.Options)) *oidc.Provider {
	f.t.Helper()
	opts := oidc.Options{
		Issuer: f.url, ClientID: clientID, ClientSecret: "s3cret", RedirectURL: "http://localhost:7070/login/callback",
		Rules: []oidc.Rule{
			{Group: "staff", Grant: rights.Grant{Role: rights.Viewer, Projects: []string{"shop", "acme"}}},
			{Group: "auditors", Grant: rights.Grant{Role: rights.Viewer}},
			{Group: "platform", Grant: rights.Grant{Role: rights.Admin, Projects: []string{"acme"}}},
		},
	}
	for _, c := range change {
		c(&opts)
	}
	p, err := oidc.New(opts)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// login goes through the code flow: the browser's part and the provider's page.
func (f *fake) login(p *oidc.Provider, change ...func(url.Values)) (auth.Vouched, error) {
	f.t.Helper()
	address, _, attempt, err := p.Begin(context.Background())
	if err != nil {
		return auth.Vouched{}, err
	}
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, f.url+"/auth?") {
		f.t.Fatalf("%q, %v", address, err)
	}
	q := u.Query()
	f.mu.Lock()
	f.challenge, f.nonce = q.Get("code_challenge"), q.Get("nonce")
	f.mu.Unlock()
	answer := url.Values{"code": {"c0de"}, "state": {q.Get("state")}}
	for _, c := range change {
		c(answer)
	}
	return p.Finish(context.Background(), attempt, answer)
}
