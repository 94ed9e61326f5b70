package distinct

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"auditlog/store/block/bits"
)

// TestIndex numbers strings that are one in memory, copies of each other, and empty ones, round after
// round in the same memory.
func TestIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	shared := []string{"", "web", "api", "deployment.deploy"}
	table := NewTable()
	for round := range 50 {
		table.Reset()
		var values, want []string
		for range bits.MaxRows {
			v := shared[random.IntN(len(shared))]
			switch random.IntN(4) {
			case 0:
				v = strings.Clone(v)
			case 1:
				v = fmt.Sprint(v, random.IntN(20*round+1))
			}
			n := slices.Index(want, v)
			if n < 0 {
				n = len(want)
				want = append(want, v)
			}
			index := table.Index
			if random.IntN(8) == 0 {
				index = func(values *[]string, v string) uint16 { return table.IndexBytes(values, []byte(v)) }
			}
			if got := index(&values, v); int(got) != n {
				t.Fatalf("round %d: %q is number %d, want %d", round, v, got, n)
			}
		}
		if !slices.Equal(values, want) {
			t.Fatalf("round %d: %q, want %q", round, values, want)
		}
		if round%3 == 0 {
			table.Forget()
		}
	}
}
