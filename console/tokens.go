package console

import (
	"net/http"
	"strings"

	"auditlog/audit"
	"auditlog/auth"
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
	// Chosen is the token whose revoking is being confirmed.
	Chosen *tokenRow
}

// createdToken is a token whose secret can still be told.
type createdToken struct {
	Secret string
	Token  auth.Token
}

// tokenForm is a token as it is asked for.
type tokenForm struct{ Name, Owner, OwnerType, Role, Projects, Expires string }

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
	p := tokensPage{Form: tokenForm{OwnerType: string(audit.ServiceAccount), Role: string(auth.Recorder)}}
	p.Created = v.session.take(v.now)
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
	}
	return c.render(v, status, "tokens", p)
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
		Role: field(v.r, "role"), Projects: field(v.r, "projects"), Expires: field(v.r, "expires"),
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
	v.session.keep(created)
	http.Redirect(v.w, v.r, "/tokens", http.StatusSeeOther)
	return nil
}

func field(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

func (f tokenForm) token(v *visit) (auth.Token, error) {
	t := auth.Token{Name: f.Name, Owner: f.Owner, OwnerType: audit.ActorType(f.OwnerType), Role: auth.Role(f.Role)}
	t.Projects = strings.FieldsFunc(f.Projects, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
	expires, err := parseBound("expires", f.Expires, v.zone)
	t.ExpiresAt = expires
	return t, err
}

// revokeToken ends a token, and with it the sessions that began with it.
func (c *console) revokeToken(v *visit) error {
	if _, err := c.admin.RevokeToken(v.r.Context(), c.call(v), field(v.r, "id")); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/tokens", http.StatusSeeOther)
	return nil
}
