package memory

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
)

// However many lists entries are, sorted returns all of them by position.
func TestSorted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for lists := 1; lists < 12; lists++ {
		var entries []*audit.Entry
		for range lists {
			at := time.UnixMicro(random.Int64N(100))
			for range 1 + random.IntN(20) {
				at = at.Add(time.Duration(random.IntN(3)) * time.Microsecond)
				entries = append(entries, &audit.Entry{ID: int64(len(entries) + 1), CreatedAt: at})
			}
		}
		want := slices.SortedFunc(slices.Values(entries), blocks.ByPosition)
		if got := sorted(entries); !slices.Equal(got, want) {
			t.Errorf("of %d lists: %v, want %v", lists, got, want)
		}
	}
	reversed := make([]*audit.Entry, 100)
	for i := range reversed {
		reversed[i] = &audit.Entry{ID: int64(100 - i)}
	}
	if got := sorted(reversed); !slices.IsSortedFunc(got, blocks.ByPosition) || len(got) != 100 {
		t.Error("what is the other way round is not sorted")
	}
}
