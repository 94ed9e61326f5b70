package store

import (
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

// Blocks that are full by the size of their entries, few as these are, are left
// alone by the seals that follow, and the full-text index is told of them.
func TestSealLeavesHeavyBlocks(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour})
	for round := range 4 {
		var batch []*audit.Entry
		for i := range 1000 {
			e := entry("acme", i)
			e.Detail = strings.Repeat("lorem ipsum ", 400)
			batch = append(batch, e)
		}
		if _, err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		before := s.BlockSeq()
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
		if n := s.BlockSeq() - before; n > 6 {
			t.Errorf("seal %d wrote %d blocks for 5 MB of entries", round, n)
		}
	}
	changes, _, err := s.BlockChanges(0, 1000)
	if blocks := checkClean(t, s).Blocks; err != nil || len(changes) < blocks-1 {
		t.Errorf("followers are told of %d of %d blocks, %v", len(changes), blocks, err)
	}
}
