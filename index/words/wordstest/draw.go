package wordstest

import (
	"strings"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// AnyText draws texts out of what is hard to split, fold and compose.
func AnyText() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "b", "A", "B", "ab", "aB", "abc", "1", "7", "77", " ", "-", ".", "@", "_", ":",
			"é", "e\u0301", "É", "ß", "ẞ", "SS", "Σ", "ς", "σ", "ſ", "K", "ﬁ", "Ⅷ", "½", "İ", "ı", "ᾳ", "\u0345", "\u0301", "\u0323",
			"\u00ad", "\u200b", "\ufe0f", "か", "\u3099", "が", "ｶ", "ﾞ", "東", "京", "ー", "เ", "ม", "ื", "อ", "ง", "\u0e33", "่", "ุ",
			"각", "가", "ᄀ", "ᅡ", "ᆨ", "ㄱ", "Д", "д", "й", "\u0306", "и", "…", "’", "́", "😀", "\U0001f1f9"}),
		rapid.StringN(0, 3, -1),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
	})
}

// ManyMarks reports whether text has more marks in a row than package norm keeps
// together; it cuts such runs, wherever they happen to be.
func ManyMarks(text string) bool {
	run := 0
	for _, r := range norm.NFKD.String(text) {
		if norm.NFKD.PropertiesString(string(r)).CCC() == 0 {
			run = 0
		} else if run++; run > 20 {
			return true
		}
	}
	return false
}
