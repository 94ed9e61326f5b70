package index

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/index/words/wordstest"
)

// describe renders a query the way that the table of TestParse writes it.
func describe(q *Query) string {
	var parts []string
	for i, t := range q.terms {
		sign := ""
		if q.want>>i&1 != 0 {
			sign += "+"
		}
		if q.exclude>>i&1 != 0 {
			sign += "-"
		}
		s := string(slices.Concat(sepJoin(t.words)...))
		if t.prefix {
			s += "*"
		}
		parts = append(parts, sign+s)
	}
	return strings.Join(parts, " ")
}

func sepJoin(words [][]byte) [][]byte {
	var out [][]byte
	for i, w := range words {
		if i > 0 {
			out = append(out, []byte("_"))
		}
		out = append(out, w)
	}
	return out
}

func TestParse(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"shop-777 created", "+shop_777 +created"},
		{`-error "revision 7"`, "-error +revision_7"},
		{`-"Not Found"`, "-not_found"},
		{"dep*", "+dep*"},
		{"sha256:9f2c*", "+sha256_9f2c*"},
		{"deployment.*", "+deployment"},
		{"東京*", "+東_京"},
		{"a & b", "+a +b"},
		{"web web WEB -web", "+-web +web"},
		{"--force -- - -5", "+force -5"},
		{`say"hello world"now`, "+say +hello_world +now"},
		{"“smart quotes”", "+smart_quotes"},
		{`"9f*"`, "+9f"},
		{`"" x`, "+x"},
		{"＂ｆｕｌｌ　ｗｉｄｔｈ＂　－ｘ　ａｂｃ＊", "+full_width -x +abc*"},
		{"\tada@example.com\n", "+ada_example_com"},
	} {
		q, err := Parse(test.text)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		} else if got := describe(q); got != test.want {
			t.Errorf("%q: parsed as %q, want %q", test.text, got, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "must hold a letter or a digit"},
		{"...", "must hold a letter or a digit"},
		{`""`, "must hold a letter or a digit"},
		{strings.Repeat("x", 1025), "must be at most 1024 bytes"},
		{"a\xff", "must be valid UTF-8"},
		{`a "b`, "has a quotation mark that is not closed; add another, or leave it out"},
		{"de*", `has "de*"; write at least 3 characters before the *`},
		{"web-1*", `has "web-1*"; write at least 3 characters before the *`},
		{"*", "has a * by itself; write at least 3 characters before it"},
		{"a*b", `has a * within "a*b"; it can only end a word, as in dep*, unless you put the text in quotation marks`},
		{"dep**", `has a * within "dep**"; it can only end a word, as in dep*, unless you put the text in quotation marks`},
		{numbers(33), "must hold at most 32 words and phrases"},
	} {
		_, err := Parse(test.text)
		var f *audit.Fault
		if !errors.As(err, &f) || f.Kind != audit.Invalid || f.Path != "q" || f.Message != test.want {
			t.Errorf("%q: got %v, want q: %s", test.text, err, test.want)
		}
	}
	if _, err := Parse(numbers(32)); err != nil {
		t.Errorf("32 words: %v", err)
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%d ", i)
	}
	return b.String()
}

func TestMatch(t *testing.T) {
	const detail = "Deployed shop-777.example.com, revision 7, image sha256:9f2c01ab"
	for _, test := range []struct {
		query  string
		values string // split at |
		want   bool
	}{
		{"shop-777 deployed", detail, true},
		{"shop-777.example.com", detail, true},
		{"777.example", detail, true},
		{"777 shop", detail, true},
		{`"777 shop"`, detail, false},
		{"shop-7", detail, false},
		{"hop", detail, false},
		{"sha256:9f2c*", detail, true},
		{"sha256:9f2c", detail, false},
		{"revision 7", "revision|7", true},
		{`"revision 7"`, "revision|7", false},
		{"-revision", detail, false},
		{"-revision", "created", true},
		{"shop -777", "shop|777", false},
		{"web -web", "web", false},
		{"SERVICEACCOUNT.createkey", "serviceAccount.createKey", true},
		{"create", "serviceAccount.createKey", false},
		{"serviceaccount.creat*", "serviceAccount.createKey", true},
		{"strasse", "Straße 1", true},
		{"kelvin", "KELVIN", true}, // the first letter is the Kelvin sign
		{"เมือง", "เมืองไทย", true},
		{"ไทย", "เมืองไทย", true},
		{"京都", "東京都", true},
		{"東都", "東京都", false},
		{"東京 タワー", "東京のﾀﾜｰ", true},
		{"東京", "東 京", false},
		{`"東京"`, "東 京", true},
		{"shop-777", "shop 777", false},
		{`"shop 777"`, "shop-777", true},
		{"shop-777", "shop://_777", true},
		{"shop-777", "shop\u00a0777", false},
		{"shop-777", "shop 777 shop.777", true},
		{"a-a-b", "a-a-a-b", true},
	} {
		q, err := Parse(test.query)
		if err != nil {
			t.Fatalf("%q: %v", test.query, err)
		}
		var terms uint64
		for v := range strings.SplitSeq(test.values, "|") {
			terms |= q.Terms(v)
		}
		if got := q.Match(terms); got != test.want {
			t.Errorf("%q in %q: %v, want %v", test.query, test.values, got, test.want)
		}
	}
}

// naiveMatch evaluates a query by splitting every value into words.
func naiveMatch(q *Query, values []string) bool {
	for i, term := range q.terms {
		found := slices.ContainsFunc(values, func(v string) bool { return naiveContains(v, term) })
		if found && q.exclude>>i&1 != 0 || !found && q.want>>i&1 != 0 {
			return false
		}
	}
	return true
}

func naiveContains(value string, t term) bool {
	if !t.touching {
		return naiveFollows(wordstest.Words(value), t)
	}
	return slices.ContainsFunc(naiveFields(value), func(f string) bool { return naiveFollows(wordstest.Words(f), t) })
}

// naiveFields splits value at spaces, and at what becomes one.
func naiveFields(value string) []string { return strings.Fields(norm.NFKC.String(value)) }

func naiveFollows(words []string, t term) bool {
	for i := range words {
		if i+len(t.words) > len(words) {
			return false
		}
		ok := true
		for k, want := range t.words {
			got := words[i+k]
			if t.prefix && k == len(t.words)-1 {
				ok = ok && strings.HasPrefix(got, string(want))
			} else {
				ok = ok && got == string(want)
			}
		}
		if ok {
			return true
		}
	}
	return false
}

func TestMatchAgainstNaiveScan(t *testing.T) {
	matched := 0
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(wordstest.AnyText(), 1, 4).Draw(t, "values")
		shape := rapid.SampledFrom([]string{"%s", `"%s"`, "-%s", "%s*", "%s x", "a %s"}).Draw(t, "shape")
		text := pieceOf(t, values[0]+" "+wordstest.AnyText().Draw(t, "more"))
		if ws := wordstest.Words(values[0]); len(ws) > 0 && rapid.Bool().Draw(t, "words") {
			from := rapid.IntRange(0, len(ws)-1).Draw(t, "first")
			text = strings.Join(ws[from:rapid.IntRange(from+1, len(ws)).Draw(t, "last")], "-")
		}
		text = fmt.Sprintf(shape, text)
		q, err := Parse(text)
		if err != nil {
			return
		}
		var terms uint64
		for _, v := range values {
			terms |= q.Terms(v)
		}
		got, want := q.Match(terms), naiveMatch(q, values)
		if got != want {
			t.Fatalf("%+q in %+q: %v, want %v", text, values, got, want)
		}
		if got && q.want != 0 {
			matched++
		}
	})
	if matched == 0 && !testing.Short() { // few are drawn then
		t.Error("no query matched: the texts drawn prove nothing")
	}
}

// pieceOf draws a piece of s that is whole characters.
func pieceOf(t *rapid.T, s string) string {
	rs := []rune(s)
	from := rapid.IntRange(0, len(rs)).Draw(t, "from")
	return string(rs[from:rapid.IntRange(from, len(rs)).Draw(t, "to")])
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"shop-777 created", `-error "revision 7"`, "dep*", `"`, "- -- *", "東京*", "＂ａ＂", "-\"x\"y*"} {
		f.Add(s, "Deployed shop-777 revision 7 東京")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		q, err := Parse(text)
		if err != nil {
			if audit.KindOf(err) != audit.Invalid {
				t.Fatalf("%q: %v is no Invalid Fault", text, err)
			}
			return
		}
		if len(q.terms) == 0 || len(q.terms) > maxTerms || q.want|q.exclude != 1<<len(q.terms)-1 {
			t.Fatalf("%q: %d terms, want %b, exclude %b", text, len(q.terms), q.want, q.exclude)
		}
		if got, want := q.Match(q.Terms(value)), naiveMatch(q, []string{value}); got != want && !wordstest.ManyMarks(value) {
			t.Fatalf("%q in %q: %v, want %v", text, value, got, want)
		}
	})
}

func BenchmarkTerms(b *testing.B) {
	values := map[string]string{
		"miss":     "Deployed revision 1477 of web-12 in rcf2",
		"thaiMiss": "สร้างเมืองใหม่สำเร็จแล้ว",
		"hit":      "Deployed shop-777.example.com revision 7",
	}
	for _, text := range []string{"shop-777", "shop-777 created -error", "เชียงใหม่"} {
		q, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		for name, v := range values {
			b.Run(fmt.Sprintf("%s/%s", text, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					q.Terms(v)
				}
			})
		}
	}
}
