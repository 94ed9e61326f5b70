package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/export"
	"auditlog/spell"
)

// hostile is what an attacker would write to steer a terminal.
const hostile = "a\x1b]0;title\x07\x1b[2J\u009b31m\x9b31m\r\x7f\u202e\u200b\ufe0f\U000e0041 \"end"

func TestGuard(t *testing.T) {
	for _, tt := range []struct{ format, in, want string }{
		{"text", "plain é 日本\tx\n", "plain é 日本\tx\n"},
		{"text", "a\r\nb\rc\x1b[m", "a\r\nb\\rc\\x1b[m"},
		{"text", "\u009b\x9b\u202e\U000e0041", `\u009b\x9b\u202e\U000e0041`},
		{"json", "\x7f\u009b\u202e\U000e0041\n", `\u007f\u009b\u202e\udb40\udc41` + "\n"},
		{"csv", "\"a\nb\r\n\",\"\"\"\n\"\r\n\"x\"\r\n", `"a\nb\r\n","""\n"` + "\r\n\"x\"\r\n"},
		{"text", "ends in \xe6\x97", `ends in \xe6\x97`},
	} {
		for _, size := range []int{1, 2, 3, 1000} { // a character may come in parts
			var b bytes.Buffer
			g := &guard{w: &b, format: tt.format}
			for rest := []byte(tt.in); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				if n, err := g.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
					t.Fatal(n, err)
				}
			}
			g.close()
			if b.String() != tt.want {
				t.Errorf("%s %q in parts of %d became %q, want %q", tt.format, tt.in, size, b.String(), tt.want)
			}
		}
	}
}

// TestEveryFormatIsGuarded writes a hostile entry in each format as a terminal gets it.
func TestEveryFormatIsGuarded(t *testing.T) {
	e := &audit.Entry{ID: 1, Project: "acme", Actor: audit.Actor{Email: hostile, Label: hostile}, Action: hostile,
		Resource: audit.Resource{Type: hostile, ID: hostile, Name: hostile}, Detail: hostile,
		Metadata: map[string]string{hostile: hostile}, Changes: []audit.Change{{Field: hostile, Old: hostile, New: hostile}}}
	for _, format := range []string{"table", "json", "ndjson", "csv"} {
		var b bytes.Buffer
		g := &guard{w: &b}
		a := &app{stdout: g, stderr: io.Discard}
		w, err := a.entryWriter(format, true)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.writePage([]*audit.Entry{e, e}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
		g.close()
		shown := strings.ReplaceAll(b.String(), "\r\n", "\n")
		if i := strings.IndexFunc(shown, func(r rune) bool { return r != '\n' && spell.IsHidden(r) }); i >= 0 {
			t.Errorf("%s: %q reaches the terminal", format, shown[i:min(len(shown), i+8)])
		}
		if lines := strings.Count(shown, "\n"); format != "json" && lines > 5 {
			t.Errorf("%s: four entries are %d lines", format, lines)
		}
		if format == "json" {
			var back []audit.Entry
			if err := json.Unmarshal(b.Bytes(), &back); err != nil || back[0].Detail != strings.ToValidUTF8(hostile, "\ufffd") {
				t.Errorf("the JSON is another value: %q, %v", back[0].Detail, err)
			}
		}
	}
	for _, text := range []string{explain(usagef("%s", hostile)), explain(hinted(usagef("x"), "%s", hostile)), entryText(e, time.UTC)} {
		if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && spell.IsHidden(r) }) || strings.Contains(text, "\x9b") {
			t.Errorf("%q reaches the terminal", text)
		}
	}
}

func TestPipesGetTheBytes(t *testing.T) {
	e := &audit.Entry{ID: 1, Project: "acme", Actor: audit.Actor{Email: "ada"}, Action: "a.b", Detail: "\u009b\u202e\x7f"}
	for _, format := range []string{"json", "ndjson", "csv"} {
		var b bytes.Buffer
		w, err := (&app{stdout: &b}).entryWriter(format, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.writePage([]*audit.Entry{e}); err != nil {
			t.Fatal(err)
		}
		if err := w.end(); err != nil || !strings.Contains(b.String(), e.Detail) {
			t.Errorf("%s: %q, %v", format, b.String(), err)
		}
	}
	if export.CSV != "csv" {
		t.Error("the guard knows CSV by another name")
	}
}
