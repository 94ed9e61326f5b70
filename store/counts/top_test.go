package counts

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// countTwice counts values as Tally has them counted.
func countTwice(values []string, most int) (topValues, bool) {
	top := newTopValues()
	for _, v := range values {
		top.add(v, 1)
	}
	if !top.lossy {
		return top, false
	}
	top.choose(most)
	for _, v := range values {
		top.add(v, 1)
	}
	return top, true
}

// What is kept of values is bounded, however many there are and however long.
func TestTopValuesAreBounded(t *testing.T) {
	top := newTopValues()
	for i := range 100_000 {
		top.add(fmt.Sprintf("%0*d", 10+i%500, i), 1)
		if len(top.counts) > maxValues || top.bytes > maxValueBytes {
			t.Fatalf("%d values of %d bytes are kept", len(top.counts), top.bytes)
		}
	}
	if got := top.distinct.estimate(); math.Abs(float64(got-100_000)) > 6_000 {
		t.Errorf("%d values are estimated, of 100,000", got)
	}
}

// A value that more entries have than half the room allows is told with its true count,
// wherever it comes and whatever comes between.
func TestFrequentValuesAreNotLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const rare = 3 * maxValues
		frequent := rapid.IntRange(1, 5).Draw(t, "frequent")
		from := rapid.IntRange(0, rare/2).Draw(t, "from")
		every := rapid.IntRange(1, 200).Draw(t, "every")
		var values []string
		counts := make(map[string]int64)
		for i := range rare {
			values = append(values, fmt.Sprint("rare ", i))
			if i >= from && i%every == 0 {
				v := fmt.Sprint("frequent ", i/every%frequent)
				values = append(values, v)
				counts[v]++
			}
		}
		top, again := countTwice(values, 20)
		got := top.values(5, int64(len(values)))
		if !again || !got.Estimated {
			t.Fatal("nothing was lost: this tested nothing")
		}
		told, sum := make(map[string]bool), int64(0)
		for _, v := range got.Top {
			sum += v.Count
			if n, ok := counts[v.Value]; ok && n != v.Count || !ok && v.Count != 1 {
				t.Fatalf("%s is counted %d times, of %d", v.Value, v.Count, counts[v.Value])
			}
			told[v.Value] = true
		}
		if got.OtherEntries != int64(len(values))-sum {
			t.Fatalf("%d entries have others, of %d", got.OtherEntries, len(values))
		}
		for v, n := range counts {
			if n > int64(len(values))/(maxValues/2) && !told[v] {
				t.Fatalf("the most frequent are %v, want %v", got.Top, counts)
			}
		}
	})
}

// Few values are counted in one go, and exactly.
func TestFewValues(t *testing.T) {
	top, again := countTwice([]string{"b", "a", "b", "c"}, 10)
	got := top.values(2, 4)
	if again || len(got.Top) != 2 || got.Top[0].Value != "b" || got.Top[0].Count != 2 || got.Top[1].Value != "a" ||
		got.Others != 1 || got.OtherEntries != 1 || got.Estimated {
		t.Errorf("%+v", got)
	}
}
