package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
	"auditlog/store/block/lex"
)

// oneColumn is the layout of a single column of strings that is searched and compared.
var oneColumn = column.Layout{{Searched: true, Finger: finger}}

// searched is that of one which filters do not compare.
var searched = column.Layout{{Searched: true}}

func finger(v string) (h uint16) {
	for i := range len(v) {
		h = h*31 + uint16(v[i])
	}
	return h
}

// encoders are used again, as they are in earnest: to make one takes longer than to use it.
var encoders = map[*column.Spec]*column.Encoder{
	&oneColumn[0]: column.NewEncoder(oneColumn),
	&searched[0]:  column.NewEncoder(searched),
}

// setOf returns the column of values, encoded and scanned again.
func setOf(t *rapid.T, layout column.Layout, values []string) *column.Set {
	e := encoders[&layout[0]]
	e.Reset(false)
	e.AppendStrings(values)
	data := append(e.Finish(nil), make([]byte, bits.Slack)...)
	s, err := column.NewParser(layout, data, 0, len(values), e.Kids()).Columns(len(values))
	if err != nil {
		t.Fatalf("%q: %v", values, err)
	}
	return &s
}

// drawValues draws the values of a column, such as every kind of column is made for.
func drawValues(t *rapid.T) []string {
	shapes := []*rapid.Generator[string]{
		rapid.StringMatching(`rev(ision)? [0-9]{1,4} of web, [0-9a-f]{12}`),
		rapid.StringMatching(`[A-F0-9]{9}-x`),
		rapid.StringMatching(`disk-0[0-9]{3} \(v[0-9]beta\)`),
		rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		rapid.StringMatching(`[0-9]{1,6}`),
		rapid.SampledFrom([]string{"", "paused", "Paused twice", "é12 ſ3", "a\x01b 7", "web\x04 9", "7\x057"}),
		rapid.String(),
	}
	few := rapid.SliceOfN(rapid.SampledFrom(shapes), 1, 3).Draw(t, "shapes")
	n := rapid.SampledFrom([]int{1, 5, 40, 200}).Draw(t, "n")
	values := rapid.SliceOfN(rapid.OneOf(few...), n, n).Draw(t, "values")
	if rapid.Bool().Draw(t, "repeated") {
		for i := range values {
			values[i] = values[i%(1+n/9)]
		}
	}
	if rapid.Bool().Draw(t, "sparse") {
		for i := range values {
			if i%20 != 3 {
				values[i] = ""
			}
		}
	}
	return values
}

// oneWord is the condition that a value holds a word, or one that begins so.
type oneWord struct {
	word   string
	prefix bool
	clues  *fulltext.Clues
}

func newOneWord(word string, prefix bool) *oneWord {
	return &oneWord{word, prefix, &fulltext.Clues{
		Terms:  []fulltext.Clue{{Words: []fulltext.Word{fulltext.NewWord(word, prefix)}, Wanted: true}},
		Normal: func(dst []byte, text string) []byte { return append(dst, normal(text)...) },
	}}
}

func normal(text string) string { return strings.ToLower(strings.ReplaceAll(text, "ſ", "s")) }

func wordsOf(text string) []string {
	return strings.FieldsFunc(normal(text), func(r rune) bool { return r < 0x80 && lex.ClassOf(byte(r)) == 0 })
}

func (c *oneWord) Terms(value string) uint64 {
	for _, w := range wordsOf(value) {
		if w == c.word || c.prefix && strings.HasPrefix(w, c.word) {
			return 1
		}
	}
	return 0
}

func (c *oneWord) Whole(string) uint64 { return 0 }

func (c *oneWord) Match(terms uint64) bool { return terms == 1 }

func (c *oneWord) Clues() *fulltext.Clues { return c.clues }

// drawWord draws a word of one of values, or a piece of one, or one that is in none.
func drawWord(t *rapid.T, values []string) (word string, prefix bool) {
	prefix = rapid.Bool().Draw(t, "prefix")
	words := wordsOf(rapid.SampledFrom(values).Draw(t, "value"))
	if len(words) == 0 {
		return "7", prefix
	}
	word = rapid.SampledFrom(words).Draw(t, "word")
	from := rapid.IntRange(0, len(word)-1).Draw(t, "from")
	switch rapid.IntRange(0, 3).Draw(t, "piece") {
	case 0:
		word = strings.ToValidUTF8(word[:from+1], "")
	case 1:
		word = strings.ToValidUTF8(word[from:], "")
	case 2:
		word += "1"
	}
	if word == "" {
		word = "x"
	}
	return word, prefix
}

// checkLaw wants of every step that what may match contains what matches, and that what is sure
// matches.
func checkLaw(t *rapid.T, values []string, c *oneWord) (s *column.Set) {
	s = setOf(t, searched, values)
	n := narrower{set: s, t: c, clues: c.clues, clue: &c.clues.Terms[0]}
	o, w := n.column(s.At(0)), &n.clue.Words[0]
	alone, inside := n.may(s.At(0), w, &joinedText), n.may(s.At(0), w, nil)
	if n.err != nil {
		t.Fatal(n.err)
	}
	for i, v := range values {
		matches := c.Terms(v) != 0
		switch {
		case o.sure.Has(i) && !matches:
			t.Fatalf("%q is said to be in %q for sure", c.word, v)
		case matches && !o.sure.Has(i) && !o.maybe.Has(i):
			t.Fatalf("%q (%v) is in %q, a %s, and lost", c.word, c.prefix, v, s.At(0).Kind())
		case matches && !alone.Has(i):
			t.Fatalf("%q (%v) may be a word of %q, a %s, and is lost", c.word, c.prefix, v, s.At(0).Kind())
		case strings.Contains(normal(v), c.word) && !inside.Has(i):
			t.Fatalf("%q is in %q, a %s, and lost", c.word, v, s.At(0).Kind())
		}
	}
	rows := bits.All(len(values))
	if err := Match(s, c, &rows); err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if rows.Has(i) != (c.Terms(v) != 0) {
			t.Fatalf("%q, %q: %v", c.word, v, rows.Has(i))
		}
	}
	return s
}

// TestTheLaw tries it on columns of whatever kind becomes of values.
func TestTheLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawValues(t)
		checkLaw(t, values, newOneWord(drawWord(t, values)))
	})
}

// TestTheLawOfEveryKind tries it on one column of each kind, for any word.
func TestTheLawOfEveryKind(t *testing.T) {
	made := func(format string) (values []string) {
		for i := range 200 {
			values = append(values, fmt.Sprintf(format, (i*7919)%1000))
		}
		return values
	}
	for kind, values := range map[string][]string{
		"empty":    {"", ""},
		"one":      {"paused twice", "paused twice"},
		"each":     {"paused", "é12", "rolled back"},
		"dict":     slices.Repeat([]string{"web", "db 7", "cache"}, 30),
		"some":     append(make([]string, 100), "paused", "web 7", "db", "cache"),
		"template": made("revision %d of web"),
		"int":      made("revision %d of web"),
		"digits":   made("disk-%03d is full"),
		"hex":      made("image %03xfedcba9 of web"),
	} {
		rapid.Check(t, func(t *rapid.T) {
			s, found := checkLaw(t, values, newOneWord(drawWord(t, values))), false
			s.Forms(func(form string) { found = found || form == "column of kind "+kind })
			if !found {
				t.Fatalf("no column is of kind %s: what is tried proves nothing about it", kind)
			}
		})
	}
}

// TestTheLawOfValues wants it of the conditions that filters make.
func TestTheLawOfValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawValues(t)
		s := setOf(t, oneColumn, values)
		some := rapid.SliceOfN(rapid.SampledFrom(append(values, "7", "web")), 1, 3).Draw(t, "some")
		v := OneOf(oneColumn, 0, some...)
		if p := some[0]; p != "" && rapid.Bool().Draw(t, "prefix") {
			v = Beginning(oneColumn, 0, some[1:], []string{p[:rapid.IntRange(1, len(p)).Draw(t, "length")]})
		}
		var set bits.Rows
		exact := v.Candidates(s, &set)
		rows := bits.All(len(values))
		v.Keep(s, &set, &rows)
		for i, value := range values {
			if v.Matches(value) && !rows.Has(i) || exact && rows.Has(i) && !v.Matches(value) {
				t.Fatalf("%q among %q, exactly %v: %v", value, some, exact, rows.Has(i))
			}
		}
		if err := v.Verify(s, &set, &rows); err != nil {
			t.Fatal(err)
		}
		var want bits.Rows
		for i, value := range values {
			if v.Matches(value) {
				want.Set(i)
			}
		}
		if rows != want {
			t.Fatalf("%q: %v of %q", some, rows, values)
		}
	})
}

// FoldEqual agrees with folding both.
func TestFoldedValues(t *testing.T) {
	layout := column.Layout{{Searched: true, Finger: func(string) uint16 { return 0 }, Folded: true}}
	v := OneOf(layout, 0, "domain")
	got := slices.DeleteFunc([]string{"DOMAIN", "domain", "Domain", "domains", "domai", "", "domaın"}, func(s string) bool {
		return !v.Matches(s)
	})
	if fmt.Sprint(got) != "[DOMAIN domain Domain]" {
		t.Errorf("%q", got)
	}
}
