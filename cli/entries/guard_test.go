package entries

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/exit"
	"auditlog/cli/terminal"
	"auditlog/export"
	"auditlog/spell"
)

// hostile is what an attacker would write to steer a terminal.
const hostile = "a\x1b]0;title\x07\x1b[2J\u009b31m\x9b31m\r\x7f\u202e\u200b\ufe0f\U000e0041 \"end"

func TestEveryFormatIsGuarded(t *testing.T) {
	e := &audit.Entry{ID: 1, Project: "acme", Actor: audit.Actor{Email: hostile, Label: hostile}, Action: hostile,
		Resource: audit.Resource{Type: hostile, ID: hostile, Name: hostile}, Detail: hostile,
		Metadata: map[string]string{hostile: hostile}, Changes: []audit.Change{{Field: hostile, Old: hostile, New: hostile}}}
	for _, format := range []string{"table", "json", "ndjson", "csv"} {
		var b bytes.Buffer
		g := &terminal.Guard{W: &b}
		a := &app{&command.Run{Stdout: g, Stderr: io.Discard}}
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
		g.Close()
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
	for _, text := range []string{exit.Explain(exit.Usagef("%s", hostile)), exit.Explain(exit.Hinted(exit.Usagef("x"), "%s", hostile)), entryText(e, time.UTC)} {
		if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && spell.IsHidden(r) }) || strings.Contains(text, "\x9b") {
			t.Errorf("%q reaches the terminal", text)
		}
	}
}

func TestPipesGetTheBytes(t *testing.T) {
	e := &audit.Entry{ID: 1, Project: "acme", Actor: audit.Actor{Email: "ada"}, Action: "a.b", Detail: "\u009b\u202e\x7f"}
	for _, format := range []string{"json", "ndjson", "csv"} {
		var b bytes.Buffer
		w, err := (&app{&command.Run{Stdout: &b}}).entryWriter(format, false)
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
