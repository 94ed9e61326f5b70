package console

import (
	"net/http"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/address"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// tokensPage lists tokens and makes them.
type tokensPage struct {
	frame
	List []tokenRow
	// Created is the new token, shown once.
	Created createdToken
	// Form is what was sent last, when it was refused for Fault.
	Form  tokenForm
	Fault string
	// Chosen is the token whose revoking is being confirmed, Rotated the one that is to
	// get a new secret.
	Chosen, Rotated *tokenRow
	// Sessions are those who are logged in, as far as the visitor may know.
	Sessions []sessionRow
}

// sessionRow is a session in the list.
type sessionRow struct {
	auth.Session
	Owner               string
	Began, Seen, Expiry moment
	// By says what it began with. Own is set on the visitor's.
	By  string
	Own bool
}

// createdToken is a token whose secret can still be told.
type createdToken struct {
	Secret string
	Token  auth.Token
	// At is when the secret was made.
	At time.Time
}

// tokenForm is a token as it is asked for.
type tokenForm struct{ Name, Owner, OwnerType, Role, Projects, Addresses, Expires string }

// tokenRow is a token in the list.
type tokenRow struct {
	auth.Token
	Created, Expires, Used, Revoked moment
	// State is live, expired or revoked.
	State string
	// Own is set on the token that the visitor is logged in with.
	Own bool
}

// tokens answers with the list.
func (c *console) tokens(v *visit) error {
	p := tokensPage{Form: tokenForm{OwnerType: string(audit.ServiceAccount), Role: string(rights.Recorder)}}
	p.Created = c.created.take(v.session.ID, v.now)
	return c.showTokens(v, http.StatusOK, p)
}

func (c *console) showTokens(v *visit, status int, p tokensPage) error {
	list, err := c.opts.Auth.List(&v.who)
	if err != nil {
		return err
	}
	p.frame = c.frame(v, "Tokens", navTokens, "")
	for _, t := range list {
		row := c.tokenRow(v, t)
		p.List = append(p.List, row)
		if row.State == "live" && t.ID == v.r.URL.Query().Get("revoke") {
			p.Chosen = &row
		}
		if row.State == "live" && t.ID == v.r.URL.Query().Get("rotate") {
			p.Rotated = &row
		}
	}
	p.Sessions = c.sessionRows(v)
	return c.render(v, status, "tokens", p)
}

// sessionRows returns who is logged in.
func (c *console) sessionRows(v *visit) (rows []sessionRow) {
	for _, s := range c.opts.Auth.Sessions(&v.who) {
		row := sessionRow{
			Session: s, Owner: c.opts.Auth.OwnerOf(&s), Own: s.ID == v.session.ID, By: "token " + s.TokenID,
			Began: v.moment(s.BeganAt), Seen: v.moment(s.SeenAt), Expiry: v.moment(s.ExpiresAt),
		}
		if s.Person != nil {
			row.By = s.Person.Issuer
		}
		rows = append(rows, row)
	}
	return rows
}

// Ranges are where calls with the token may come from.
func (r tokenRow) Ranges() (list []string) {
	for _, p := range r.Addresses {
		list = append(list, address.FormatRange(p))
	}
	return list
}

func (c *console) tokenRow(v *visit, t auth.Token) tokenRow {
	row := tokenRow{
		Token: t, Created: v.moment(t.CreatedAt), Expires: v.moment(t.ExpiresAt),
		Used: v.moment(t.LastUsedAt), Revoked: v.moment(t.RevokedAt), State: "live", Own: t.ID == v.who.TokenID,
	}
	switch {
	case !t.RevokedAt.IsZero():
		row.State = "revoked"
	case !t.ExpiresAt.IsZero() && !v.now.Before(t.ExpiresAt):
		row.State = "expired"
	}
	return row
}

// createToken makes a token and shows it once, on the page that it leads to: to
// load that page again makes no other.
func (c *console) createToken(v *visit) error {
	form := tokenForm{
		Name: field(v.r, "name"), Owner: field(v.r, "owner"), OwnerType: field(v.r, "ownerType"),
		Role: field(v.r, "role"), Projects: field(v.r, "projects"),
		Addresses: field(v.r, "addresses"), Expires: field(v.r, "expires"),
	}
	t, err := form.token(v)
	var created createdToken
	if err == nil {
		created.Secret, created.Token, err = c.admin.CreateToken(v.r.Context(), c.call(v), t)
	}
	if audit.KindOf(err) == audit.Invalid {
		return c.showTokens(v, http.StatusBadRequest, tokensPage{Form: form, Fault: sentence(err.Error())})
	}
	if err != nil {
		return err
	}
	created.At = created.Token.CreatedAt
	c.created.keep(v.session.ID, created)
	c.lead(v, "/tokens")
	return nil
}

func field(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

func (f tokenForm) token(v *visit) (auth.Token, error) {
	t := auth.Token{Name: f.Name, Owner: f.Owner, OwnerType: audit.ActorType(f.OwnerType), Role: rights.Role(f.Role)}
	t.Projects = listOf(f.Projects)
	for _, s := range listOf(f.Addresses) {
		p, err := address.ParseRange(s)
		if err != nil {
			return t, audit.AtPath(err, "addresses")
		}
		t.Addresses = append(t.Addresses, p)
	}
	expires, err := parseBound("expires", f.Expires, v.zone)
	t.ExpiresAt = expires
	return t, err
}

// listOf returns what is written with commas or spaces between.
func listOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}

// rotateToken gives a token a new secret and shows it once, as createToken does.
func (c *console) rotateToken(v *visit) error {
	grace := rpc.DefaultGrace * time.Second
	if field(v.r, "grace") == "none" {
		grace = 0
	}
	secret, t, err := c.admin.RotateToken(v.r.Context(), c.call(v), field(v.r, "id"), grace, time.Time{})
	if err != nil {
		return err
	}
	c.created.keep(v.session.ID, createdToken{Secret: secret, Token: t, At: t.RotatedAt})
	c.lead(v, "/tokens")
	return nil
}

// endSession ends a session of the list, which may be the visitor's own.
func (c *console) endSession(v *visit) error {
	if _, err := c.opts.Auth.EndSession(v.r.Context(), c.call(v), field(v.r, "id")); err != nil {
		return err
	}
	c.lead(v, "/tokens")
	return nil
}

// revokeToken ends a token, and with it the sessions that began with it.
func (c *console) revokeToken(v *visit) error {
	var err error
	if field(v.r, "cascade") == "" {
		_, err = c.admin.RevokeToken(v.r.Context(), c.call(v), field(v.r, "id"))
	} else {
		_, err = c.admin.RevokeTokens(v.r.Context(), c.call(v), field(v.r, "id"))
	}
	if err != nil {
		return err
	}
	c.lead(v, "/tokens")
	return nil
}
