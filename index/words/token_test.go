package words

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"auditlog/index/words/wordstest"
)

// quickWords is what the package itself does.
func quickWords(text string) []string {
	var ws []string
	for _, w := range All(Normal(nil, text)) {
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
		want, got := wordstest.Fold(string(r)), string(foldRune(r))
		if r == 'ß' || r == 'ẞ' {
			continue // Normal's business
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
		if got, want := isUnspaced(r), wordstest.IsUnspaced(r); got != want {
			t.Errorf("%U (%c): unspaced %v, want %v", r, r, got, want)
		}
	}
}

func TestWordsAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := wordstest.AnyText().Draw(t, "text")
		if got, want := quickWords(text), wordstest.Words(text); !slices.Equal(got, want) {
			t.Fatalf("%+q: words %+q, want %+q", text, got, want)
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "shop-777.example.com", "Straße", "か\u3099東京", "เมืองไทย", "e\u0301É", "\u0345Σς", "a\u00adb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || wordstest.ManyMarks(text) {
			return
		}
		want := quickWords(text)
		for name, same := range map[string]string{
			"NFC": norm.NFC.String(text), "NFD": norm.NFD.String(text),
			"NFKC": norm.NFKC.String(text), "NFKD": norm.NFKD.String(text),
			"folded": wordstest.Fold(norm.NFD.String(text)),
			"normal": string(Normal(nil, text)),
		} {
			if got := quickWords(same); !slices.Equal(got, want) {
				t.Errorf("%+q: words %+q, but in the form %s %+q", text, want, name, got)
			}
		}
		if got := wordstest.Words(text); !slices.Equal(got, want) {
			t.Errorf("%+q: words %+q, by definition %+q", text, want, got)
		}
	})
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
				buf = Normal(buf[:0], text)
				for start, end := Next(buf, 0); start < len(buf); start, end = Next(buf, end) {
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
