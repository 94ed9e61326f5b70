package spell

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// latinTwins are letters of the Latin script itself that are taken for another one.
const latinTwins = "ıȷɑɡɩɪʟɢɴʀʏǀǃƖƽƨꞌꜱꝛꞮꟾ"

// scripts are those of whose letters some look like Latin ones. twins are these letters,
// after the confusable characters of Unicode's Technical Standard 39; where there are none
// here, nearly all of them do.
var scripts = [...]struct {
	name  string
	table *unicode.RangeTable
	twins string
}{
	{"Cyrillic", unicode.Cyrillic, "асеорхуѕіјһԁԛԝӏүАВСЕНІЈКМОРЅТХУҮҺԌԚԜӀ"},
	{"Greek", unicode.Greek, "αγικνορυχϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϺ"},
	{"Armenian", unicode.Armenian, "ցօոսզհյգքաՏՍՕԼԱՈ"},
	{"Georgian", unicode.Georgian, "ყჿოჽ"},
	{"Cherokee", unicode.Cherokee, ""},
	{"Coptic", unicode.Coptic, ""},
	{"Lisu", unicode.Lisu, ""},
	{"Deseret", unicode.Deseret, ""},
	{"Osage", unicode.Osage, ""},
	{"Old Italic", unicode.Old_Italic, ""},
	{"Carian", unicode.Carian, ""},
	{"Lycian", unicode.Lycian, ""},
	{"Lydian", unicode.Lydian, ""},
	{"Elbasan", unicode.Elbasan, ""},
	{"Warang Citi", unicode.Warang_Citi, ""},
}

// lookalikeScript returns the name of r's script if some of its letters look like Latin
// ones, else "".
func lookalikeScript(r rune) string {
	if r < 0x370 {
		return ""
	}
	for _, s := range scripts {
		if unicode.Is(s.table, r) {
			return s.name
		}
	}
	return ""
}

// disguise returns the script of a name of which every word that is not ASCII could be read
// as Latin letters and has none, else "".
func disguise(s string) string {
	found := ""
	for word := range words(s) {
		if isPlain(word) {
			continue
		}
		script := wordDisguise(word)
		if script == "" {
			if strings.ContainsFunc(word, unicode.IsLetter) {
				return "" // a word that nobody takes for another shows what the name is
			}
			continue
		}
		found = script
	}
	return found
}

func wordDisguise(word string) string {
	name := ""
	for _, r := range word {
		script := lookalikeScript(r)
		switch {
		case r < utf8.RuneSelf && !unicode.IsLetter(r), unicode.Is(unicode.M, r):
		case script == "" || name != "" && name != script || !isTwin(r):
			return ""
		default:
			name = script
		}
	}
	return name
}

func isTwin(r rune) bool {
	for _, s := range scripts {
		if unicode.Is(s.table, r) {
			return s.twins == "" || strings.ContainsRune(s.twins, r)
		}
	}
	return false
}
