package draw

import (
	"testing"
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
