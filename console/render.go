package console

import (
	"net/http"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/clock"
)

// frame is what every page has around its content.
type frame struct {
	Title string
	// Theme is light or dark, or empty for what the system says.
	Theme string
	// Who is logged in; empty for nobody. Dev says that there is no log-in.
	Who string
	Dev bool
	// MayTokens, MaySinks, MayStatus and MayProjects show the ways to the pages for admins.
	MayTokens, MaySinks, MayStatus, MayProjects bool
	// CSRF is what the page's forms carry.
	CSRF    string
	Version string
	// Base is the path below which all pages are, for the scripts.
	Base string
	// Here is the page's own address, to come back to.
	Here string
	// Nav is the entry of the navigation that the page belongs to.
	Nav string
	// Project is the one that is looked at, if any; AllProjects says that it is all.
	Project     string
	AllProjects bool
	Projects    []projectLink
	// Zone names the zone of the times on the page; Zoned says that the browser
	// told it.
	Zone, ZoneShort string
	Zoned           bool
	// UTC says that the visitor has chosen to see times in it.
	UTC bool
}

// allProjects is what all projects together are called.
const allProjects = "All projects"

// projectLink leads to the entries of a project.
type projectLink struct {
	Name, URL string
	Entries   int64
	Current   bool
}

// The entries of the navigation.
const (
	navLogs     = "logs"
	navProjects = "projects"
	navTokens   = "tokens"
	navSinks    = "sinks"
	navStatus   = "status"
)

// frame returns what stands around a page. The project is the one that the page
// is about, if any.
func (c *console) frame(v *visit, title, nav, project string) frame {
	f := frame{
		Title:     title,
		Nav:       nav,
		Project:   project,
		Theme:     themeOf(v.r),
		Dev:       c.opts.Auth.Dev(),
		Version:   c.opts.Version,
		Base:      c.opts.Base,
		Here:      v.r.URL.RequestURI(),
		Zone:      v.Zone.String(),
		ZoneShort: clock.ShortZone(v.Now.In(v.Zone)),
		Zoned:     v.Zoned,
		UTC:       v.Universal,
	}
	if v.r.Method != http.MethodGet {
		f.Here = "/"
	}
	if v.session == nil {
		return f
	}
	f.Who, f.CSRF = v.who.Owner, v.session.csrf
	switch nav {
	case navLogs:
		c.rememberProject(v, project)
	case navProjects, navTokens, navSinks, navStatus:
		f.Project, f.AllProjects = c.rememberedProject(v)
	}
	f.Projects = c.projectLinks(v, f.Project, "")
	f.MayProjects = v.who.May(rights.ProjectDelete, "")
	f.MayTokens = v.who.May(rights.TokenList, "")
	f.MaySinks = c.opts.Sinks != nil && v.who.May(rights.SinkList, "")
	f.MayStatus = c.opts.Status != nil && v.who.May(rights.LogStatus, "")
	return f
}

// errorPage says what went wrong and what to do next.
type errorPage struct {
	frame
	Kind audit.Kind
	// Message is for the visitor; empty when the fault is ours.
	Message   string
	RequestID string
}

// Headline names the kind of error.
func (p errorPage) Headline() string {
	switch p.Kind {
	case audit.NotFound:
		return "Nothing here"
	case audit.PermissionDenied:
		return "You may not see this"
	case audit.Invalid:
		return "That does not work"
	case audit.RateLimited:
		return "Too many attempts"
	case audit.Conflict:
		return "That cannot be done now"
	case audit.Unavailable:
		return "The log cannot answer now"
	}
	return "Something went wrong here"
}

// Next says what to do about the error.
func (p errorPage) Next() string {
	switch p.Kind {
	case audit.PermissionDenied:
		return "Ask an admin of this log for a token that may, and log in with it."
	case audit.Invalid:
		return "Correct the address, or begin again from the start page."
	case audit.RateLimited, audit.Unavailable:
		return "Try again in a moment."
	case audit.Internal:
		return "The fault is not yours. Try again; if it stays, tell whoever runs this log."
	}
	return ""
}

// render answers with a page.
func (c *console) render(v *visit, status int, page string, data any) error {
	return c.renderPart(v, status, page, "frame", data)
}

// renderPart answers with one template of a page's set. Nothing is written when
// it fails.
func (c *console) renderPart(v *visit, status int, page, part string, data any) error {
	return c.draw.Answer(v.w, v.r, status, page, part, data)
}

// themeOf returns the theme that the visitor chose, or "".
func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}
