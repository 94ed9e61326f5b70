package fulltext_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/fulltext"
)

// The encoding of a key reads back, and sorts by project, then oldest first.
func TestBlockKeysSort(t *testing.T) {
	draw := func(t *rapid.T, label string) fulltext.BlockKey {
		return fulltext.BlockKey{
			Project: fulltext.ProjectID(rapid.Uint32Range(0, 3).Draw(t, label+" project")),
			Position: audit.Position{
				At: rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1, 1_780_000_000_000_000, math.MaxInt64}).Draw(t, label+" at"),
				ID: rapid.Int64Range(0, 3).Draw(t, label+" id"),
			},
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		want := a.Compare(b.Position)
		if a.Project != b.Project {
			want = int(a.Project) - int(b.Project)
		}
		if got := bytes.Compare(a.Append(nil), b.Append(nil)); sign(got) != sign(want) {
			t.Fatalf("%v and %v compare as %d, want %d", a, b, got, want)
		}
		if again, err := fulltext.ParseBlockKey(a.Append(nil)); err != nil || again != a {
			t.Fatalf("%v became %v: %v", a, again, err)
		}
	})
	if _, err := fulltext.ParseBlockKey(make([]byte, fulltext.BlockKeySize-1)); err == nil {
		t.Error("a key that is cut short is read")
	}
}

func sign(n int) int { return min(max(n, -1), 1) }

// A word is in a text where the text in lower case holds it.
func TestWordIn(t *testing.T) {
	letters := rapid.StringMatching(`[ab9z]{1,4}`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[abABz9Z .]{0,20}`).Draw(t, "text")
		word := letters.Draw(t, "word")
		w := fulltext.NewWord(word, false)
		if got, want := w.In(text), strings.Contains(strings.ToLower(text), word); got != want {
			t.Fatalf("%q in %q: %t", word, text, got)
		}
	})
	if w := fulltext.NewWord("straße", false); w.In("strasse strae") || !w.Never {
		t.Error("ASCII holds what is none")
	}
}

// How many digits stand side by side bounds which numbers can hold a word.
func TestWordDigits(t *testing.T) {
	for _, tt := range []struct {
		text         string
		prefix       bool
		decimal, hex int
	}{
		{"web", false, 0, 2}, {"7", false, 1, 1}, {"rev12x345", false, 3, 3}, {"dead12", false, 2, 6},
		{"x12", true, math.MaxInt, math.MaxInt}, {"12x", true, 2, 2}, {"12ab", true, 2, math.MaxInt},
	} {
		if w := fulltext.NewWord(tt.text, tt.prefix); w.Decimal != tt.decimal || w.Hex != tt.hex {
			t.Errorf("%q, prefix %t: %d and %d digits, want %d and %d", tt.text, tt.prefix, w.Decimal, w.Hex, tt.decimal, tt.hex)
		}
	}
}
