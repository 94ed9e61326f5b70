package format_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"auditlog/format"
	"auditlog/sink/sinktest"
)

// docs/siem.md has a table of each format, made from the table that it is written by.
func TestDocument(t *testing.T) {
	for _, f := range format.All() {
		if f.Rows == nil {
			continue
		}
		classes := slices.ContainsFunc(f.Rows, func(r format.Row) bool { return r.Only != nil && f == format.OCSF })
		var b strings.Builder
		b.WriteString("| field | what goes there |\n|---|---|\n")
		for _, r := range f.Rows {
			from := strings.ReplaceAll(r.From, "|", `\|`)
			if len(r.Only) > 0 && classes {
				from += " (" + strings.Join(r.Only, ", ") + ")"
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", r.To, from)
		}
		sinktest.Section(t, "../docs/siem.md", f.Name, b.String(), flag.Lookup("update").Value.String() == "true")
	}
}

// Every row says what goes where.
func TestRowsAreTold(t *testing.T) {
	for _, f := range format.All() {
		for _, r := range f.Rows {
			if r.From == "" || r.To == "" || strings.ContainsAny(r.From, "|\n") {
				t.Errorf("%s: %+v", f.Name, r)
			}
		}
	}
}
