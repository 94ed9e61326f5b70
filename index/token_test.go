package index

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// naiveWords is the package comment's definition of words, written down without
// regard to speed and with Unicode's own tables of scripts.
func naiveWords(text string) []string {
	visible := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
				unicode.Is(unicode.Cf, r) && isInvisible(r) {
				return -1
			}
			return r
		}, s)
	}
	text = norm.NFKC.String(fullFold(visible(norm.NFKD.String(text))))
	var ws []string
	open := false
	for _, r := range text {
		switch {
		case !unicode.In(r, unicode.L, unicode.M, unicode.N) || isInvisible(r):
			open = false
		case isUnspacedScript(r):
			ws, open = append(ws, string(r)), false
		case open:
			ws[len(ws)-1] += string(r)
		default:
			ws, open = append(ws, string(r)), true
		}
	}
	return ws
}

// fullFold is full case folding. Package cases swaps the two cases of Cherokee
// where it should fold them.
func fullFold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cherokee, r) {
			return unicode.ToLower(r)
		}
		return r
	}, cases.Fold().String(s))
}

func isUnspacedScript(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
		unicode.Yi, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tai_Le,
		unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet, unicode.Ahom, unicode.Tangut, unicode.Nushu,
		unicode.Khitan_Small_Script) || 0x2e80 <= r && r < 0xa4d0 // what those scripts share, such as ー
}

// quickWords is what the package itself does.
func quickWords(text string) []string {
	var ws []string
	for _, w := range words(appendNormal(nil, text)) {
		ws = append(ws, string(w))
	}
	return ws
}

func TestWords(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{" -- ", ""},
		{"Deployed revision 7", "deployed revision 7"},
		{"shop-777.example.com", "shop 777 example com"},
		{"serviceAccount.createKey", "serviceaccount createkey"},
		{"sha256:9F2C01ab", "sha256 9f2c01ab"},
		{"ada@Example.com", "ada example com"},
		{"203.0.113.9", "203 0 113 9"},
		{"2001:db8::1", "2001 db8 1"},
		{"GKE_cluster/rcf2", "gke cluster rcf2"},
		{"Straße STRASSE", "strasse strasse"},
		{"Cafe\u0301 CAFÉ", "café café"},
		{"ΣΊΣΥΦΟΣ σίσυφος", "σίσυφοσ σίσυφοσ"},
		{"Москва", "москва"},
		{"ﬁle ①", "file 1"},
		{"ｆｕｌｌ　ｗｉｄｔｈ", "full width"},
		{"dep\u00adloy", "deploy"},
		{"เมือง", "เ ม ื อ ง"},
		{"東京タワー2024", "東 京 タ ワ ー 2024"},
		{"ﾀﾜｰ", "タ ワ ー"},
		{"か\u3099", "が"},
		{"서버를", "서 버 를"},
		{"v2.1のdeploy", "v2 1 の deploy"},
	} {
		if got := strings.Join(quickWords(test.text), " "); got != test.want {
			t.Errorf("%q: words %q, want %q", test.text, got, test.want)
		}
	}
}

// Folding a decomposed text rune by rune must tell the same runes apart as
// Unicode's full case folding does.
func TestFoldRuneAgreesWithUnicode(t *testing.T) {
	byFull, byOurs := map[string]rune{}, map[string]string{}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) || isPlainWide(r) || norm.NFKD.String(string(r)) != string(r) || isInvisible(r) {
			continue
		}
		want, got := fullFold(string(r)), string(foldRune(r))
		if r == 'ß' || r == 'ẞ' {
			continue // appendNormal's business
		}
		if norm.NFKD.String(got) != got {
			t.Errorf("%U folds to %q, which can be decomposed", r, got)
		}
		if other, ok := byOurs[got]; ok && other != want {
			t.Errorf("%U folds to %q, as does another; Unicode keeps them apart", r, got)
		}
		if other, ok := byFull[want]; ok && string(foldRune(other)) != got {
			t.Errorf("%U and %U: Unicode folds them together", r, other)
		}
		byFull[want], byOurs[got] = r, want
	}
}

func TestUnspacedScripts(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) || isInvisible(r) || norm.NFKC.String(string(r)) != string(r) {
			continue
		}
		if got, want := isUnspaced(r), isUnspacedScript(r); got != want {
			t.Errorf("%U (%c): unspaced %v, want %v", r, r, got, want)
		}
	}
}

// anyText draws texts out of what is hard to split, fold and compose.
func anyText() *rapid.Generator[string] {
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

func TestWordsAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		if got, want := quickWords(text), naiveWords(text); !slices.Equal(got, want) {
			t.Fatalf("%+q: words %+q, want %+q", text, got, want)
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "shop-777.example.com", "Straße", "か\u3099東京", "เมืองไทย", "e\u0301É", "\u0345Σς", "a\u00adb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || manyMarks(text) {
			return
		}
		want := quickWords(text)
		for name, same := range map[string]string{
			"NFC": norm.NFC.String(text), "NFD": norm.NFD.String(text),
			"NFKC": norm.NFKC.String(text), "NFKD": norm.NFKD.String(text),
			"folded": fullFold(norm.NFD.String(text)),
			"normal": string(appendNormal(nil, text)),
		} {
			if got := quickWords(same); !slices.Equal(got, want) {
				t.Errorf("%+q: words %+q, but in the form %s %+q", text, want, name, got)
			}
		}
		if got := naiveWords(text); !slices.Equal(got, want) {
			t.Errorf("%+q: words %+q, by definition %+q", text, want, got)
		}
	})
}

// manyMarks reports whether text has more marks in a row than package norm keeps
// together; it cuts such runs, wherever they happen to be.
func manyMarks(text string) bool {
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

func BenchmarkWords(b *testing.B) {
	for name, text := range map[string]string{
		"ascii": "Deployed revision 1477 of web-12 (sha256:9f2c01ab77d0) to gke.cluster-rcf2 by Ada",
		"thai":  "สร้างเมืองใหม่สำเร็จแล้ว revision 7",
		"latin": "Déployé la révision 7 à Genève, Straße",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			n := 0
			for b.Loop() {
				buf = appendNormal(buf[:0], text)
				for start, end := nextWord(buf, 0); start < len(buf); start, end = nextWord(buf, end) {
					n++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/word")
		})
	}
}

// What is done for common texts one character after the other must come out as
// what is done for any text.
func TestPlainAgreesWithAny(t *testing.T) {
	check := func(text string) {
		if got, ok := appendPlain(nil, text); ok {
			if want := appendAny(nil, text); string(got) != string(want) {
				t.Errorf("%+q: %+q, want %+q", text, got, want)
			}
		}
	}
	var plain []rune
	for r := rune(1); r <= 0xffff; r++ {
		if _, ok := appendPlain(nil, string(r)); ok {
			plain = append(plain, r)
		}
	}
	for _, r := range plain {
		check(string(r))
		if r >= tableSize && r%97 != 0 {
			continue // a few of the tens of thousands of East Asian letters do
		}
		for _, s := range []rune{'a', 'é', 'й', 'ุ', '่', 'ํ', 'ຸ', '東', 'が', '가', '়'} {
			check(string([]rune{r, s}))
			check(string([]rune{s, r, s}))
			check(string([]rune{s, s, r}))
		}
	}
	for _, s := range []string{"É", "Й", "ё", "ำ", "่ำ", "東京タワー", "각"} {
		if _, ok := appendPlain(nil, s); !ok {
			t.Errorf("%q is not plain, but should be for speed", s)
		}
	}
}
