package spell

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Name returns a name so that two different ones never look the same for want of a
// trained eye. Beside what Text does it spells out
//
//   - letters of a script that looks like Latin, in a word that has Latin ones,
//   - characters that stand for others: a full-width a, the Kelvin sign, an accent that
//     could be part of its letter,
//   - spaces that are not the plain one, at an end, or beside another,
//   - a backslash that would pass for the beginning of all this,
//
// and says the script behind a name that could be read as Latin letters and has none.
func Name(s string) string {
	if isPlain(s) && !hasOddSpace(s) && !looksSpelled(s) {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	spelled := looksSpelled(s)
	for word := range words(s) {
		if word == " " || len(word) == 1 && word[0] < utf8.RuneSelf {
			switch {
			case word == "\\" && spelled:
				b = append(b, `\\`...)
			case IsHidden(rune(word[0])):
				b = Append(b, rune(word[0]))
			default:
				b = append(b, word...)
			}
			continue
		}
		b = appendWord(b, word)
	}
	b = oddSpaces(b)
	if script := disguise(s); script != "" {
		b = append(b, " ("+script+" letters)"...)
	}
	return string(b)
}

// words yields the words of s, which are letters, digits and marks beside each other,
// and each character between by itself.
func words(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i := 0; i < len(s); {
			r, size := utf8.DecodeRuneInString(s[i:])
			if inWord(r, size) {
				i += size
				continue
			}
			if start < i && !yield(s[start:i]) {
				return
			}
			if !yield(s[i : i+size]) {
				return
			}
			i += size
			start = i
		}
		if start < len(s) {
			yield(s[start:])
		}
	}
}

// inWord reports whether a character is part of a word. What is hidden parts none: it may
// stand in a word to hide there.
func inWord(r rune, size int) bool {
	if r == utf8.RuneError && size == 1 {
		return false
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N) || IsHidden(r) && r >= utf8.RuneSelf
}

func appendWord(b []byte, word string) []byte {
	mixed := hasLatin(word)
	var last []byte // the letter that a mark would belong to
	for i := 0; i < len(word); {
		r, size := utf8.DecodeRuneInString(word[i:])
		raw := word[i : i+size]
		switch i += size; {
		case r == utf8.RuneError && size == 1:
			b = appendByte(b, raw[0])
		case IsHidden(r), mixed && lookalikeScript(r) != "", standsForOther(r), composes(last, raw):
			b = Append(b, r)
		default:
			b = append(b, raw...)
		}
		last = append(last[:0], raw...)
	}
	return b
}

func hasLatin(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Latin, r) && !standsForOther(r) })
}

// standsForOther reports whether r is another way to write other characters, of which the
// usual one looks the same or nearly so. Spaces have their own rule.
func standsForOther(r rune) bool {
	if r < utf8.RuneSelf {
		return false
	}
	s := string(r)
	if norm.NFC.String(s) != s {
		return true
	}
	plain := norm.NFKC.String(s)
	return plain != s && isPlain(plain) && !unicode.Is(unicode.Zs, r) || strings.ContainsRune(latinTwins, r)
}

// composes reports whether a mark could be one character with the letter before it, as most
// keyboards write it.
func composes(last []byte, mark string) bool {
	r, _ := utf8.DecodeRuneInString(mark)
	return len(last) > 0 && unicode.Is(unicode.Mn, r) && len([]rune(norm.NFC.String(string(last)+mark))) == 1
}

// hasOddSpace reports whether a space of s is at an end or beside another.
func hasOddSpace(s string) bool {
	return strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") || strings.Contains(s, "  ")
}

// oddSpaces spells out the spaces that are not seen as one plain space between words.
func oddSpaces(b []byte) []byte {
	s := string(b)
	if isPlain(s) && !hasOddSpace(s) {
		return b
	}
	b = b[:0]
	for i, r := range s {
		end := i + utf8.RuneLen(r)
		odd := r == ' ' && (i == 0 || s[i-1] == ' ' || end == len(s))
		if odd {
			b = appendByte(b, ' ')
		} else if r != ' ' && unicode.Is(unicode.Zs, r) {
			b = Append(b, r)
		} else {
			b = append(b, s[i:end]...)
		}
	}
	return b
}
