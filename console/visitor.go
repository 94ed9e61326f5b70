package console

import (
	"net/http"
	"slices"
	"strings"

	"auditlog/console/clock"
	"auditlog/console/columns"
)

// The cookies that keep what a visitor prefers. Scripts may write them.
const (
	themeCookie = "auditlog_theme"
	// projectCookie holds the project that was looked at last, for the pages that are of none.
	projectCookie = "auditlog_project"
)

// setTheme keeps the theme that the visitor chose and goes back to the page.
func (c *console) setTheme(v *visit) error { return c.prefer(v, themeCookie, "theme", "light", "dark") }

// setClock keeps whether the visitor wants times in UTC and goes back to the page.
func (c *console) setClock(v *visit) error { return c.prefer(v, clock.Cookie, "clock", clock.UTC) }

// prefer keeps what the visitor chose of some values, by the field of a form, and goes back to
// the page. Any other value is that nothing is chosen.
func (c *console) prefer(v *visit, name, field string, values ...string) error {
	value := v.r.PostFormValue(field)
	if !slices.Contains(values, value) {
		value = ""
	}
	return c.keepPreference(v, name, value)
}

// keepPreference has the visitor's browser keep a value, or forget it where that is empty, and
// goes back to the page.
func (c *console) keepPreference(v *visit, name, value string) error {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: c.cookiePath(),
		MaxAge: int((365 * clock.Day).Seconds()), SameSite: http.SameSiteStrictMode, Secure: isTLS(v.r),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, cookie)
	c.lead(v, localPath(v.r.PostFormValue("back")))
	return nil
}

// isTLS reports whether the visitor's browser speaks TLS, to this process or to
// a proxy before it.
func isTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// localPath returns s if it is an address on this host, else the start page.
func localPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") {
		return "/"
	}
	return s
}

// setColumns keeps which columns the visitor wants and goes back to the page. None at all are the
// usual ones.
func (c *console) setColumns(v *visit) error {
	return c.keepPreference(v, columns.Cookie, columns.Keep(v.r.PostForm["column"]))
}
