package index

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Phrases of repeated words, in texts of repeated words, are found where they are.
func TestRepetitivePhrases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"a", "b", "aa", "世", "界"})
		list := func(label string, most int) []string {
			return rapid.SliceOfN(word, 1, most).Draw(t, label)
		}
		sep := rapid.SampledFrom([]string{" ", "-", ". "})
		value := list("first", 1)[0]
		for _, w := range list("text", 14) {
			value += sep.Draw(t, "sep") + w
		}
		asked := list("phrase", 6)
		text := `"` + strings.Join(asked, " ") + `"`
		if rapid.Bool().Draw(t, "touching") {
			text = strings.Join(asked, "-")
			if rapid.Bool().Draw(t, "prefix") {
				text += "-aaa*"
			}
		}
		q, err := Parse(text)
		if err != nil {
			t.Skip(err)
		}
		if got, want := q.Match(q.Terms(value)), naiveMatch(q, []string{value}); got != want {
			t.Fatalf("%s in %q: %t, want %t", text, value, got, want)
		}
	})
}

// However long a phrase is and however often it begins, each word of a text is looked at
// about once.
func TestLongPhraseCostsNoMoreThanAShortOne(t *testing.T) {
	value := strings.Repeat("a ", 20_000)
	fastest := func(words int) time.Duration {
		q, err := Parse(`-"` + strings.Repeat("a ", words) + `b"`)
		if err != nil {
			t.Fatal(err)
		}
		best := time.Duration(math.MaxInt64)
		for range 7 {
			began := time.Now()
			if q.Terms(value+"b?")&1 != 0 != (words <= 20_000) {
				t.Fatal("the phrase is at the end of the text, and was not found")
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	if short, long := fastest(1), fastest(maxWords-1); long > 8*short {
		t.Errorf("a phrase of %d words takes %v, one of 2 words %v", maxWords, long, short)
	}
}

// What a query costs is bounded before it runs.
func TestTooManyWords(t *testing.T) {
	for _, text := range []string{
		`-"` + strings.Repeat("a ", 500) + `b"`,
		strings.Repeat("a-", maxWords) + "a",
		`"` + strings.Repeat("a ", maxWords/2) + `" "` + strings.Repeat("b ", maxWords/2+1) + `"`,
	} {
		if _, err := Parse(text); err == nil || err.Error() != "q: must hold at most 128 words, those of its phrases included" {
			t.Errorf("%.20s…: %v", text, err)
		}
	}
}
