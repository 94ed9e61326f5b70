package console

import (
	"net/http"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/tokenpage"
	"auditlog/rpc"
)

// tokensPage lists tokens and makes them.
type tokensPage struct {
	frame
	List []tokenpage.Row
	// Created is the new token, shown once.
	Created tokenpage.Created
	// Form is what was sent last, when it was refused for Fault.
	Form  tokenpage.Form
	Fault string
	// Chosen is the token whose revoking is being confirmed, Rotated the one that is to
	// get a new secret.
	Chosen, Rotated *tokenpage.Row
	// Sessions are those who are logged in, as far as the visitor may know.
	Sessions []tokenpage.SessionRow
}

// tokens answers with the list.
func (c *console) tokens(v *visit) error {
	p := tokensPage{Form: tokenpage.Form{OwnerType: string(audit.ServiceAccount), Role: string(rights.Recorder)}}
	p.Created = c.created.Take(v.session.ID, v.Now)
	return c.showTokens(v, http.StatusOK, p)
}

func (c *console) showTokens(v *visit, status int, p tokensPage) error {
	list, err := c.opts.Auth.List(&v.who)
	if err != nil {
		return err
	}
	p.frame = c.frame(v, "Tokens", navTokens, "")
	for _, t := range list {
		row := tokenpage.NewRow(t, v.who.TokenID, v.Clock)
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
func (c *console) sessionRows(v *visit) (rows []tokenpage.SessionRow) {
	for _, s := range c.opts.Auth.Sessions(&v.who) {
		rows = append(rows, tokenpage.NewSessionRow(s, c.opts.Auth.OwnerOf(&s), v.session.ID, v.Clock))
	}
	return rows
}

// createToken makes a token and shows it once, on the page that it leads to: to
// load that page again makes no other.
func (c *console) createToken(v *visit) error {
	form := tokenpage.Form{
		Name: field(v.r, "name"), Owner: field(v.r, "owner"), OwnerType: field(v.r, "ownerType"),
		Role: field(v.r, "role"), Projects: field(v.r, "projects"),
		Addresses: field(v.r, "addresses"), Expires: field(v.r, "expires"),
	}
	t, err := form.Token(v.Zone)
	var created tokenpage.Created
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
	c.created.Keep(v.session.ID, created)
	c.lead(v, "/tokens")
	return nil
}

func field(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

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
	c.created.Keep(v.session.ID, tokenpage.Created{Secret: secret, Token: t, At: t.RotatedAt})
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
