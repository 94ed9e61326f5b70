package words

import (
	"unicode"
	"unicode/utf8"
)

// isInvisible reports whether r shows nothing and so is as good as absent: what
// Unicode calls default ignorable.
func isInvisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0xad, r == 0x34f, r == 0x61c, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5,
		0x180b <= r && r <= 0x180f, 0x200b <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e,
		0x2060 <= r && r <= 0x206f, r == 0x3164, 0xfe00 <= r && r <= 0xfe0f, r == 0xfeff,
		r == 0xffa0, 0xfff0 <= r && r <= 0xfff8, 0x1bca0 <= r && r <= 0x1bca3,
		0x1d173 <= r && r <= 0x1d17a, 0xe0000 <= r && r <= 0xe0fff:
		return true
	}
	return false
}

// class is what a character of a text in normal form is to its words.
type class uint8

const (
	separator class = iota
	narrow          // part of a word
	wide            // a word by itself
)

func isNarrowASCII(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
}

// classOf returns the class of r, which is not ASCII.
func classOf(r rune) class {
	switch {
	case r < tableSize:
		return lowRunes()[r].class
	case isPlainWide(r):
		return wide
	}
	return slowClassOf(r)
}

// slowClassOf does classOf's work by Unicode's tables.
func slowClassOf(r rune) class {
	if isInvisible(r) || !unicode.In(r, unicode.L, unicode.M, unicode.N) {
		return separator
	}
	if isUnspaced(r) {
		return wide
	}
	return narrow
}

// isUnspaced reports whether r, a letter, digit or mark, is of a script that is
// written without spaces between words, or with endings that stick to the word.
func isUnspaced(r rune) bool {
	switch {
	case r < 0x0e00:
		return false
	case r < 0x0f00, // Thai, Lao
		0x1000 <= r && r < 0x10a0, // Myanmar
		0x1100 <= r && r < 0x1200, // Hangul letters
		0x1780 <= r && r < 0x1800, // Khmer
		0x1950 <= r && r < 0x1a00, // Tai Le, New Tai Lue
		0x1a20 <= r && r < 0x1ab0, // Tai Tham
		0x2e80 <= r && r < 0xa4d0, // Han, Kana, Bopomofo, Yi
		0xa960 <= r && r < 0xa980, // Hangul letters
		0xa9e0 <= r && r < 0xaa00, // Myanmar
		0xaa60 <= r && r < 0xaae0, // Myanmar, Tai Viet
		0xac00 <= r && r < 0xd800, // Hangul
		0xf900 <= r && r < 0xfb00, // Han
		0x116d0 <= r && r < 0x11700,
		0x11700 <= r && r < 0x11750, // Ahom
		0x16fe0 <= r && r < 0x18d90, // Tangut and others akin to Han
		0x1aff0 <= r && r < 0x1b300, // Kana, Nushu
		0x20000 <= r && r < 0x40000: // Han
		return true
	}
	return false
}

// Next returns the bounds of the first word of text, in normal form, that
// begins at or after from, which must not lie within a narrow word. start is
// len(text) when there is none.
func Next(text []byte, from int) (start, end int) {
	for start = from; start < len(text); {
		c, n := classAt(text, start)
		switch c {
		case wide:
			return start, start + n
		case narrow:
			return start, narrowEnd(text, start+n)
		}
		start += n
	}
	return len(text), len(text)
}

// narrowEnd returns where the narrow word ends that goes on at i.
func narrowEnd(text []byte, i int) int {
	for i < len(text) {
		if isNarrowASCII(text[i]) {
			i++
			continue
		}
		c, n := classAt(text, i)
		if c != narrow {
			return i
		}
		i += n
	}
	return i
}

// classAt returns the class and the length of the character at i.
func classAt(text []byte, i int) (class, int) {
	if c := text[i]; c < utf8.RuneSelf {
		if isNarrowASCII(c) {
			return narrow, 1
		}
		return separator, 1
	}
	r, n := utf8.DecodeRune(text[i:])
	return classOf(r), n
}

// Begins reports whether a narrow character at i would begin a word rather
// than go on with one.
func Begins(text []byte, i int) bool {
	if i == 0 {
		return true
	}
	if c := text[i-1]; c < utf8.RuneSelf {
		return !isNarrowASCII(c)
	}
	r, _ := utf8.DecodeLastRune(text[:i])
	return classOf(r) != narrow
}

// IsWide reports whether word is one character of an unspaced script.
func IsWide(word []byte) bool {
	if word[0] < utf8.RuneSelf {
		return false
	}
	r, n := utf8.DecodeRune(word)
	return n == len(word) && isUnspaced(r)
}

// All returns the words of text, in normal form; they share its memory.
func All(text []byte) [][]byte {
	var all [][]byte
	for start, end := Next(text, 0); start < len(text); start, end = Next(text, end) {
		all = append(all, text[start:end])
	}
	return all
}
