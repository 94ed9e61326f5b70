package console

import (
	"regexp"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/spell"
)

func TestSpellOut(t *testing.T) {
	const span = `<span class="hidden-character" title="A character that is not seen">`
	for in, want := range map[string]string{
		"<p>plain é 日本\n</p>":                        "<p>plain é 日本\n</p>",
		"<p>a\u202eb</p>":                            "<p>a" + span + `\u202e</span>b</p>`,
		"<p>\x1b\u009b\u200b</p>":                    "<p>" + span + `\u001b</span>` + span + `\u009b</span>` + span + `\u200b</span></p>`,
		"<a title=\"x\u200b\" href='/'>\u200b</a>":   `<a title="x\u200b" href='/'>` + span + `\u200b</span></a>`,
		"<input value=\"x\u200b\"><b>\u200b</b>":     "<input value=\"x\u200b\"><b>" + span + `\u200b</span></b>`,
		"<title>a\u200b</title><p>\u200b":            `<title>a\u200b</title><p>` + span + `\u200b</span>`,
		"<option value=\"\u200b\">\u200b</option>":   "<option value=\"\u200b\">\\u200b</option>",
		"<textarea>\u200b</textarea>":                "<textarea>\u200b</textarea>",
		"<p data-a='>'\n title='\ufe0f'>1 < 2\u3164": `<p data-a='>'` + "\n" + ` title='\ufe0f'>1 < 2` + span + `\u3164</span>`,
	} {
		if got := string(spellOut([]byte(in))); got != want {
			t.Errorf("%q became\n%q, want\n%q", in, got, want)
		}
	}
}

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
		if i := strings.IndexFunc(inputs.ReplaceAllString(page, ""), func(r rune) bool { return !isBreak(r) && spell.IsHidden(r) }); i >= 0 {
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
