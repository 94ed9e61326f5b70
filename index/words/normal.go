package words

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"auditlog/audit"
)

// Normal appends the normal form of text to dst: two texts that differ in
// letter case or Unicode form only have the same.
func Normal(dst []byte, text string) []byte {
	if audit.IsASCII(text) {
		return Lower(dst, text)
	}
	if b, ok := appendPlain(dst, text); ok {
		return b
	}
	return appendAny(dst, text)
}

// Lower appends ASCII text in lower case.
func Lower(dst []byte, text string) []byte {
	n := len(dst)
	dst = append(dst, text...)
	for i := n; i < len(dst); i++ {
		dst[i] = lower(dst[i])
	}
	return dst
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// appendAny does Normal's work for any text.
func appendAny(dst []byte, text string) []byte {
	// Folding comes after the decomposition, so that of the foldings that make
	// several characters of one only that of the sharp s is left. Dropping
	// characters can let marks meet that have an order, hence NFKC at the end.
	folded := make([]byte, 0, len(text)+16)
	for _, r := range norm.NFKD.String(text) {
		switch {
		case isInvisible(r):
		case r == 'ß', r == 'ẞ':
			folded = append(folded, "ss"...)
		default:
			folded = utf8.AppendRune(folded, foldRune(r))
		}
	}
	return norm.NFKC.Append(dst, folded...)
}

// foldRune returns the one rune that stands for r and what differs from it in
// case only. r is of a text in NFKD; the sharp s is not its business.
func foldRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return rune(lower(byte(r)))
	case r == 'ı': // its upper case is I, but it is not i
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// appendPlain does Normal's work for texts that it can be done for one
// character after the other, which is most of what is written. ok is false for others.
func appendPlain(dst []byte, text string) (b []byte, ok bool) {
	table := lowRunes()
	order := uint8(0) // of the mark before, 0 after anything else
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			dst, order = append(dst, lower(c)), 0
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		switch {
		case r < tableSize:
			p := &table[r]
			if !p.plain || p.order != 0 && p.order < order {
				return dst, false
			}
			order = p.order
			dst = append(dst, p.normal...)
		case isPlainWide(r), isPlainPunctuation(r):
			dst, order = utf8.AppendRune(dst, r), 0
		default:
			return dst, false
		}
	}
	return dst, true
}

// isPlainWide reports whether r is of the bulk of the East Asian letters, each of
// which is in normal form, does not merge with its neighbours, and is a word.
func isPlainWide(r rune) bool {
	return 0x4e00 <= r && r < 0xa000 || // Han
		0x3041 <= r && r < 0x3097 || 0x30a1 <= r && r < 0x30fb || r == 'ー' || // Kana
		0xac00 <= r && r < 0xd7a4 || // Hangul
		0x3400 <= r && r < 0x4dc0 // Han
}

// isPlainPunctuation reports whether r is one of the dashes and quotation marks
// that word processors put in, or a Chinese or Japanese stop.
func isPlainPunctuation(r rune) bool {
	return 0x2012 <= r && r < 0x2017 || 0x2018 <= r && r < 0x2023 || r == '、' || r == '。'
}

// tableSize is how far the table of runes goes: past the alphabets of Europe,
// the Near East, India, Thailand and Laos.
const tableSize = 0x1000

// lowRune is what the table knows of one rune.
type lowRune struct {
	// normal is the rune's normal form by itself, and plain says that it has no
	// other wherever it stands, unless marks are out of order.
	normal string
	plain  bool
	class  class
	order  uint8
}

// lowRunes returns the table.
var lowRunes = sync.OnceValue(func() *[tableSize]lowRune {
	table := new([tableSize]lowRune)
	for r := rune(0); r < tableSize; r++ {
		p := &table[r]
		p.class = slowClassOf(r)
		p.normal = string(appendAny(nil, string(r)))
		if p.normal == "" {
			continue
		}
		first := norm.NFKC.PropertiesString(p.normal)
		p.order = first.CCC()
		switch {
		case audit.IsASCII(p.normal), 0x0e00 <= r && r < 0x0f00: // marks of Thai and Lao merge with nothing
			p.plain = true
		default:
			p.plain = utf8.RuneCountInString(p.normal) == 1 && first.BoundaryBefore() &&
				norm.NFKD.PropertiesString(string(r)).CCC() == 0
		}
	}
	return table
})
