package spell

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsHidden reports whether r is not seen as itself: control characters, what turns the
// direction of writing, what takes no room or shows nothing, what changes how its
// neighbours look, and what no font knows. Spaces, which part words, are not hidden,
// but the line breaks are.
func IsHidden(r rune) bool {
	switch {
	case 0x20 <= r && r < 0x7f:
		return false
	case unicode.Is(unicode.Zs, r):
		return false
	}
	return !strconv.IsPrint(r) || isBlank(r)
}

// isBlank reports whether r counts as a letter, a mark or a symbol and shows nothing:
// what Unicode calls default ignorable, and the blank of a few scripts.
func isBlank(r rune) bool {
	switch r {
	case 0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0, // joiners and fillers
		0x2800, 0x1d159: // Braille without dots, a note without a head
		return true
	}
	return 0x180b <= r && r <= 0x180f || 0xfe00 <= r && r <= 0xfe0f || 0xe0000 <= r && r <= 0xe0fff // variation selectors, tags
}

// Text returns s with all that is hidden spelled out, and every kind of space as the
// plain one.
func Text(s string) string {
	if isPlain(s) {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = appendByte(b, s[i])
		case IsHidden(r):
			b = Append(b, r)
		case unicode.Is(unicode.Zs, r):
			b = append(b, ' ')
		default:
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return string(b)
}

// isPlain reports whether s is ASCII without controls, as nearly everything is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Append appends r spelled out.
func Append(b []byte, r rune) []byte {
	quoted := strconv.QuoteRuneToASCII(r)
	if inner := quoted[1 : len(quoted)-1]; inner[0] == '\\' {
		return append(b, inner...)
	}
	return appendByte(b, byte(r)) // QuoteRune leaves ASCII as it is
}

// AppendJSON appends r as an escape of JSON, so that a string stays the same value.
func AppendJSON(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	unit := func(b []byte, u rune) []byte {
		return append(b, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	if r < 0x10000 {
		return unit(b, r)
	}
	r -= 0x10000
	return unit(unit(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
}

// appendByte appends a byte that is no character.
func appendByte(b []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'x', digits[c>>4], digits[c&15])
}

// looksSpelled reports whether s holds something that only looks spelled out.
func looksSpelled(s string) bool {
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i == len(s)-1 {
			return false
		}
		n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i+1]]
		if s = s[i+2:]; n > 0 && len(s) >= n && strings.Trim(s[:n], "0123456789abcdefABCDEF") == "" {
			return true
		}
	}
}
