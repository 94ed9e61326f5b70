package logintest

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

const (
	clientID     = "auditlog"
	clientSecret = "a secret + with / signs"
	password     = "verysecure"
)

// provider is the real provider with people in groups.
type provider struct {
	*storage.Storage
	url string

	mu      sync.Mutex // guards what follows
	groups  map[string][]string
	closed  map[string]bool // accounts
	revoked int             // refresh tokens that were given back
}

// people are those whom the provider knows. Its device flow names them by their names,
// so names and ids are the same.
type people map[string]*storage.User

func (p people) GetUserByID(id string) *storage.User         { return p[id] }
func (p people) GetUserByUsername(name string) *storage.User { return p[name] }
func (p people) ExampleClientID() string                     { return "service" }

func newPerson(name string, verified bool) *storage.User {
	return &storage.User{
		ID: name, Username: name, Password: password, Email: name + "@example.com", EmailVerified: verified,
		PreferredLanguage: language.English,
	}
}

// startProvider starts a provider that sends browsers back to the log at an address.
func startProvider(t *testing.T, log string) *provider {
	t.Helper()
	storage.RegisterClients(storage.WebClient(clientID, clientSecret, log+"/login/callback"))
	p := &provider{
		Storage: storage.NewStorage(people{"ada": newPerson("ada", true), "bob": newPerson("bob", true), "eve": newPerson("eve", false)}),
		groups:  map[string][]string{"ada": {"platform", "staff"}, "bob": {"guests"}, "eve": {"platform"}},
		closed:  make(map[string]bool),
	}
	srv := httptest.NewUnstartedServer(nil)
	p.url = "http://" + srv.Listener.Addr().String()
	srv.Config.Handler = exampleop.SetupServer(p.url, p, slog.New(slog.DiscardHandler), false)
	srv.Start()
	t.Cleanup(srv.Close)
	return p
}

func (p *provider) set(person string, groups ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.groups[person] = groups
}

func (p *provider) close(person string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed[person] = true
}

func (p *provider) returned() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.revoked
}

func (p *provider) addGroups(info *oidc.UserInfo, person string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	info.AppendClaims("groups", slices.Clone(p.groups[person]))
}

// SetUserinfoFromToken is what the userinfo endpoint answers with.
func (p *provider) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	p.addGroups(info, subject)
	return p.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
}

// TokenRequestByRefreshToken refuses people whose account is closed.
func (p *provider) TokenRequestByRefreshToken(ctx context.Context, token string) (op.RefreshTokenRequest, error) {
	r, err := p.Storage.TokenRequestByRefreshToken(ctx, token)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed[r.GetSubject()] {
		return nil, errors.New("the account is closed")
	}
	return r, nil
}

// CreateAccessAndRefreshTokens is the example's, which has none for the device flow.
func (p *provider) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (string, string, time.Time, error) {
	if d, ok := r.(*op.DeviceAuthorizationState); ok {
		r = &storage.AuthRequest{ApplicationID: d.ClientID, UserID: d.Subject, Scopes: d.Scopes}
	}
	return p.Storage.CreateAccessAndRefreshTokens(ctx, r, current)
}

// RevokeToken counts the tokens that are given back.
func (p *provider) RevokeToken(ctx context.Context, token, person, client string) *oidc.Error {
	err := p.Storage.RevokeToken(ctx, token, person, client)
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.revoked++
	}
	return err
}

// GetClientByClientID returns the client with the device flow beside the others.
func (p *provider) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := p.Storage.GetClientByClientID(ctx, id)
	return client{c}, err
}

type client struct{ op.Client }

func (c client) GrantTypes() []oidc.GrantType {
	return append(c.Client.GrantTypes(), oidc.GrantTypeDeviceCode)
}
