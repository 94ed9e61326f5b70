package console

import (
	"regexp"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/spell"
)

// inputs are the fields of forms, which keep what they send.
var inputs = regexp.MustCompile(`<input[^>]*>`)

// TestLookAlikesOnThePage records actors that look the same, and reads the page.
func TestLookAlikesOnThePage(t *testing.T) {
	site := newDevSite(t, Options{})
	visitor := site.visitor(t)
	for _, actor := range []string{"admin@example.com", "admin@example.com\u200b", "\u202emoc.elpmaxe@nimda", "\u0430dmin@example.com", `admin@example.com\u200b`} {
		site.record(t, &audit.Entry{Project: "acme", Actor: audit.Actor{Email: actor, Type: audit.User}, Action: "role.grant",
			Resource: audit.Resource{Type: "Role"}, Outcome: audit.Success, Detail: "x\x1b[31m\u009b\u3164"})
	}
	for _, path := range []string{"/logs?project=acme", "/logs?project=acme&entry=1", "/logs?project=acme&actor=admin@example.com%E2%80%8B"} {
		page := visitor.get(path).body
		if i := strings.IndexFunc(inputs.ReplaceAllString(page, ""), func(r rune) bool { return !strings.ContainsRune("\n\t\r", r) && spell.IsHidden(r) }); i >= 0 {
			t.Errorf("%s shows %q", path, page[max(0, i-40):i+8])
		}
	}
	page := visitor.get("/logs?project=acme").body
	for _, want := range []string{`admin@example.com<`, `admin@example.com\u200b`, `\u202emoc`, `\u0430dmin@example.com`, `admin@example.com\\u200b`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}
