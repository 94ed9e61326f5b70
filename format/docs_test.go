package format

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"auditlog/audit/audittest"
)

// docs/siem.md has a table of each format, made from the table that it is written by.
func TestDocument(t *testing.T) {
	for _, f := range All() {
		if f.Rows == nil {
			continue
		}
		classes := slices.ContainsFunc(f.Rows, func(r Row) bool { return r.Only != nil && f == OCSF })
		var b strings.Builder
		b.WriteString("| field | what goes there |\n|---|---|\n")
		for _, r := range f.Rows {
			from := strings.ReplaceAll(r.From, "|", `\|`)
			if len(r.Only) > 0 && classes {
				from += " (" + strings.Join(r.Only, ", ") + ")"
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", r.To, from)
		}
		audittest.Section(t, "../docs/siem.md", f.Name, b.String(), *update)
	}
}

// Every row says what goes where.
func TestRowsAreTold(t *testing.T) {
	for _, f := range All() {
		for _, r := range f.Rows {
			if r.From == "" || r.To == "" || strings.ContainsAny(r.From, "|\n") {
				t.Errorf("%s: %+v", f.Name, r)
			}
		}
	}
}
