package cli

import (
	"bytes"
	"io"
	"unicode/utf8"

	"auditlog/spell"
)

// guard writes to a terminal what may hold the words of others, and spells out whatever
// could steer it. Line ends, and tabs between words, are left.
type guard struct {
	w io.Writer
	// format is that of what is written: in json, what is spelled out stays the same
	// value; in csv, a line ends outside of quotes alone. Anything else is text.
	format string
	quoted bool
	// rest is what may be the beginning of a character, or of a line's end.
	rest []byte
}

// out returns standard output for data in a format: as it is, unless a terminal shows it.
func (a *app) out(format string) io.Writer {
	if g, ok := a.stdout.(*guard); ok {
		g.format = format
	}
	return a.stdout
}

// guarded returns w, guarded if it is a terminal.
func guarded(w io.Writer) io.Writer {
	if _, ok := terminal(w); ok {
		return &guard{w: w}
	}
	return w
}

// unguarded returns what is behind a guard, for those who steer the terminal themselves.
func unguarded(w io.Writer) io.Writer {
	if g, ok := w.(*guard); ok {
		return g.w
	}
	return w
}

// Write writes b, but for an unfinished character at its end.
func (g *guard) Write(b []byte) (int, error) {
	text := b
	if len(g.rest) > 0 {
		text = append(g.rest, b...)
	}
	out := make([]byte, 0, len(text)+16)
	i := 0
	for i < len(text) {
		if !utf8.FullRune(text[i:]) || text[i] == '\r' && i+1 == len(text) {
			break
		}
		var size int
		out, size = g.appendNext(out, text[i:])
		i += size
	}
	g.rest = append([]byte(nil), text[i:]...)
	if _, err := g.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// appendNext appends what is shown of the first character of text, and returns its size.
func (g *guard) appendNext(out, text []byte) ([]byte, int) {
	r, size := utf8.DecodeRune(text)
	switch {
	case r == '"' && g.format == "csv":
		g.quoted = !g.quoted
	case r == '\n' && !g.quoted, r == '\t', bytes.HasPrefix(text, []byte("\r\n")) && !g.quoted:
	case r == utf8.RuneError && size == 1 && g.format != "json":
		return append(out, spell.Text(string(text[:1]))...), 1
	case g.format == "json" && (spell.IsHidden(r) || r == utf8.RuneError && size == 1):
		return spell.AppendJSON(out, r), size
	case spell.IsHidden(r):
		return spell.Append(out, r), size
	}
	return append(out, text[:size]...), size
}

// close writes what is left.
func (g *guard) close() {
	if len(g.rest) > 0 {
		// What cannot be written now is half a character.
		_, _ = io.WriteString(g.w, spell.Text(string(g.rest)))
		g.rest = nil
	}
}
