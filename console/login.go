package console

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/rpc"
)

// loginPage asks for a token.
type loginPage struct {
	frame
	// Next is where the visitor wanted to go.
	Next string
	// Fault says why the last attempt failed.
	Fault string
	// Ended is set when a session was there and is over.
	Ended bool
}

// showLogin answers with the form to log in.
func (c *console) showLogin(v *visit) error {
	if v.session != nil {
		http.Redirect(v.w, v.r, "/", http.StatusSeeOther)
		return nil
	}
	_, err := v.r.Cookie(sessionCookie)
	return c.render(v, http.StatusOK, "login", loginPage{
		frame: c.frame(v, "Log in", "", ""), Next: localPath(v.r.URL.Query().Get("next")), Ended: err == nil,
	})
}

// login begins a session for whoever has a token.
func (c *console) login(v *visit) error {
	who, err := c.opts.Auth.Check(v.r, v.r.PostFormValue("token"))
	if err == nil && !who.May(auth.AuditLogList, "") {
		err = audit.Errorf(audit.PermissionDenied, "This token may record entries and not read them: it has the role %s", auth.Recorder)
	}
	if err != nil {
		return c.loginFailed(v, err)
	}
	c.sessions.finish(v.r)
	secret := c.sessions.begin(who.TokenID, v.now)
	http.SetCookie(v.w, c.sessionCookie(v, secret, int(sessionLife.Seconds())))
	http.Redirect(v.w, v.r, localPath(v.r.PostFormValue("next")), http.StatusSeeOther)
	return nil
}

func (c *console) loginFailed(v *visit, err error) error {
	kind := audit.KindOf(err)
	if kind == audit.Internal {
		return err
	}
	var limited *auth.Limited
	if errors.As(err, &limited) {
		v.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(limited.RetryAfter().Seconds()))))
	}
	return c.render(v, rpc.Status(kind), "login", loginPage{
		frame: c.frame(v, "Log in", "", ""), Next: localPath(v.r.PostFormValue("next")), Fault: sentence(err.Error()),
	})
}

// logout ends the session.
func (c *console) logout(v *visit) error {
	c.sessions.finish(v.r)
	http.SetCookie(v.w, c.sessionCookie(v, "", -1))
	http.Redirect(v.w, v.r, "/login", http.StatusSeeOther)
	return nil
}

func (c *console) sessionCookie(v *visit, secret string, age int) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: secret, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: isTLS(v.r), SameSite: http.SameSiteStrictMode,
	}
}

// askLogin sends a visitor who is not logged in to the log-in page, and from
// there back. A part of a page cannot be sent there: it is refused.
func (c *console) askLogin(v *visit) error {
	if v.r.Method != http.MethodGet || v.r.URL.Query().Has(keyPart) || v.r.URL.Path == "/live" {
		return audit.Errorf(audit.Unauthenticated, "You are no longer logged in")
	}
	target := "/login"
	if here := v.r.URL.RequestURI(); here != "/" {
		target += "?next=" + escapeParam(here)
	}
	http.Redirect(v.w, v.r, target, http.StatusSeeOther)
	return nil
}
