package storetest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"auditlog/audit"
)

// Whoever follows the log sees every entry once, in commit order, or a project's in the
// order of its seqs, wherever they lie and whatever was purged.
func testFollowing(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	settle := func() {
		if s, ok := log.(Settler); ok {
			if err := s.Settle(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 12 {
		record(t, log, "acme", 3+i)
		record(t, log, "doomed", 2)
		record(t, log, "globex", 1)
		if i%4 == 1 {
			settle()
		}
	}
	if _, err := log.Delete(t.Context(), "doomed", plainEntry("doomed"), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	before := log.LastID()
	for done := false; !done; {
		var err error
		if done, err = log.PurgeStep(t.Context(), "doomed"); err != nil {
			t.Fatal(err)
		}
	}
	record(t, log, "doomed", 2)
	for _, limit := range []int{1, 5, 1000} {
		ids, seqs := followIDs(t, log, limit)
		for project, want := range map[string][]int64{"acme": upTo(1, 102), "globex": upTo(1, 12), "doomed": upTo(25, 28)} {
			if got := followSeqs(t, log, project, limit); !slices.Equal(got, want) || !slices.Equal(seqs[project], want) {
				t.Errorf("%s, %d at a time: seqs %v, and %v in the log, want %v", project, limit, got, seqs[project], want)
			}
		}
		// The deletion and the purge stand in the system project as well.
		if got := seqs[audit.SystemProject]; !slices.Equal(got, upTo(1, 2)) {
			t.Errorf("%d at a time: seqs %v in the system project", limit, got)
		}
		if n := len(ids); n != 102+12+4+2 || ids[n-1] != before+4 {
			t.Errorf("%d at a time: %d entries, the last is %d", limit, n, ids[n-1])
		}
	}
	since, err := log.Since(t.Context(), "doomed", before, 10)
	if err != nil || len(since) != 3 || since[0].Action != "project.purge" {
		t.Errorf("since the deletion: %v, %v", since, err)
	}
}

func upTo(first, last int64) (seqs []int64) {
	for ; first <= last; first++ {
		seqs = append(seqs, first)
	}
	return seqs
}

// followIDs reads the whole log, and returns its ids, and the seqs of each project.
func followIDs(t *testing.T, log Log, limit int) (ids []int64, seqs map[string][]int64) {
	t.Helper()
	seqs = make(map[string][]int64)
	for at := int64(0); at < log.LastID(); {
		entries, through, err := log.After(t.Context(), at, limit)
		if err != nil || len(entries) > limit || through <= at {
			t.Fatalf("%d entries behind %d, through %d: %v", len(entries), at, through, err)
		}
		for _, e := range entries {
			if e.ID <= at || e.ID > through {
				t.Fatalf("entry %d behind %d, through %d", e.ID, at, through)
			}
			at = e.ID
			ids = append(ids, e.ID)
			seqs[e.Project] = append(seqs[e.Project], e.Seq)
		}
		at = through
	}
	return ids, seqs
}

// followSeqs reads a whole project and returns its seqs.
func followSeqs(t *testing.T, log Log, project string, limit int) (seqs []int64) {
	t.Helper()
	for at := int64(0); ; at = seqs[len(seqs)-1] {
		entries, err := log.AfterSeq(t.Context(), project, at, limit)
		if err != nil || len(entries) > limit {
			t.Fatalf("%d entries behind %d: %v", len(entries), at, err)
		}
		if len(entries) == 0 {
			return seqs
		}
		for _, e := range entries {
			seqs = append(seqs, e.Seq)
		}
	}
}

// A cursor is durable once it was saved, and everybody's own.
func testCursors(t *testing.T, open Engine) {
	dir := t.TempDir()
	log := open.open(t, dir)
	record(t, log, "acme", 3)
	for _, name := range []string{"", strings.Repeat("x", audit.MaxCursorName+1)} {
		if err := log.SaveCursor(t.Context(), name, 1); audit.KindOf(err) != audit.Invalid {
			t.Errorf("a name of %d bytes: %v", len(name), err)
		}
	}
	if _, ok, err := log.Cursor("siem"); ok || err != nil {
		t.Errorf("a cursor is there before it was saved: %v", err)
	}
	for _, c := range []struct {
		name string
		at   int64
	}{{"siem", 1}, {"alerts", 2}, {"gone", 1}, {"siem", 3}} {
		if err := log.SaveCursor(t.Context(), c.name, c.at); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := log.DeleteCursor(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = open.open(t, dir)
	if at, ok, err := log.Cursor("siem"); at != 3 || !ok || err != nil {
		t.Errorf("opened again, the cursor is at %d, %t, %v", at, ok, err)
	}
	if all, err := log.Cursors(); err != nil || !maps.Equal(all, map[string]int64{"siem": 3, "alerts": 2}) {
		t.Errorf("the cursors are %v, %v", all, err)
	}
}
