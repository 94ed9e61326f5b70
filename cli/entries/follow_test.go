package entries

import (
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/client"
)

// On a terminal outcomes are coloured, and nothing that was recorded is.
func TestLiveLines(t *testing.T) {
	e := &audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b", Resource: audit.Resource{Type: "T\x1b[31m"},
		Outcome: audit.Forbidden, Detail: "no\nway", CreatedAt: time.Date(2026, 5, 4, 8, 15, 30, 0, time.UTC)}
	var b strings.Builder
	l := &liveLines{w: &b, loc: time.UTC, layout: time.DateTime, colours: true}
	if err := l.show(client.Event{Entry: e}); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[2m2026-05-04 08:15:30\x1b[0m  \x1b[33mforbidden\x1b[0m  ada@example.com  \x1b[1ma.b\x1b[0m  T\\x1b[31m  \x1b[2mno\\nway\x1b[0m\n"
	if b.String() != want {
		t.Errorf("shows %q, want %q", b.String(), want)
	}
}
