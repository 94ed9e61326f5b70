package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"

	"auditlog/audit"
	"auditlog/auth"
)

// attempt is a log-in that a browser has begun. The browser keeps it, where no script
// and no other site can read it: who has it can finish what it began and nothing else.
type attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

func (a *attempt) encode() string {
	b, _ := json.Marshal(a) // strings cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeAttempt reads what encode returned. What is no attempt is one that no answer
// belongs to.
func decodeAttempt(s string) attempt {
	var a attempt
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &a) != nil {
		return attempt{}
	}
	return a
}

// Begin returns the address of the provider's page, the state that its answer will
// have, and the attempt that the browser keeps for Finish.
func (p *Provider) Begin(ctx context.Context) (address, state, kept string, err error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return "", "", "", err
	}
	a := attempt{State: auth.RandomText(), Nonce: auth.RandomText(), Verifier: auth.RandomText()}
	u, err := url.Parse(m.AuthURL)
	if err != nil {
		return "", "", "", away(err)
	}
	challenge := sha256.Sum256([]byte(a.Verifier))
	q := u.Query()
	for name, value := range map[string]string{
		"response_type":         "code",
		"client_id":             p.opts.ClientID,
		"redirect_uri":          p.opts.RedirectURL,
		"scope":                 p.scope(m),
		"state":                 a.State,
		"nonce":                 a.Nonce,
		"code_challenge":        base64.RawURLEncoding.EncodeToString(challenge[:]),
		"code_challenge_method": "S256",
	} {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String(), a.State, a.encode(), nil
}

// Finish takes what the provider sent the browser back with and returns who it is.
func (p *Provider) Finish(ctx context.Context, kept string, answer url.Values) (auth.Vouched, error) {
	a := decodeAttempt(kept)
	if a.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(answer.Get("state"))) != 1 {
		return auth.Vouched{}, audit.Errorf(audit.Unauthenticated, "this log-in was not begun in this browser, or too long ago: begin again")
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return auth.Vouched{}, err
	}
	if issuer := answer.Get("iss"); issuer != p.opts.Issuer && (issuer != "" || m.NamesIssuer) {
		return auth.Vouched{}, doubt(fmt.Errorf("the answer is from %q", issuer))
	}
	if code := answer.Get("error"); code != "" {
		return auth.Vouched{}, refused(&refusal{Code: code, Description: answer.Get("error_description")})
	}
	var t tokens
	err = p.post(ctx, m, m.TokenURL, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {answer.Get("code")},
		"redirect_uri":  {p.opts.RedirectURL},
		"code_verifier": {a.Verifier},
	}, &t)
	if err != nil {
		return auth.Vouched{}, refused(err)
	}
	return p.vouch(ctx, m, &t, a.Nonce)
}

// vouch returns whom the tokens of a fresh log-in are of. The nonce is the one that
// the ID token must have; empty in the device flow, which has none.
func (p *Provider) vouch(ctx context.Context, m *metadata, t *tokens, nonce string) (auth.Vouched, error) {
	token, c, err := p.verify(ctx, m, t)
	if err != nil {
		return auth.Vouched{}, doubt(err)
	}
	if nonce != "" && subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 {
		return auth.Vouched{}, doubt(fmt.Errorf("the ID token belongs to another log-in"))
	}
	if p.lacks(c) && m.UserInfoURL != "" && t.AccessToken != "" {
		more, err := p.userInfo(ctx, m, t.AccessToken, token.Subject)
		if err != nil {
			return auth.Vouched{}, refused(err)
		}
		c = more.over(c)
	}
	who, err := p.person(token.Subject, c)
	if err != nil {
		return auth.Vouched{}, err
	}
	kept := kept{Refresh: t.RefreshToken, ID: t.IDToken}
	return auth.Vouched{Person: who, Kept: kept.encode(), Renewable: t.RefreshToken != ""}, nil
}

// doubt is the error of an answer that is not believed.
func doubt(err error) error {
	return fmt.Errorf("%w (%w)", audit.Errorf(audit.Unauthenticated, "the identity provider's answer is not to be believed"), err)
}

// refused is the error of an endpoint that did not answer as it was hoped: because of
// the person or the code, or because it cannot.
func refused(err error) error {
	switch codeOf(err) {
	case "access_denied":
		return fmt.Errorf("%w (%w)", audit.Errorf(audit.PermissionDenied, "the log-in was refused at the identity provider"), err)
	case "invalid_grant", "expired_token", "login_required", "interaction_required", "consent_required", "invalid_token":
		return fmt.Errorf("%w (%w)", audit.Errorf(audit.Unauthenticated, "the log-in is no longer good: begin again"), err)
	}
	return away(err)
}
