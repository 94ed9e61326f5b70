package terminal

import (
	"bytes"
	"testing"
)

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
			g := &Guard{W: &b, Format: tt.format}
			for rest := []byte(tt.in); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				if n, err := g.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
					t.Fatal(n, err)
				}
			}
			g.Close()
			if b.String() != tt.want {
				t.Errorf("%s %q in parts of %d became %q, want %q", tt.format, tt.in, size, b.String(), tt.want)
			}
		}
	}
}

// TestEveryFormatIsGuarded writes a hostile entry in each format as a terminal gets it.
