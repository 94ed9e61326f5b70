package terminal

import (
	"bytes"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"

	"auditlog/spell"
)

// Guard writes to a terminal what may hold the words of others, and spells out whatever
// could steer it. Line ends, and tabs between words, are left.
type Guard struct {
	W io.Writer
	// Format is that of what is written: in json, what is spelled out stays the same
	// value; in csv, a line ends outside of quotes alone. Anything else is text.
	Format string
	quoted bool
	// rest is what may be the beginning of a character, or of a line's end.
	rest []byte
}

// Guarded returns w, guarded if it is a terminal.
func Guarded(w io.Writer) io.Writer {
	if _, ok := Width(w); ok {
		return &Guard{W: w}
	}
	return w
}

// Unguarded returns what is behind a Guard, for those who steer the terminal themselves.
func Unguarded(w io.Writer) io.Writer {
	if g, ok := w.(*Guard); ok {
		return g.W
	}
	return w
}

// Write writes b, but for an unfinished character at its end.
func (g *Guard) Write(b []byte) (int, error) {
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
	if _, err := g.W.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// appendNext appends what is shown of the first character of text, and returns its size.
func (g *Guard) appendNext(out, text []byte) ([]byte, int) {
	r, size := utf8.DecodeRune(text)
	switch {
	case r == '"' && g.Format == "csv":
		g.quoted = !g.quoted
	case r == '\n' && !g.quoted, r == '\t', bytes.HasPrefix(text, []byte("\r\n")) && !g.quoted:
	case r == utf8.RuneError && size == 1 && g.Format != "json":
		return append(out, spell.Text(string(text[:1]))...), 1
	case g.Format == "json" && (spell.IsHidden(r) || r == utf8.RuneError && size == 1):
		return spell.AppendJSON(out, r), size
	case spell.IsHidden(r):
		return spell.Append(out, r), size
	}
	return append(out, text[:size]...), size
}

// Close writes what is left.
func (g *Guard) Close() {
	if len(g.rest) > 0 {
		// What cannot be written now is half a character.
		_, _ = io.WriteString(g.W, spell.Text(string(g.rest)))
		g.rest = nil
	}
}

// Width returns the width of w in columns, and whether w is a terminal at all.
func Width(w any) (width int, ok bool) {
	if guarded, ok := w.(*Guard); ok {
		w = guarded.W
	}
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return width, true
}
