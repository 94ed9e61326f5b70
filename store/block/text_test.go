package block

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block/bits"
)

// words is the condition that a row's values together hold all of some parts and
// none of another.
type words struct {
	all  []string
	none string
}

func (w words) Terms(value string) uint64 {
	var terms uint64
	for i, part := range w.all {
		if strings.Contains(value, part) {
			terms |= 1 << i
		}
	}
	if w.none != "" && strings.Contains(value, w.none) {
		terms |= 1 << len(w.all)
	}
	return terms
}

func (w words) Whole(value string) uint64 {
	var terms uint64
	for i, part := range append(w.all[:len(w.all):len(w.all)], w.none) {
		if value == part {
			terms |= 1 << i
		}
	}
	return terms
}

func (w words) Clues() *fulltext.Clues { return nil }

func (w words) Match(terms uint64) bool { return terms == 1<<len(w.all)-1 }

func TestMatchText(t *testing.T) {
	mixed := append(realistic(3, 700), strange(3, 300)...)
	sortEntries(mixed)
	conditions := []words{
		{all: []string{"deployment"}},
		{all: []string{"replicas", "ada"}},
		{all: []string{"revision 1", "web"}, none: "success"},
		{all: []string{"commit", "a1"}},
		{all: []string{"1"}, none: "ada"},
		{none: "e"},
		{all: []string{"no such thing"}},
		{all: []string{"007"}},
	}
	for _, entries := range [][]*audit.Entry{mixed, realistic(5, 1024), uniform(5, 90), strange(6, 1024), mixed[:1]} {
		b := open(t, Append(nil, 1, entries))
		for _, w := range conditions {
			for _, start := range []bits.Rows{bits.All(bits.MaxRows), bits.Between(3, 40)} {
				rows := start
				if err := b.MatchText(w, &rows); err != nil {
					t.Fatal(err)
				}
				for row, e := range entries {
					want := start.Has(row) && matchesNaively(w, e)
					if rows.Has(row) != want {
						t.Fatalf("%v, row %d, %s: %v", w, row, e.AppendJSON(nil), !want)
					}
				}
			}
		}
	}
}

// wholes is words of which is known that a value is one of them, or none.
type wholes struct{ words }

func (wholes) Terms(string) uint64 { return 0 }

func (w wholes) Clues() *fulltext.Clues {
	clues := &fulltext.Clues{Normal: func(dst []byte, text string) []byte { return append(dst, text...) }}
	asked := w.all
	if w.none != "" {
		asked = append(asked[:len(asked):len(asked)], w.none)
	}
	for i, s := range asked {
		word := []fulltext.Word{fulltext.NewWord("nothing", false)}
		clues.Terms = append(clues.Terms, fulltext.Clue{Words: word, Whole: s, Wanted: i < len(w.all)})
	}
	return clues
}

// Ids of every kind are found whole, and nothing that only looks like them.
func TestWholeIsFound(t *testing.T) {
	g := newGenerator(9, time.Second)
	for name, id := range map[string]func(i int) string{
		"decimal": strconv.Itoa,
		"hex":     func(int) string { return g.hex(32) },
		"uuid":    func(int) string { return g.uuid() },
		"counter": func(i int) string { return "3f9c2a7d10b4-" + strconv.Itoa(i) },
		"same":    func(int) string { return "r-1" },
		"few":     func(i int) string { return "r-" + strconv.Itoa(i%5) },
		"strange": func(i int) string { return "é " + strconv.Itoa(i) },
	} {
		entries := realistic(2, 300)
		for i, e := range entries {
			e.Request.ID = id(i)
			if e.Key = ""; i%4 == 0 {
				e.Key = id(i + 1000)
			}
		}
		b := open(t, Append(nil, 1, entries))
		for i := 0; i < len(entries); i += 11 {
			e := entries[i]
			for _, asked := range []string{e.Request.ID, entries[0].Key, e.Request.ID + "0", strings.ToUpper(e.Request.ID), e.Actor.Email} {
				for _, w := range []words{{all: []string{asked}}, {none: asked}, {all: []string{asked, e.Request.ID}, none: e.Key}} {
					rows := bits.All(bits.MaxRows)
					if err := b.MatchText(wholes{w}, &rows); err != nil {
						t.Fatal(err)
					}
					for row, e := range entries {
						var terms uint64
						e.EachWhole(func(v string) { terms |= w.Whole(v) })
						if want := w.Match(terms); rows.Has(row) != want {
							t.Fatalf("%s: %+v, row %d, %s: %t", name, w, row, e.AppendJSON(nil), !want)
						}
					}
				}
			}
		}
	}
}

func matchesNaively(w words, e *audit.Entry) bool {
	var terms uint64
	e.EachText(func(v string) { terms |= w.Terms(v) })
	e.EachWhole(func(v string) { terms |= w.Whole(v) })
	return w.Match(terms)
}

func TestEachText(t *testing.T) {
	for _, entries := range [][]*audit.Entry{realistic(5, 1024), uniform(5, 90), strange(6, 1024)} {
		b := open(t, Append(nil, 1, entries))
		want, got := map[string]bool{}, map[string]bool{}
		for _, e := range entries {
			e.EachText(func(v string) { want[v] = true })
			e.EachWhole(func(v string) { want["whole "+v] = true })
			for _, v := range []string{e.Actor.Email, e.Action} { // which filters ask for
				if v != "" {
					want["whole "+v] = true
				}
			}
		}
		err := b.EachText(func(v string) { got[v] = true }, func(v string) { got["whole "+v] = true })
		if err != nil {
			t.Fatal(err)
		}
		for v := range want {
			if !got[v] {
				t.Fatalf("%q is missing", v)
			}
		}
		for v := range got {
			if !want[v] {
				t.Fatalf("%q is in no entry", v)
			}
		}
	}
}
