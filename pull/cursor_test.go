package pull

import (
	"strings"
	"testing"

	"auditlog/audit"
)

var lineage = audit.Lineage{Log: "00112233445566778899aabbccddeeff", Epoch: 2}

// Consumers keep cursors for years, so those of today are written down here.
func TestCursorsStay(t *testing.T) {
	for kept, want := range map[string]Cursor{
		"ARAAESIzRFVmd4iZqrvM3e7_AAAAAnjtZFMpJToe9rTx33-qXrgAAAAAAAAAKkRNmOA": at(cursorOf(lineage, audit.Query{Project: "acme"}), 42),
		"ARAAESIzRFVmd4iZqrvM3e7_AAAAAn_dZwqn6Smn9rTx33-qXrgAAAAAAAAAAPIY3rw": cursorOf(lineage, audit.Query{
			Project: "acme", Is: audit.Terms{"actor": {"ada@example.com"}, "outcome": {"error", "forbidden"}}, Not: audit.Terms{"channel": {"cli"}}, Text: `"a b"`}),
		"ARAAESIzRFVmd4iZqrvM3e7_AAAAAkQTb6NVs2eKqR9tACR4v-4AAAAAAAAAAcWAFRU": at(cursorOf(lineage, audit.Query{Within: audit.AllProjects(audit.SystemProject)}), 1),
		"ARAAESIzRFVmd4iZqrvM3e7_AAAAAkQTb6NVs2eKB-J_Iyert7AAAAAAAAAAAKweRBo": cursorOf(lineage, audit.Query{Within: audit.TheseProjects("beta", "acme")}),
	} {
		if got, ok := ParseCursor(kept); !ok || got != want || want.String() != kept {
			t.Errorf("%s is read as %+v, %t; %+v is written as %s", kept, got, ok, want, want)
		}
	}
}

func at(c Cursor, after int64) Cursor {
	c.After = after
	return c
}

// What is not whole is no cursor.
func TestBrokenCursors(t *testing.T) {
	whole := at(cursorOf(lineage, audit.Query{Project: "acme"}), 42).String()
	for i := range whole {
		other := "A"
		if whole[i] == 'A' {
			other = "B"
		}
		for _, broken := range []string{whole[:i], whole[:i] + other + whole[i+1:], whole[:i] + whole[i+1:], whole + whole[:i+1]} {
			if c, ok := ParseCursor(broken); ok {
				t.Errorf("%q is read as %+v", broken, c)
			}
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add(cursorOf(lineage, audit.Query{Project: "acme"}).String())
	f.Add(strings.Repeat("A", 40))
	f.Fuzz(func(t *testing.T, s string) {
		if c, ok := ParseCursor(s); ok && c.String() != s {
			t.Errorf("%q is read as %+v, which is written as %s", s, c, c)
		}
	})
}
