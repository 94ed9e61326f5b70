package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
)

// TestReadersSeeWholeCommits lists while others record, seal and purge: every
// commit is there whole or not at all, each entry once, and nothing that was
// acknowledged before the listing began is missing.
func TestReadersSeeWholeCommits(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealRows: 64, SealAfter: time.Millisecond,
		sizes: blocks.Sizes{BlockRows: 16, IndexableRows: 8, IndexableBytes: 4 << 10, Span: 4, Ahead: 2}})
	const writers, commits, size = 3, 60, 7
	var acked [writers]atomic.Int64
	var recording, reading sync.WaitGroup
	for w := range writers {
		recording.Go(func() {
			for c := range commits {
				var batch []*audit.Entry
				for i := range size {
					e := entry("acme", i)
					e.Actor.Email = fmt.Sprintf("w%d", w)
					e.Resource.ID = fmt.Sprint(c)
					e.CreatedAt = time.Now().Add(-time.Duration((c*7919+i*104729)%5000) * time.Millisecond)
					batch = append(batch, e)
				}
				if _, err := s.Record(t.Context(), batch); err != nil {
					t.Error(err)
				}
				acked[w].Store(int64(c + 1))
			}
		})
	}
	stop := make(chan struct{})
	reading.Go(func() { churn(t, s, stop) })
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					readWhole(t, s, size, &acked)
				}
			}
		})
	}
	recording.Wait()
	close(stop)
	reading.Wait()
	readWhole(t, s, size, &acked)
	checkClean(t, s)
}

// churn records to, deletes and purges another project.
func churn(t *testing.T, s *Store, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		var batch []*audit.Entry
		for i := range 40 {
			batch = append(batch, entry("brief", i))
		}
		if _, err := s.Record(t.Context(), batch); err != nil {
			t.Error(err)
			return
		}
		if _, err := s.Delete(t.Context(), "brief", entry("brief", 0), audit.DeletionOrder{Grace: 0}); err != nil {
			t.Error(err)
			return
		}
		for done := false; !done; {
			var err error
			if done, err = s.PurgeStep(t.Context(), "brief"); err != nil {
				t.Error(err)
				return
			}
		}
	}
}

// readWhole lists everything in one page, the state of one moment.
func readWhole(t *testing.T, s *Store, size int, acked *[3]atomic.Int64) {
	var before [3]int64
	for w := range before {
		before[w] = acked[w].Load()
	}
	page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: audit.MaxLimit})
	if err != nil {
		t.Error(err)
		return
	}
	ids := make(map[int64]bool)
	seen := make(map[string]int)
	for i, e := range page.Entries {
		if ids[e.ID] {
			t.Errorf("entry %d is listed twice", e.ID)
		}
		ids[e.ID] = true
		if i > 0 && blocks.ByPosition(page.Entries[i-1], e) <= 0 {
			t.Errorf("entry %d is out of order", e.ID)
		}
		seen[e.Actor.Email+"/"+e.Resource.ID]++
	}
	if page.Next != "" {
		return // of many pages only the first is of one moment
	}
	for commit, n := range seen {
		if n != size {
			t.Errorf("%d of %d entries of commit %s are listed", n, size, commit)
		}
	}
	for w, n := range before {
		for c := range n {
			if seen[fmt.Sprintf("w%d/%d", w, c)] == 0 {
				t.Errorf("commit %d of writer %d was acknowledged and is not listed", c, w)
			}
		}
	}
}
