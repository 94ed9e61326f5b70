package oidc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	upstream "github.com/coreos/go-oidc/v3/oidc"

	"auditlog/audit"
)

// Options configure a Provider. Issuer, ClientID and RedirectURL are required.
type Options struct {
	// Issuer is the provider's address, exactly as it calls itself.
	Issuer string
	// ClientID names this log to the provider. ClientSecret is empty for a public
	// client, which PKCE alone protects.
	ClientID, ClientSecret string
	// RedirectURL is where the provider sends browsers back to: the page's
	// /login/callback, as browsers reach it.
	RedirectURL string
	// Scopes are asked for besides openid and, where the provider knows it,
	// offline_access. Default email and profile.
	Scopes []string
	// EmailClaim and GroupsClaim say where the provider puts them: the name of a
	// claim, or a path into one such as realm_access.roles. Default email and groups.
	EmailClaim, GroupsClaim string
	// Unverified takes e-mails that the provider has not verified. With an
	// EmailClaim other than email nothing can say that it was.
	Unverified bool
	// Rules say who may do what. Who meets none is not let in.
	Rules []Rule
	// RootCAs sign the provider's certificate. Nil is those of the system.
	RootCAs *x509.CertPool
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	if o.Scopes == nil {
		o.Scopes = []string{"email", "profile"}
	}
	if o.EmailClaim == "" {
		o.EmailClaim = "email"
	}
	if o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// check reports the first option that cannot be meant, as an Invalid Fault.
func (o *Options) check() error {
	if err := CheckAddress(o.Issuer); err != nil {
		return audit.FieldErrorf("issuer", "%s", err)
	}
	if o.ClientID == "" {
		return audit.FieldErrorf("client-id", "is required")
	}
	if err := CheckAddress(o.RedirectURL); err != nil {
		return audit.FieldErrorf("url", "%s", err)
	}
	if len(o.Rules) == 0 {
		return audit.FieldErrorf("grant", "is required: without one nobody may do anything")
	}
	return nil
}

// CheckAddress refuses what secrets would travel to in clear text: all but https,
// and http on this machine.
func CheckAddress(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("must be an address such as https://id.example.com")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fmt.Errorf("must begin with https://, unless it is on this machine")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("must have neither a user, nor a query, nor a fragment")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Provider is an OpenID Connect provider, as far as this log needs one. Its methods
// may be called by several goroutines at once.
//
// Their errors are Faults: Unavailable where the provider could not be asked,
// Unauthenticated where it does not vouch for anybody, PermissionDenied where it does
// and they may not enter. What is for the operator is wrapped beside them.
type Provider struct {
	opts   Options
	client *http.Client
	// slots bound how many calls to the provider are under way: anybody can make
	// this log ask.
	slots chan struct{}

	mu     sync.Mutex // guards what follows, and is held while the provider is asked for its metadata
	known  *metadata
	asked  time.Time // when the provider was last asked for it
	failed error     // how that ended
}

// Bounds on what a provider can cost.
const (
	askTimeout = 10 * time.Second
	maxAnswer  = 1 << 20
	maxCalls   = 16
	// metadataLife is after how long metadata and keys are asked for again, so that
	// a key that the provider has withdrawn is not believed for ever.
	metadataLife = time.Hour
	// askPause is how long a provider that did not answer is left alone.
	askPause = 5 * time.Second
)

// New returns a Provider, or what is wrong with its options. The provider is not
// asked anything yet.
func New(opts Options) (*Provider, error) {
	opts.setDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	p := &Provider{opts: opts, slots: make(chan struct{}, maxCalls)}
	for i := range opts.Rules {
		if err := opts.Rules[i].Check(); err != nil {
			return nil, audit.AtPath(err, fmt.Sprintf("grant[%d]", i))
		}
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{RootCAs: opts.RootCAs, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
		IdleConnTimeout:        time.Minute,
	}
	p.client = &http.Client{
		Transport: bounded{transport},
		Timeout:   askTimeout,
		// A secret must not follow a redirect, and nothing that is asked needs one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p, nil
}

// bounded bounds the size of answers.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	}
	return res, err
}

// metadata is what the provider says of itself.
type metadata struct {
	AuthURL       string   `json:"authorization_endpoint"`
	TokenURL      string   `json:"token_endpoint"`
	DeviceURL     string   `json:"device_authorization_endpoint"`
	UserInfoURL   string   `json:"userinfo_endpoint"`
	KeysURL       string   `json:"jwks_uri"`
	EndSessionURL string   `json:"end_session_endpoint"`
	RevokeURL     string   `json:"revocation_endpoint"`
	Scopes        []string `json:"scopes_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	// NamesIssuer is set when every authorization answer names its issuer (RFC 9207).
	NamesIssuer bool `json:"authorization_response_iss_parameter_supported"`

	verifier *upstream.IDTokenVerifier
	keys     upstream.KeySet
}

// metadata returns what the provider says of itself, and asks it when that is not
// known or old. An old answer is better than none.
func (p *Provider) metadata(ctx context.Context) (*metadata, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := p.opts.Now().Sub(p.asked)
	switch {
	case p.known != nil && p.failed == nil && since < metadataLife:
		return p.known, nil
	case !p.asked.IsZero() && p.failed != nil && since < askPause:
	default:
		m, err := p.discover(ctx)
		if err != nil && ctx.Err() != nil {
			break // who asked is gone, which says nothing of the provider
		}
		p.asked, p.failed = p.opts.Now(), err
		if err == nil {
			p.known = m
		}
	}
	if p.known != nil {
		return p.known, nil
	}
	return nil, away(p.failed)
}

// away is the error of a provider that could not be asked.
func away(err error) error {
	fault := audit.Errorf(audit.Unavailable, "the identity provider cannot be asked now: try again later")
	if err == nil {
		return fault
	}
	return fmt.Errorf("%w (%w)", fault, err)
}

func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	ctx, cancel := context.WithTimeout(upstream.ClientContext(ctx, p.client), askTimeout)
	defer cancel()
	found, err := upstream.NewProvider(ctx, p.opts.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", p.opts.Issuer, err)
	}
	m := new(metadata)
	if err := found.Claims(m); err != nil {
		return nil, fmt.Errorf("read metadata of %s: %w", p.opts.Issuer, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", p.opts.Issuer, err)
	}
	config := &upstream.Config{ClientID: p.opts.ClientID, Now: p.opts.Now}
	m.verifier = found.Verifier(config)
	// Keys are fetched when a token is signed by one that is not known: by whoever
	// meets it, on behalf of all.
	m.keys = upstream.NewRemoteKeySet(upstream.ClientContext(context.WithoutCancel(ctx), p.client), m.KeysURL)
	return m, nil
}

// check refuses metadata that would have secrets sent in clear text.
func (m *metadata) check() error {
	for name, address := range map[string]string{
		"authorization_endpoint": m.AuthURL, "token_endpoint": m.TokenURL, "jwks_uri": m.KeysURL,
	} {
		if address == "" {
			return fmt.Errorf("%s is missing", name)
		}
	}
	for _, address := range []string{
		m.AuthURL, m.TokenURL, m.DeviceURL, m.UserInfoURL, m.KeysURL, m.EndSessionURL, m.RevokeURL,
	} {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		if address != "" && u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
			return fmt.Errorf("%q is neither https nor on this machine", address)
		}
	}
	return nil
}

// scope returns what is asked for. Some providers refuse a scope that they do not
// know, so offline_access is asked of those alone that announce it.
func (p *Provider) scope(m *metadata) string {
	scopes := append([]string{"openid"}, p.opts.Scopes...)
	if slices.Contains(m.Scopes, "offline_access") {
		scopes = append(scopes, "offline_access")
	}
	slices.Sort(scopes)
	return strings.Join(slices.Compact(scopes), " ")
}
