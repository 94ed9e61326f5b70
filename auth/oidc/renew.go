package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"auditlog/audit"
	"auditlog/auth"
)

// kept is what a session keeps for the provider. Sessions seal it.
type kept struct {
	Refresh string `json:"refresh,omitempty"`
	ID      string `json:"id,omitempty"`
}

func (k *kept) encode() []byte {
	b, _ := json.Marshal(k) // strings cannot fail
	return b
}

func decodeKept(b []byte) kept {
	var k kept
	_ = json.Unmarshal(b, &k) // what cannot be read renews nothing
	return k
}

// Renew asks again about somebody who is logged in, and returns what the provider
// says now. It returns Unauthenticated or PermissionDenied when they may no longer
// be here, and Unavailable when that cannot be told.
func (p *Provider) Renew(ctx context.Context, was auth.Person, kept []byte) (auth.Vouched, error) {
	k := decodeKept(kept)
	if k.Refresh == "" {
		return auth.Vouched{}, audit.Errorf(audit.Unauthenticated, "the log-in cannot be renewed: log in again")
	}
	if was.Issuer != p.opts.Issuer {
		return auth.Vouched{}, audit.Errorf(audit.Unauthenticated, "this log has another identity provider now: log in again")
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return auth.Vouched{}, err
	}
	var t tokens
	err = p.post(ctx, m, m.TokenURL, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {k.Refresh}}, &t)
	if err != nil {
		return auth.Vouched{}, refused(err)
	}
	if t.RefreshToken != "" {
		k.Refresh = t.RefreshToken
	}
	c, err := p.again(ctx, m, &t, was.Subject)
	if err != nil {
		return auth.Vouched{}, err
	}
	if t.IDToken != "" {
		k.ID = t.IDToken
	}
	who, err := p.person(was.Subject, c)
	if who.Sid == "" {
		who.Sid = was.Sid
	}
	return auth.Vouched{Person: who, Kept: k.encode(), Renewable: true}, err
}

// again returns the claims of now about a subject: those of userinfo over those of
// the ID token, which some providers copy from the one before.
func (p *Provider) again(ctx context.Context, m *metadata, t *tokens, subject string) (claims, error) {
	c := claims{}
	if t.IDToken != "" {
		token, of, err := p.verify(ctx, m, t)
		if err != nil {
			return nil, doubt(err)
		}
		if token.Subject != subject {
			return nil, doubt(errors.New("the provider renewed another person's log-in"))
		}
		c = of
	}
	if m.UserInfoURL == "" || t.AccessToken == "" {
		if t.IDToken == "" {
			return nil, doubt(errors.New("the provider renewed a log-in and says of nobody whose it is"))
		}
		return c, nil
	}
	now, err := p.userInfo(ctx, m, t.AccessToken, subject)
	var no *refusal
	if errors.As(err, &no) && (no.Status == http.StatusUnauthorized || no.Status == http.StatusForbidden) {
		return nil, fmt.Errorf("%w (%w)", audit.Errorf(audit.Unauthenticated, "the identity provider knows you no longer"), err)
	}
	if err != nil {
		return nil, refused(err)
	}
	return c.over(now), nil
}

// Forget tells the provider that what was kept is needed no more. A provider that
// cannot be told loses nothing: nobody else has it.
func (p *Provider) Forget(ctx context.Context, kept []byte) {
	k := decodeKept(kept)
	m, err := p.metadata(ctx)
	if err != nil || m.RevokeURL == "" || k.Refresh == "" {
		return
	}
	_ = p.post(ctx, m, m.RevokeURL, url.Values{"token": {k.Refresh}, "token_type_hint": {"refresh_token"}}, nil)
}

// LogoutURL returns where a browser logs out at the provider, and is then sent back
// to an address of this log; "" where the provider has no such page.
func (p *Provider) LogoutURL(ctx context.Context, kept []byte, back string) string {
	m, err := p.metadata(ctx)
	if err != nil || m.EndSessionURL == "" {
		return ""
	}
	u, err := url.Parse(m.EndSessionURL)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.opts.ClientID)
	q.Set("post_logout_redirect_uri", back)
	if k := decodeKept(kept); k.ID != "" {
		q.Set("id_token_hint", k.ID)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// LoggedOut returns whom a logout token of the provider ends the sessions of: all
// those of a subject, or the one that has a name there, or both.
func (p *Provider) LoggedOut(ctx context.Context, logoutToken string) (auth.Person, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return auth.Person{}, err
	}
	t, err := m.verifier.VerifyLogout(ctx, logoutToken)
	if err != nil {
		return auth.Person{}, fmt.Errorf("%w (%w)", audit.Errorf(audit.Invalid, "the logout token is not to be believed"), err)
	}
	return auth.Person{Issuer: p.opts.Issuer, Subject: t.Subject, Sid: t.SessionID}, nil
}
