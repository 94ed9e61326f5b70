package block

import (
	"strings"
	"testing"

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

func matchesNaively(w words, e *audit.Entry) bool {
	var terms uint64
	e.EachText(func(v string) { terms |= w.Terms(v) })
	return w.Match(terms)
}

func TestEachText(t *testing.T) {
	for _, entries := range [][]*audit.Entry{realistic(5, 1024), uniform(5, 90), strange(6, 1024)} {
		b := open(t, Append(nil, 1, entries))
		want, got := map[string]bool{}, map[string]bool{}
		for _, e := range entries {
			e.EachText(func(v string) { want[v] = true })
		}
		if err := b.EachText(func(v string) { got[v] = true }); err != nil {
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
