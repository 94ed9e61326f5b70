package console

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/console/filter"
	"auditlog/rpc"
)

// loginPage asks who the visitor is: by a token, or at an identity provider.
type loginPage struct {
	frame
	// Next is where the visitor wanted to go.
	Next string
	// Provider is what the identity provider is called; empty where there is none.
	Provider string
	// Fault says why the last attempt failed.
	Fault string
	// Ended is set when a session was there and is over, Out when the visitor has just
	// logged out.
	Ended, Out bool
	// ProviderOut is where the visitor logs out at the provider too.
	ProviderOut string
}

func (c *console) loginPage(v *visit, next string) loginPage {
	p := loginPage{frame: c.frame(v, "Log in", "", ""), Next: localPath(next)}
	if c.opts.Provider != nil {
		p.Provider = c.opts.ProviderName
	}
	return p
}

// showLogin answers with the form to log in.
func (c *console) showLogin(v *visit) error {
	if v.session != nil {
		c.lead(v, "/")
		return nil
	}
	p := c.loginPage(v, v.r.URL.Query().Get("next"))
	p.Ended = c.sessionSecret(v.r) != ""
	return c.render(v, http.StatusOK, "login", p)
}

// login begins a session for whoever has a token.
func (c *console) login(v *visit) error {
	// What was copied from a terminal may have spaces or an end of line around it.
	who, err := c.opts.Auth.Check(v.r, strings.TrimSpace(v.r.PostFormValue("token")), audit.ChannelConsole)
	switch {
	case err == nil && who.SessionID != "":
		err = audit.Errorf(audit.PermissionDenied, "This is what a command line logged in with, and for it alone: make a token, or log in as yourself")
	case err == nil && !who.May(rights.AuditLogList, ""):
		err = audit.Errorf(audit.PermissionDenied, "This token may record entries and not read them: it has the role %s", rights.Recorder)
		v.who = who
		c.opts.Auth.Refuse(c.call(v), &rights.Denied{Permission: rights.AuditLogList})
	}
	if denied := (*rights.Denied)(nil); errors.As(err, &denied) {
		v.who = who // for the entry that tells of it
		c.opts.Auth.Refuse(c.call(v), denied)
	}
	if err != nil {
		return c.loginFailed(v, v.r.PostFormValue("next"), err)
	}
	v.who = who
	if err := c.beginSession(v, nil); err != nil {
		return c.loginFailed(v, v.r.PostFormValue("next"), err)
	}
	c.lead(v, localPath(v.r.PostFormValue("next")))
	return nil
}

// beginSession begins a session in place of the one that the browser has: of a person,
// or of the visitor's token.
func (c *console) beginSession(v *visit, person *auth.Vouched) error {
	call := c.call(v)
	if _, err := c.opts.Auth.LogOut(v.r.Context(), call, c.sessionSecret(v.r)); err != nil {
		return err
	}
	secret, s, err := c.opts.Auth.LogIn(v.r.Context(), call, person)
	if err != nil {
		return err
	}
	c.setSession(v, secret, s)
	return nil
}

func (c *console) loginFailed(v *visit, next string, err error) error {
	kind := audit.KindOf(err)
	if kind == audit.Internal {
		return err
	}
	var limited *auth.Limited
	if errors.As(err, &limited) {
		v.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(limited.RetryAfter().Seconds()))))
	}
	p := c.loginPage(v, next)
	var fault *audit.Fault
	errors.As(err, &fault) // it is one, as it has a kind
	p.Fault = sentence(fault.Error())
	return c.render(v, rpc.Status(kind), "login", p)
}

// logout ends the session, and says where a person logs out at the provider too.
func (c *console) logout(v *visit) error {
	kept, err := c.opts.Auth.LogOut(v.r.Context(), c.call(v), v.session.secret)
	if err != nil {
		return err
	}
	c.dropSession(v)
	if v.session.Person == nil || c.opts.Provider == nil {
		c.lead(v, "/login")
		return nil
	}
	v.session, v.who = nil, rights.Principal{}
	p := c.loginPage(v, "/")
	p.Out, p.ProviderOut = true, c.forget(v, kept)
	return c.render(v, http.StatusOK, "login", p)
}

// askLogin sends a visitor who is not logged in to the log-in page, and from
// there back. A part of a page cannot be sent there: it is refused.
func (c *console) askLogin(v *visit) error {
	if v.r.Method != http.MethodGet || v.r.URL.Query().Has(keyPart) || v.r.URL.Path == "/live" {
		return audit.Errorf(audit.Unauthenticated, "You are no longer logged in")
	}
	target := "/login"
	if here := v.r.URL.RequestURI(); here != "/" {
		target += "?next=" + filter.EscapeParam(here)
	}
	c.lead(v, target)
	return nil
}
