package console

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/amounts"
	"auditlog/spell"
)

// pages holds a set of templates a page: the page's own file, and what all share.
type pages map[string]*template.Template

// shared are the files that every page's set holds.
func shared() []string {
	return []string{"templates/frame.html", "templates/icons.html", "templates/parts.html"}
}

// parsePages parses every template once.
func parsePages(all assets) (pages, error) {
	names, err := fs.Glob(files, "templates/pages/*.html")
	if err != nil {
		return nil, err
	}
	sets := make(pages)
	for _, name := range names {
		set := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
			"asset": all.url, "icon": icon, "count": amounts.Count, "bytes": amounts.Bytes, "breakable": breakable, "ends": newEnds, "who": spell.Name,
		})
		from := shared()
		if name == "templates/pages/embed.html" {
			from = append(from, "templates/pages/logs.html") // whose rows it has
		}
		if _, err := set.ParseFS(files, append(from, name)...); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		short := strings.TrimSuffix(strings.TrimPrefix(name, "templates/pages/"), ".html")
		sets[short] = set
	}
	return sets, nil
}

// icon returns the drawing of that name, for the eye alone.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true"><use href="#i-` + template.HTMLEscapeString(name) + `"/></svg>`)
}

// breakable returns a value that may go on in a new line after its punctuation, as
// paths and versions are best read. What is copied from the page is the value.
func breakable(s string) template.HTML {
	var b strings.Builder
	start := 0
	for i := range len(s) {
		if strings.IndexByte("/:,;=&?@_-", s[i]) >= 0 {
			b.WriteString(template.HTMLEscapeString(s[start : i+1]))
			b.WriteString("<wbr>")
			start = i + 1
		}
	}
	b.WriteString(template.HTMLEscapeString(s[start:]))
	return template.HTML(b.String())
}

// ends is a value that is cut in its middle where there is no room for it: what
// tells actions and cloud identities apart stands at their end.
type ends struct{ Head, Tail string }

// maxTail is the longest end that is kept whole, in bytes.
const maxTail = 32

func newEnds(s string) ends {
	i := strings.LastIndexAny(s, "/:.")
	if i <= 0 || len(s)-i > maxTail || strings.Contains(s, "@") {
		return ends{Head: s}
	}
	return ends{s[:i], s[i:]}
}

// Whole is the value.
func (e ends) Whole() string { return e.Head + e.Tail }

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
		Zone:      v.zone.String(),
		ZoneShort: shortZone(v.now.In(v.zone)),
		Zoned:     v.zoned,
		UTC:       v.utc,
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
	var b bytes.Buffer
	if err := c.pages[page].ExecuteTemplate(&b, part, data); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	body := c.underBase(spellOut(b.Bytes()))
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Vary", "Accept-Encoding, Cookie")
	// What fails from here on is the connection, and nobody is left to tell.
	if !acceptsGzip(v.r) {
		v.w.WriteHeader(status)
		_, _ = v.w.Write(body)
		return nil
	}
	h.Set("Content-Encoding", "gzip")
	v.w.WriteHeader(status)
	z := c.zips.Get().(*gzip.Writer)
	defer c.zips.Put(z)
	z.Reset(v.w)
	_, _ = z.Write(body)
	_ = z.Close()
	return nil
}

// themeOf returns the theme that the visitor chose, or "".
func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}
