// Package wordstest says in a second way what package words does, for tests to compare with.
package wordstest

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Words returns the words of a text by the definition of package words, written down without
// regard to speed and with Unicode's own tables of scripts.
func Words(text string) []string {
	visible := func(s string) string {
		return strings.Map(func(r rune) rune {
			if IsInvisible(r) {
				return -1
			}
			return r
		}, s)
	}
	text = norm.NFKC.String(Fold(visible(norm.NFKD.String(text))))
	var ws []string
	open := false
	for _, r := range text {
		switch {
		case !unicode.In(r, unicode.L, unicode.M, unicode.N) || IsInvisible(r):
			open = false
		case IsUnspaced(r):
			ws, open = append(ws, string(r)), false
		case open:
			ws[len(ws)-1] += string(r)
		default:
			ws, open = append(ws, string(r)), true
		}
	}
	return ws
}

// Fold is full case folding. Package cases swaps the two cases of Cherokee
// where it should fold them.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cherokee, r) {
			return unicode.ToLower(r)
		}
		return r
	}, cases.Fold().String(s))
}

// IsUnspaced reports whether r is of a script that puts no spaces between words.
func IsUnspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
		unicode.Yi, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tai_Le,
		unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet, unicode.Ahom, unicode.Tangut, unicode.Nushu,
		unicode.Khitan_Small_Script) || 0x2e80 <= r && r < 0xa4d0 // what those scripts share, such as ー
}

// IsInvisible reports whether r is what Unicode calls default ignorable, by how it derives that.
func IsInvisible(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf) &&
		!unicode.In(r, unicode.White_Space, unicode.Prepended_Concatenation_Mark) &&
		!(0xfff9 <= r && r <= 0xfffb) && !(0x13430 <= r && r <= 0x13455)
}
