package console

import (
	"net/http"
	"slices"
	"strings"
)

// column is one of those that the list of entries may have beside the time.
type column struct {
	// Name is what templates, style sheets and the cookie call it, Title what people do.
	Name, Title string
	// usual columns are there unless the visitor has chosen.
	usual bool
}

// columns returns those that a visitor may choose, in their order on the page.
func columns() []column {
	return []column{
		{"outcome", "Outcome", true}, {"actor", "Actor", true}, {"action", "Action", true}, {"resource", "Resource", true},
		{"detail", "Detail", true}, {"channel", "Via", true},
		{"location", "Location", false}, {"ip", "IP address", false}, {"request", "Request ID", false}, {"token", "Recorded by", false},
	}
}

// columnCookie keeps which columns the visitor has chosen, with columnGap between their names.
const (
	columnCookie = "auditlog_columns"
	columnGap    = "."
)

// chosen is which columns the list has.
type chosen map[string]bool

// columnsOf returns the columns that the visitor's browser has kept, or the usual ones.
func columnsOf(r *http.Request) chosen {
	set := make(chosen)
	if cookie, err := r.Cookie(columnCookie); err == nil {
		kept := strings.Split(cookie.Value, columnGap)
		for _, c := range columns() {
			set[c.Name] = slices.Contains(kept, c.Name)
		}
	}
	if set.count() == 0 {
		return usualColumns()
	}
	return set
}

// usualColumns returns those of a visitor who has chosen none.
func usualColumns() chosen {
	set := make(chosen)
	for _, c := range columns() {
		set[c.Name] = c.usual
	}
	return set
}

// count returns how many there are.
func (s chosen) count() (n int) {
	for _, there := range s {
		if there {
			n++
		}
	}
	return n
}

// columnChoice is a column in the menu of columns.
type columnChoice struct {
	column
	Chosen bool
}

// choices returns the menu of columns.
func (s chosen) choices() (list []columnChoice) {
	for _, c := range columns() {
		list = append(list, columnChoice{c, s[c.Name]})
	}
	return list
}

// setColumns keeps which columns the visitor wants and goes back to the page. None at all are the
// usual ones.
func (c *console) setColumns(v *visit) error {
	var names, usual []string
	for _, col := range columns() {
		if slices.Contains(v.r.PostForm["column"], col.Name) {
			names = append(names, col.Name)
		}
		if col.usual {
			usual = append(usual, col.Name)
		}
	}
	value := strings.Join(names, columnGap)
	if slices.Equal(names, usual) {
		value = ""
	}
	return c.keepPreference(v, columnCookie, value)
}
