package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	upstream "github.com/coreos/go-oidc/v3/oidc"

	"auditlog/audit"
	"auditlog/auth"
)

// claims are what the provider says of a person.
type claims map[string]any

func decodeClaims(b []byte) (claims, error) {
	var c claims
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("decode claims: %w", err)
	}
	return c, nil
}

// at returns the claim of that name, or else what the name, read as a path, leads to.
func (c claims) at(name string) any {
	if v, ok := c[name]; ok {
		return v
	}
	first, rest, ok := strings.Cut(name, ".")
	inner, isObject := c[first].(map[string]any)
	if !ok || !isObject {
		return nil
	}
	return claims(inner).at(rest)
}

func (c claims) text(name string) string {
	s, _ := c.at(name).(string)
	return strings.TrimSpace(s)
}

// says reports whether a claim is true, which some providers send as text.
func (c claims) says(name string) bool {
	switch v := c.at(name).(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

// list returns the strings of a claim. One string is a list of one.
func (c claims) list(name string) []string {
	switch v := c.at(name).(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// elsewhere reports whether the provider left a claim out because it was too large
// ("distributed claims"; Entra ID does it with more than 200 groups).
func (c claims) elsewhere(name string) bool {
	names, _ := c["_claim_names"].(map[string]any)
	return names[name] != nil && c.at(name) == nil
}

// verify returns the claims of an ID token that is the provider's, for this log and
// fresh. The access token that came with it, if any, must be the one that it names.
func (p *Provider) verify(ctx context.Context, m *metadata, t *tokens) (*upstream.IDToken, claims, error) {
	token, err := m.verifier.Verify(ctx, t.IDToken)
	if err != nil {
		return nil, nil, err
	}
	if t.AccessToken != "" && token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(t.AccessToken); err != nil {
			return nil, nil, err
		}
	}
	var raw json.RawMessage
	if err := token.Claims(&raw); err != nil {
		return nil, nil, err
	}
	c, err := decodeClaims(raw)
	if err != nil {
		return nil, nil, err
	}
	// A token for several clients, or made on behalf of another, names whom it was
	// given to (OpenID Connect Core, section 3.1.3.7).
	party := c.text("azp")
	if party != "" && party != p.opts.ClientID || party == "" && len(token.Audience) > 1 {
		return nil, nil, fmt.Errorf("the ID token was given to %q", party)
	}
	if token.Subject == "" {
		return nil, nil, errors.New("the ID token has no subject")
	}
	return token, c, nil
}

// userInfo returns what the provider says of a person now.
func (p *Provider) userInfo(ctx context.Context, m *metadata, accessToken, subject string) (claims, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfoURL, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+accessToken)
	body, mediaType, err := p.do(r)
	if err != nil {
		return nil, err
	}
	if mediaType == "application/jwt" {
		if body, err = m.keys.VerifySignature(ctx, string(body)); err != nil {
			return nil, fmt.Errorf("verify userinfo: %w", err)
		}
	}
	c, err := decodeClaims(body)
	if err != nil {
		return nil, err
	}
	if c.text("sub") != subject {
		return nil, errors.New("the provider's userinfo is another person's")
	}
	return c, nil
}

// over returns c with the claims of other in place of its own.
func (c claims) over(other claims) claims {
	all := make(claims, len(c)+len(other))
	for _, from := range []claims{c, other} {
		for name, v := range from {
			all[name] = v
		}
	}
	return all
}

// lacks reports whether something that is needed of a person is not in c.
func (p *Provider) lacks(c claims) bool {
	return c.text(p.opts.EmailClaim) == "" || p.needsGroups() && c.at(p.opts.GroupsClaim) == nil
}

func (p *Provider) needsGroups() bool {
	return slices.ContainsFunc(p.opts.Rules, func(r Rule) bool { return r.Group != "" })
}

// person returns whom claims are of, with what they may. It returns Unauthenticated
// where the claims do not say, and PermissionDenied where no rule lets them in.
func (p *Provider) person(subject string, c claims) (auth.Person, error) {
	who := auth.Person{Issuer: p.opts.Issuer, Subject: subject, Email: c.text(p.opts.EmailClaim), Sid: c.text("sid")}
	if who.Email == "" {
		return who, audit.Errorf(audit.Unauthenticated, "the identity provider does not tell your e-mail address (the claim %q)",
			p.opts.EmailClaim)
	}
	if p.opts.EmailClaim == "email" && !p.opts.Unverified && !c.says("email_verified") {
		return who, audit.Errorf(audit.Unauthenticated, "the identity provider has not verified your e-mail address")
	}
	if p.needsGroups() && c.elsewhere(p.opts.GroupsClaim) {
		return who, audit.Errorf(audit.Unauthenticated, "the identity provider does not send your groups, because they are too many")
	}
	if err := who.Check(p.opts.Now()); err != nil {
		return who, fmt.Errorf("%w (%w)", audit.Errorf(audit.Unauthenticated, "the identity provider tells a name that no entry can have"), err)
	}
	who.Grants = p.grants(who.Email, c.list(p.opts.GroupsClaim))
	if len(who.Grants) == 0 {
		return who, &auth.NotAdmitted{Person: who, Message: who.Email + " is in no group that may use this log"}
	}
	return who, nil
}
