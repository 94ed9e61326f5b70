// Package columns knows which columns the list of entries may have beside the time, and which a
// visitor's browser has kept as chosen. Package console alone uses it.
package columns

import (
	"net/http"
	"slices"
	"strings"
)

// Column is one of those that the list of entries may have beside the time.
type Column struct {
	// Name is what templates, style sheets and the cookie call it, Title what people do.
	Name, Title string
	// usual columns are there unless the visitor has chosen.
	usual bool
}

// All returns those that a visitor may choose, in their order on the page.
func All() []Column {
	return []Column{
		{"outcome", "Outcome", true}, {"actor", "Actor", true}, {"action", "Action", true}, {"resource", "Resource", true},
		{"detail", "Detail", true}, {"channel", "Via", true},
		{"location", "Location", false}, {"ip", "IP address", false}, {"request", "Request ID", false}, {"token", "Recorded by", false},
	}
}

// Cookie keeps which columns the visitor has chosen, with gap between their names.
const (
	Cookie = "auditlog_columns"
	gap    = "."
)

// Chosen is which columns the list has.
type Chosen map[string]bool

// Of returns the columns that the visitor's browser has kept, or the usual ones.
func Of(r *http.Request) Chosen {
	set := make(Chosen)
	if cookie, err := r.Cookie(Cookie); err == nil {
		kept := strings.Split(cookie.Value, gap)
		for _, c := range All() {
			set[c.Name] = slices.Contains(kept, c.Name)
		}
	}
	if set.Count() == 0 {
		return Usual()
	}
	return set
}

// Usual returns those of a visitor who has chosen none.
func Usual() Chosen {
	set := make(Chosen)
	for _, c := range All() {
		set[c.Name] = c.usual
	}
	return set
}

// Count returns how many there are.
func (s Chosen) Count() (n int) {
	for _, there := range s {
		if there {
			n++
		}
	}
	return n
}

// Choice is a column in the menu of columns.
type Choice struct {
	Column
	Chosen bool
}

// Choices returns the menu of columns.
func (s Chosen) Choices() (list []Choice) {
	for _, c := range All() {
		list = append(list, Choice{c, s[c.Name]})
	}
	return list
}

// Keep returns what Cookie has for columns of these names: "" for the usual ones.
func Keep(names []string) string {
	var kept, usual []string
	for _, c := range All() {
		if slices.Contains(names, c.Name) {
			kept = append(kept, c.Name)
		}
		if c.usual {
			usual = append(usual, c.Name)
		}
	}
	if slices.Equal(kept, usual) {
		return ""
	}
	return strings.Join(kept, gap)
}
