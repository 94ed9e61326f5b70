package console

import (
	"net/http"
)

// The pages know their addresses from the root. What leaves leads to them under the base path:
// redirects by lead, cookies by what follows, and the links of a page by package draw.

// lead sends the visitor's browser on to an address of this log.
func (c *console) lead(v *visit, to string) {
	http.Redirect(v.w, v.r, c.opts.Base+to, http.StatusSeeOther)
}

// cookiePath is where the browser sends cookies to: not to other programs on the host.
func (c *console) cookiePath() string { return c.opts.Base + "/" }

// cookiePrefix begins the name of a cookie for a visitor that is secret. A browser takes one that
// begins so over TLS alone; and at the root, from this host alone, so that no other of its domain can
// plant one. Under a path, which such a cookie cannot have, it rather goes to no other program.
func (c *console) cookiePrefix(r *http.Request) string {
	switch {
	case !isTLS(r):
		return ""
	case c.opts.Base == "":
		return "__Host-"
	}
	return "__Secure-"
}
