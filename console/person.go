package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"auditlog/auth"
	"auditlog/auth/rights"
)

// Provider is where people log in as themselves; *oidc.Provider is one. What goes
// wrong is a Fault that the visitor is told.
type Provider interface {
	// Begin returns the address of the provider's page, the state that its answer will
	// have, and what the browser keeps for Finish.
	Begin(ctx context.Context) (address, state, kept string, err error)
	// Finish returns who it is that the provider sent back with an answer.
	Finish(ctx context.Context, kept string, answer url.Values) (auth.Vouched, error)
	// LoggedOut returns whom a logout token of the provider is about.
	LoggedOut(ctx context.Context, logoutToken string) (auth.Person, error)
	// Forget tells the provider that what a session kept is needed no more.
	Forget(ctx context.Context, kept []byte)
	// LogoutURL returns where a browser logs out at the provider, or "".
	LogoutURL(ctx context.Context, kept []byte, back string) string
}

// attemptLife is how long a log-in at the provider may take.
const attemptLife = 10 * time.Minute

// attemptCookie returns the name of the cookie that holds what a browser keeps of a
// log-in: one for each, so that two tabs do not get into each other's way.
func (c *console) attemptCookie(r *http.Request, state string) string {
	sum := sha256.Sum256([]byte(state))
	return c.cookiePrefix(r) + "auditlog_login_" + hex.EncodeToString(sum[:4])
}

// setAttempt keeps a log-in in the browser. The provider's page sends the browser back
// from another site, which the cookie must survive: it is Lax, not Strict.
func (c *console) setAttempt(v *visit, state, value string, age time.Duration) {
	http.SetCookie(v.w, &http.Cookie{
		Name: c.attemptCookie(v.r, state), Value: value, Path: c.cookiePath(), MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: isTLS(v.r), SameSite: http.SameSiteLaxMode,
	})
}

// beginPerson sends the visitor to the identity provider. It is a link and no form: the
// policy of the pages lets forms go nowhere else, redirects included.
func (c *console) beginPerson(v *visit) error {
	if c.opts.Provider == nil {
		return c.unknown(v)
	}
	next := localPath(v.r.URL.Query().Get("next"))
	err := c.opts.Auth.AllowLogin(v.r)
	var address, state, kept string
	if err == nil {
		address, state, kept, err = c.opts.Provider.Begin(v.r.Context())
	}
	if err != nil {
		return c.personFailed(v, next, err)
	}
	c.setAttempt(v, state, kept+"."+url.QueryEscape(next), attemptLife)
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

// welcomePage leads on to where the visitor wanted to go.
type welcomePage struct {
	frame
	Next string
}

// finishPerson begins a session for whom the identity provider has sent back.
func (c *console) finishPerson(v *visit) error {
	if c.opts.Provider == nil {
		return c.unknown(v)
	}
	answer := v.r.URL.Query()
	state := answer.Get("state")
	var kept, next string
	if cookie, err := v.r.Cookie(c.attemptCookie(v.r, state)); err == nil {
		kept, next, _ = strings.Cut(cookie.Value, ".")
		next, _ = url.QueryUnescape(next) // what cannot be read leads to the start page
		c.setAttempt(v, state, "", -time.Second)
	}
	err := c.opts.Auth.AllowLogin(v.r)
	var who auth.Vouched
	if err == nil {
		who, err = c.opts.Provider.Finish(v.r.Context(), kept, answer)
	}
	if p := (rights.Principal{Grants: who.Grants}); err == nil && !p.May(rights.AuditLogList, "") {
		err = &auth.NotAdmitted{Person: who.Person, Message: "You may record entries here and not read them: log in at the command line for that"}
	}
	if err != nil {
		return c.personFailed(v, next, err)
	}
	if err := c.beginSession(v, &who); err != nil {
		return err
	}
	// A redirect would still count as coming from the provider's site, and not get the
	// session's cookie, which is for visits from here: the page leads on by itself.
	p := welcomePage{frame: c.frame(v, "Logged in", "", ""), Next: localPath(next)}
	v.w.Header().Set("Refresh", "0; url="+c.opts.Base+p.Next)
	return c.render(v, http.StatusOK, "welcome", p)
}

// personFailed answers a log-in that came to nothing. What the provider said is for the
// operator.
func (c *console) personFailed(v *visit, next string, err error) error {
	if stranger := (*auth.NotAdmitted)(nil); errors.As(err, &stranger) {
		c.opts.Auth.NotAdmitted(c.call(v), stranger)
	}
	c.opts.Log.Warn().Err(err).Msg("log-in at the identity provider")
	return c.loginFailed(v, next, err)
}

// endPerson ends the sessions of whom the identity provider says that they logged out
// (OpenID Connect Back-Channel Logout). The provider calls, not a browser.
func (c *console) endPerson(v *visit) error {
	if c.opts.Provider == nil {
		return c.unknown(v)
	}
	if err := c.opts.Auth.AllowNotice(v.r); err != nil {
		return err
	}
	who, err := c.opts.Provider.LoggedOut(v.r.Context(), v.r.PostFormValue("logout_token"))
	if err != nil {
		c.opts.Log.Warn().Err(err).Msg("log-out by the identity provider")
		if limited := c.opts.Auth.AllowLogin(v.r); limited != nil {
			return limited
		}
		return err
	}
	n, err := c.opts.Auth.LogOutPerson(v.r.Context(), who)
	c.opts.Log.Info().Err(err).Int("sessions", n).Msg("log-out by the identity provider")
	return err
}

// forgetIn bounds how long a log-out waits for the provider.
const forgetIn = 3 * time.Second

// forget tells the provider that a session is over, and returns where the visitor logs
// out there.
func (c *console) forget(v *visit, kept []byte) string {
	ctx, cancel := context.WithTimeout(v.r.Context(), forgetIn)
	defer cancel()
	c.opts.Provider.Forget(ctx, kept)
	return c.opts.Provider.LogoutURL(ctx, kept, c.address(v.r)+"/login")
}
