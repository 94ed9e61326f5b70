package block

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/lex"
)

// phrases is a condition of words in an order, whatever separates them, of which
// every row that matches holds those of all and none of none.
type phrases struct {
	all, none []phrase
	clues     fulltext.Clues
}

type phrase struct {
	words  []string
	prefix bool
}

// newPhrases parses conditions such as "revision 7", "shop*" and "-paused".
func newPhrases(terms ...string) *phrases {
	p := &phrases{clues: fulltext.Clues{Normal: func(dst []byte, text string) []byte { return append(dst, normal(text)...) }}}
	for _, text := range terms {
		text, excluded := strings.CutPrefix(text, "-")
		text, prefix := strings.CutSuffix(text, "*")
		ph := phrase{wordsOf(text), prefix}
		if len(ph.words) == 0 {
			continue
		}
		c := fulltext.Clue{Wanted: !excluded}
		for i, w := range ph.words {
			c.Words = append(c.Words, fulltext.NewWord(w, prefix && i == len(ph.words)-1))
		}
		if excluded {
			p.none, p.clues.Terms = append(p.none, ph), append(p.clues.Terms, c)
		} else {
			p.clues.Terms = slices.Insert(p.clues.Terms, len(p.all), c)
			p.all = append(p.all, ph)
		}
	}
	return p
}

// wordsOf splits a text at what is neither a letter nor a digit. What is not ASCII is
// a letter, and ſ one that ASCII has.
func wordsOf(text string) []string {
	return strings.FieldsFunc(normal(text), func(r rune) bool { return r < 0x80 && lex.ClassOf(byte(r)) == 0 })
}

func normal(text string) string { return strings.ToLower(strings.ReplaceAll(text, "ſ", "s")) }

func (p phrase) in(words []string) bool {
	for i := range words {
		if i+len(p.words) > len(words) {
			break
		}
		ok := true
		for k, w := range p.words {
			got := words[i+k]
			if p.prefix && k == len(p.words)-1 {
				got = got[:min(len(got), len(w))]
			}
			ok = ok && got == w
		}
		if ok {
			return true
		}
	}
	return false
}

func (p *phrases) Terms(value string) uint64 { return p.termsOf(wordsOf(value)) }

func (p *phrases) Whole(string) uint64 { return 0 }

func (p *phrases) termsOf(words []string) (terms uint64) {
	for i, ph := range slices.Concat(p.all, p.none) {
		if ph.in(words) {
			terms |= 1 << i
		}
	}
	return terms
}

func (p *phrases) Match(terms uint64) bool { return terms == 1<<len(p.all)-1 }

func (p *phrases) Clues() *fulltext.Clues { return &p.clues }

// plain is the same condition of which nothing is known.
type plain struct{ *phrases }

func (plain) Clues() *fulltext.Clues { return nil }

// corpus is a block, and of each of its entries the words of each value.
type corpus struct {
	b       *Block
	entries []*audit.Entry
	values  [][][]string
}

func newCorpus(t interface{ Fatal(...any) }, entries []*audit.Entry) *corpus {
	b, err := Open(Append(nil, 1, entries))
	if err != nil {
		t.Fatal(err)
	}
	c := &corpus{b: b, entries: entries, values: make([][][]string, len(entries))}
	for row, e := range entries {
		e.EachText(func(v string) { c.values[row] = append(c.values[row], wordsOf(v)) })
	}
	return c
}

// naively returns the rows of start that match, by looking at all values.
func (c *corpus) naively(p *phrases, start bits.Rows) (rows bits.Rows) {
	for row, values := range c.values {
		var terms uint64
		for _, words := range values {
			terms |= p.termsOf(words)
		}
		if start.Has(row) && p.Match(terms) {
			rows.Set(row)
		}
	}
	return rows
}

// check compares the rows that a condition selects with what looking at the
// entries finds.
func (c *corpus) check(t interface{ Fatalf(string, ...any) }, p *phrases, text fulltext.Condition, start bits.Rows) (found int) {
	want, rows := c.naively(p, start), start
	if err := c.b.MatchText(text, &rows); err != nil {
		t.Fatalf("%v", err)
	}
	for row, e := range c.entries {
		if rows.Has(row) != want.Has(row) {
			t.Fatalf("%q, row %d, %s: %v", []any{p.all, p.none}, row, e.AppendJSON(nil), rows.Has(row))
		}
	}
	return want.Count()
}

// details are texts with values that templates are found for, and values that stand
// beside letters.
var details = []func(g *generator) string{
	func(g *generator) string {
		return fmt.Sprintf("Deployed revision %d, image web@sha256:%s", g.r.IntN(90), g.hex(12))
	},
	func(g *generator) string {
		return fmt.Sprintf("the rev%d of v%dbeta in 2026-05-%02dT%02d:15:30Z", g.r.IntN(90), g.r.IntN(9), g.r.IntN(30), g.r.IntN(24))
	},
	func(g *generator) string {
		return fmt.Sprintf("Grew disk-%04d to %dGi, was %dgi", g.r.IntN(300), g.r.IntN(90), g.r.IntN(90))
	},
	func(g *generator) string { return "request " + g.uuid() + " denied" },
	func(g *generator) string { return "request x" + strings.ToUpper(g.uuid()) + " denied" },
	func(g *generator) string {
		return fmt.Sprintf("key %s for user%d@example.com, ABC%s", g.hex(40), g.r.IntN(50), strings.ToUpper(g.hex(8)))
	},
	func(g *generator) string {
		return fmt.Sprintf("ปรับขนาดเป็น %d ตัว รหัส%d", g.r.IntN(90), g.r.IntN(900))
	},
	func(g *generator) string {
		return fmt.Sprintf("ſtraße %d é%d %dé", g.r.IntN(90), g.r.IntN(9), g.r.IntN(9))
	},
	func(g *generator) string {
		return fmt.Sprintf("i-%s\x01%d\x05 \x02ab%d \x03cd \x04ef %da%db", g.hex(17), g.r.IntN(9), g.r.IntN(9), g.r.IntN(9), g.r.IntN(9))
	},
	func(g *generator) string {
		return fmt.Sprintf("%d.%d.%d.%d:%d_%05d", g.r.IntN(255), g.r.IntN(9), g.r.IntN(9), g.r.IntN(9), g.r.IntN(9), g.r.IntN(99999))
	},
	func(g *generator) string {
		return fmt.Sprintf("took 0%dms, v%0*d", g.r.IntN(90), 1+g.r.IntN(3), g.r.IntN(9))
	},
	func(g *generator) string { return []string{"paused", "Resumed", "rolled back", ""}[g.r.IntN(4)] },
}

// templated returns n entries whose details and metadata are of templates, and name
// what the entries have elsewhere.
func templated(seed uint64, n int) []*audit.Entry {
	g := newGenerator(seed, time.Minute)
	few := 1 + g.r.IntN(len(details))
	text := func() string { return details[(int(seed)+g.r.IntN(few))%len(details)](g) }
	entries := make([]*audit.Entry, n)
	for i := range entries {
		e := g.next()
		if g.r.IntN(3) > 0 {
			e.Detail = text()
		}
		switch g.r.IntN(4) {
		case 0:
			e.Detail += " of " + e.Resource.Name
		case 1:
			e.Detail = e.Actor.Email + ": " + e.Detail + " (" + e.Action + ")"
		case 2:
			e.Metadata = map[string]string{"note": text(), "count": fmt.Sprint(g.r.IntN(50))}
		}
		entries[i] = e
	}
	sortEntries(entries)
	return entries
}

// anyTerm draws a piece of what an entry holds, or a bit more than that.
func anyTerm(r *rand.Rand, e *audit.Entry) string {
	var values []string
	e.EachText(func(v string) { values = append(values, v) })
	if len(values) == 0 {
		return "nowhere"
	}
	slices.Sort(values)
	words := wordsOf(values[r.IntN(len(values))])
	if len(words) == 0 {
		return "nowhere"
	}
	from := r.IntN(len(words))
	words = words[from : from+1+r.IntN(min(3, len(words)-from))]
	term := strings.Join(words, " ")
	switch last := words[len(words)-1]; r.IntN(6) {
	case 0:
		return term[:len(term)-len(last)+1+r.IntN(len(last))] + "*"
	case 1:
		return term + "*"
	case 2:
		return term[r.IntN(len(words[0])):]
	case 3:
		return "-" + term
	}
	return term
}

// TestMatchTextOfEveryWord looks for every word, beginning and pair of words of some
// rows of each kind of template.
func TestMatchTextOfEveryWord(t *testing.T) {
	for k, detail := range details {
		g := newGenerator(uint64(k), time.Minute)
		entries := make([]*audit.Entry, 300)
		for i := range entries {
			entries[i] = g.next()
			entries[i].Detail = detail(g)
			if i%3 == 0 {
				entries[i].Detail += " of " + entries[i].Resource.Name + " done"
			}
		}
		sortEntries(entries)
		c := newCorpus(t, entries)
		for _, e := range entries[:3] {
			before := ""
			for _, w := range wordsOf(e.Detail) {
				terms := []string{w, w + "*", before + " " + w}
				for n := range w {
					terms = append(terms, w[:n]+"*")
				}
				if before != "" {
					letters := strings.TrimRight(w, "0123456789")
					terms = append(terms, before[1:]+" "+w, before+" "+letters, before+" "+w[:len(w)-1]+"*")
				}
				for _, term := range terms {
					p := newPhrases(term)
					c.check(t, p, p, bits.All(bits.MaxRows))
				}
				before = w
			}
		}
	}
}

func TestMatchTextOfTemplates(t *testing.T) {
	matched := 0
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(0, 1000).Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 9))
		n := rapid.SampledFrom([]int{3, 40, 100, 300, bits.MaxRows}).Draw(t, "rows")
		var entries []*audit.Entry
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			entries = strange(seed, n)
		case 1:
			entries = uniform(seed, n)
		case 2:
			entries = realistic(seed, n)
		default:
			entries = templated(seed, n)
		}
		c := newCorpus(t, entries)
		for range 6 {
			terms := []string{anyTerm(r, entries[r.IntN(n)])}
			for r.IntN(3) == 0 {
				terms = append(terms, anyTerm(r, entries[r.IntN(n)]))
			}
			start := bits.All(n)
			if r.IntN(4) == 0 {
				start = bits.Between(n/4, n/2)
			}
			p := newPhrases(terms...)
			matched += c.check(t, p, p, start)
		}
		p := newPhrases(anyTerm(r, entries[0]))
		c.check(t, p, plain{p}, bits.All(n))
	})
	if matched == 0 {
		t.Error("nothing matched: what was drawn proves nothing")
	}
}

func TestMatchTextOfBlockProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		c := newCorpus(t, entries)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 9))
		for range 8 {
			p := newPhrases(anyTerm(r, entries[r.IntN(len(entries))]), anyTerm(r, entries[0]))
			c.check(t, p, p, bits.All(len(entries)))
		}
	})
}
