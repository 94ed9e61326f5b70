package spell

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"Deployed revision 7":          "Deployed revision 7",
		"日本語 ไทย é 🚀":                  "日本語 ไทย é 🚀",
		"a\x1b[31m":                    `a\x1b[31m`,
		"\x00\a\b\t\n\v\f\r\x7f":       `\x00\a\b\t\n\v\f\r\x7f`,
		"\u0085\u009b31m":              `\u0085\u009b31m`,
		"\x9b31m":                      `\x9b31m`,
		"\u202egpj":                    `\u202egpj`,
		"\u061c\u200e\u2066\u2069":     `\u061c\u200e\u2066\u2069`,
		"a\u200bb\u200c\u200d\u2060":   `a\u200bb\u200c\u200d\u2060`,
		"\ufeff\u00ad\u2028\u2029":     `\ufeff\u00ad\u2028\u2029`,
		"\ufe0f\U000e0100\u180b":       `\ufe0f\U000e0100\u180b`,
		"\U000e0041\U000e007f":         `\U000e0041\U000e007f`,
		"\u3164\uffa0\u115f\u034f":     `\u3164\uffa0\u115f\u034f`,
		"\u2800":                       `\u2800`,
		"\ue000\U0010ffff\ufdd0":       `\ue000\U0010ffff\ufdd0`,
		"10\u202f000\u00a0\u3000":      "10 000  ",
		"\ufffd is seen, \xff\xfe not": "\ufffd is seen, " + `\xff\xfe not`,
	} {
		if got := Text(in); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.com":         "ada@example.com",
		"Ada Lovelace":            "Ada Lovelace",
		"José Ångström":           "José Ångström",
		"админ@пример.рф":         "админ@пример.рф",
		"Иван Петров":             "Иван Петров",
		"γιάννης@example.com":     "γιάννης@example.com",
		"山田太郎@example.com":        "山田太郎@example.com",
		"ユーザーAbc":                 "ユーザーAbc",
		"สมชาย":                   "สมชาย",
		`CORP\ada`:                `CORP\ada`,
		`CORP\ursula`:             `CORP\ursula`,
		"admin@example.com\u200b": `admin@example.com\u200b`,
		`admin@example.com\u200b`: `admin@example.com\\u200b`,
		"\u202emoc.elpmaxe@nimda": `\u202emoc.elpmaxe@nimda`,
		"аdmin@example.com":       `\u0430dmin@example.com`,
		"adm\u0456n":              `adm\u0456n`,
		"αdmin":                   `\u03b1dmin`,
		"ad\u200b\u0430m":         `ad\u200b\u0430m`,
		"Вера":                    "Вера (Cyrillic letters)",
		"асе@example.com":         "асе@example.com (Cyrillic letters)",
		"ꓮꓐꓚ":                     "ꓮꓐꓚ (Lisu letters)",
		"ａdmin":                   `\uff41dmin`,
		"𝐚dmin":                   `\U0001d41admin`,
		"\u212aim":                `\u212aim`,
		"Jose\u0301":              `Jose\u0301`,
		"admın":                   `adm\u0131n`,
		"ada\u00a0l":              `ada\u00a0l`,
		"ada  l":                  `ada \x20l`,
		" ada ":                   `\x20ada\x20`,
		"a\xffb":                  `a\xffb`,
		"a\nb":                    `a\nb`,
	} {
		if got := Name(in); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("аdmin \u200b\\u200b", "admin")
	f.Add("Jose\u0301", "José")
	f.Fuzz(func(t *testing.T, a, b string) {
		shown := Name(a)
		if !utf8.ValidString(shown) || strings.ContainsFunc(shown, IsHidden) || strings.ContainsFunc(Text(a), IsHidden) {
			t.Errorf("%q is shown as %q, %q", a, shown, Text(a))
		}
		if a != b && utf8.ValidString(a) && utf8.ValidString(b) && shown == Name(b) {
			t.Errorf("%q and %q are both shown as %s", a, b, shown)
		}
	})
}

func TestAppendJSONKeepsTheValue(t *testing.T) {
	for _, r := range []rune{0x1b, 0x7f, 0x9b, 0x202e, 0xfe0f, 0xe0041, 0x10ffff} {
		var got string
		if err := json.Unmarshal(append(AppendJSON([]byte{'"'}, r), '"'), &got); err != nil || got != string(r) {
			t.Errorf("%U became %q, %v", r, got, err)
		}
	}
}
