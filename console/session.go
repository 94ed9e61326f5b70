package console

import (
	"crypto/subtle"
	"net/http"

	"auditlog/audit"
	"auditlog/auth"
)

// sessionCookieName returns the name of the cookie that holds a session's secret, for a visitor.
func (c *console) sessionCookieName(r *http.Request) string {
	return c.cookiePrefix(r) + "auditlog_session"
}

// session is a browser that is logged in, as one visit finds it.
type session struct {
	auth.Session
	// secret is the cookie's; empty in development mode.
	secret string
	// csrf is what this session's forms carry.
	csrf string
}

// everybodys is the session of development mode, which no browser began.
func everybodys(random string) *session { return &session{csrf: random} }

// sessionSecret returns the session's secret that a request carries, or "".
func (c *console) sessionSecret(r *http.Request) string {
	cookie, err := r.Cookie(c.sessionCookieName(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setSession gives the visitor's browser a session's secret.
func (c *console) setSession(v *visit, secret string, s auth.Session) {
	c.setSessionCookie(v, secret, int(s.ExpiresAt.Sub(v.Now).Seconds()))
}

// dropSession takes the session's secret from the visitor's browser.
func (c *console) dropSession(v *visit) { c.setSessionCookie(v, "", -1) }

func (c *console) setSessionCookie(v *visit, secret string, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: c.sessionCookieName(v.r), Value: secret, Path: c.cookiePath(), MaxAge: age,
		HttpOnly: true, Secure: isTLS(v.r), SameSite: http.SameSiteStrictMode,
	})
}

// check returns nil when a form carries this session's token.
func (s *session) check(sent string) error {
	if subtle.ConstantTimeCompare([]byte(sent), []byte(s.csrf)) == 1 {
		return nil
	}
	return audit.Errorf(audit.PermissionDenied, "This form belongs to another session. Go back, load the page again, and send it once more")
}
