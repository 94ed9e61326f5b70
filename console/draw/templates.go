package draw

import (
	"fmt"
	"html/template"
	"io/fs"
	"strings"

	"auditlog/console/amounts"
	"auditlog/spell"
)

// pages holds a set of templates a page: the page's own file, and what all share.
type pages map[string]*template.Template

// shared are the files that every page's set holds.
func shared() []string {
	return []string{"templates/frame.html", "templates/icons.html", "templates/parts.html", "templates/rows.html"}
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
		if _, err := set.ParseFS(files, append(shared(), name)...); err != nil {
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
