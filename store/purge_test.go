package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// secretText is what must be gone after a purge. It is as the store writes it
// nowhere but in a project's own entries.
const secretText = "xk7-quartz-zephyr-vow"

// purgeScene records a project that is to go beside one that stays.
func purgeScene(t *testing.T, dir string) *Store {
	s := open(t, dir, Options{SealAfter: time.Hour})
	for i := range 400 {
		e := entry("doomed", i)
		e.Detail, e.Key = fmt.Sprintf("%s-%d", secretText, i), fmt.Sprintf("%s-%d", secretText, i)
		e.Resource.ID = secretText
		if _, err := s.Record(t.Context(), []*audit.Entry{e, entry("kept", i)}); err != nil {
			t.Fatal(err)
		}
		if i%150 == 0 {
			if err := s.Seal(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// reachable returns whether any key or value of the database holds text.
func reachable(t *testing.T, s *Store, text string) (found bool) {
	t.Helper()
	err := s.db.View(func(tx kv.Tx) error {
		for _, name := range format.Buckets() {
			for k, v := range kv.All(tx.Bucket(name)) {
				found = found || bytes.Contains(k, []byte(text)) || bytes.Contains(v, []byte(text))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func inFile(t *testing.T, dir, text string) bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(data, []byte(text))
}

// TestPurgeLeavesNothing searches the bytes of the database: after the purge no
// key or value holds the text, after compacting the file does not either.
func TestPurgeLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := purgeScene(t, dir)
	if !reachable(t, s, secretText) || !inFile(t, dir, secretText) {
		t.Fatal("the text is not to be found even before the purge: this test tests nothing")
	}
	before, err := s.Project("doomed")
	if err != nil {
		t.Fatal(err)
	}
	del := entry("doomed", 0)
	del.Action, del.Actor.Email = "project.delete", "boss@example.com"
	del.Metadata = map[string]string{"token": "0f3KxQ9Z", "tokenCreatedBy": "root@example.com"}
	if _, err := s.Delete(t.Context(), "doomed", del, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		if done, err = s.PurgeStep(t.Context(), "doomed"); err != nil {
			t.Fatal(err)
		}
	}
	checkClean(t, s)
	if reachable(t, s, secretText) {
		t.Error("the text is in a key or value after the purge")
	}
	assertRecord(t, s, del, before)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !inFile(t, dir, secretText) {
		t.Log("the freed pages have been written over already: there is nothing left for compacting to remove")
	}
	if _, _, err := Compact(dir); err != nil {
		t.Fatal(err)
	}
	if inFile(t, dir, secretText) {
		t.Error("the text is in the file after compacting")
	}
	s = open(t, dir, Options{})
	checkClean(t, s)
	assertRecord(t, s, del, before)
	// A project of that name starts empty but for the record, its keys free again.
	e := entry("doomed", 1)
	e.Key = secretText + "-1"
	got, err := s.Record(t.Context(), []*audit.Entry{e})
	if err != nil || got[0].Duplicate {
		t.Fatalf("recording with a key of a purged entry: %+v, %v", got, err)
	}
	if p, err := s.Project("doomed"); err != nil || p.State != audit.Active || p.Entries != 3 || e.Seq != 403 {
		t.Errorf("recorded to again: %+v, %v", p, err)
	}
}

// assertRecord wants the project to hold its deletion's entry, as it was recorded, and
// that of its purge alone.
func assertRecord(t *testing.T, s *Store, del *audit.Entry, before audit.Project) {
	t.Helper()
	page, err := audittest.List(t.Context(), s, audit.Query{Project: "doomed"}, audit.Paging{})
	if err != nil || len(page.Entries) != 2 {
		t.Fatalf("listed after the purge: %+v, %v", page, err)
	}
	purge, deletion := page.Entries[0], page.Entries[1]
	if got, want := string(deletion.AppendJSON(nil)), string(del.AppendJSON(nil)); got != want {
		t.Errorf("the project.delete entry is\n%s\nwant\n%s", got, want)
	}
	want := &audit.Entry{
		ID: 803, Seq: 402, Project: "doomed", Actor: del.Actor, Action: "project.purge", Resource: del.Resource,
		Outcome: audit.Success, CreatedAt: purge.RecordedAt, RecordedAt: purge.RecordedAt, RecordedBy: audit.RecordedByLog,
		Detail: fmt.Sprintf("Purged 400 entries: seqs 1 to 400, ids 1 to 799, of %s to %s, as ordered by boss@example.com with entry 801",
			before.First.Format(time.RFC3339), before.Last.Format(time.RFC3339)),
		Metadata: map[string]string{
			"entries": "400", "firstSeq": "1", "lastSeq": "400", "firstId": "1", "lastId": "799",
			"from": audit.FormatTime(before.First), "to": audit.FormatTime(before.Last),
			"by": "boss@example.com", "deleteId": "801", "deleteSeq": "401", "deletedAt": audit.FormatTime(del.RecordedAt),
			"incarnation": "1", "token": "0f3KxQ9Z", "tokenCreatedBy": "root@example.com",
		},
	}
	if got, want := string(purge.AppendJSON(nil)), string(want.AppendJSON(nil)); got != want {
		t.Errorf("the project.purge entry is\n%s\nwant\n%s", got, want)
	}
}

// TestPurgedAgainAndAgain wants each purge to leave its pair of entries and those of the
// purges before it, byte for byte, and the seqs to go on through all of them.
func TestPurgedAgainAndAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{SealAfter: time.Hour})
	var left []string
	seq := int64(0)
	for round := range 5 {
		var batch []*audit.Entry
		for i := range round * 7 {
			batch = append(batch, entry("doomed", i))
		}
		batch = append(batch, entry("kept", round), entry("doomed", -round))
		if _, err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		del := entry("doomed", round)
		if _, err := s.Delete(t.Context(), "doomed", del, audit.DeletionOrder{}); err != nil {
			t.Fatal(err)
		}
		if want := seq + int64(round*7) + 2; del.Seq != want {
			t.Fatalf("round %d: project.delete has seq %d, want %d", round, del.Seq, want)
		}
		left = append(left, string(del.AppendJSON(nil)))
		for done := false; !done; {
			var err error
			if done, err = s.PurgeStep(t.Context(), "doomed"); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := s.Since(t.Context(), "doomed", 0, 100)
		if err != nil || len(entries) != len(left)+1 {
			t.Fatalf("round %d: %d entries are left of %d: %v", round, len(entries), len(left)+1, err)
		}
		for i, want := range left {
			if got := string(entries[i].AppendJSON(nil)); got != want {
				t.Errorf("round %d: entry %d is\n%s\nwant\n%s", round, i, got, want)
			}
		}
		purge := entries[len(left)]
		if purge.Action != format.ActionPurge || purge.Seq != del.Seq+1 || purge.Metadata["entries"] != fmt.Sprint(round*7+1) ||
			purge.Metadata["firstSeq"] != fmt.Sprint(seq+1) || purge.Metadata["incarnation"] != fmt.Sprint(round+1) {
			t.Errorf("round %d: the purge is %s", round, purge.AppendJSON(nil))
		}
		left, seq = append(left, string(purge.AppendJSON(nil))), purge.Seq
		if round%2 == 1 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, Options{SealAfter: time.Hour})
		}
		checkClean(t, s)
	}
}

// The end of a purge tells what sinks had not delivered, exactly, also where the log is opened
// again between the steps.
func TestPurgeTellsWhatWasNotShipped(t *testing.T) {
	dir := t.TempDir()
	s := purgeScene(t, dir) // doomed has the odd ids up to 799, and then the project.delete entry
	del := entry("doomed", 0)
	if _, err := s.Delete(t.Context(), "doomed", del, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	opts := Options{SealAfter: time.Hour, Purging: func(project string) map[string]int64 {
		if project != "doomed" {
			t.Errorf("asked for the sinks of %s", project)
		}
		return map[string]int64{"none": 0, "some": 301, "all": 799, "ahead": 900}
	}}
	for done, steps := false, 0; !done; steps++ {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, opts)
		opts.Purging = nil // the first step alone asks
		var err error
		if done, err = s.PurgeStep(t.Context(), "doomed"); err != nil {
			t.Fatal(err)
		}
	}
	last, err := s.Since(t.Context(), "doomed", del.ID, 10)
	if err != nil || len(last) != 1 || last[0].Metadata["undelivered"] != "none 400, some 249" ||
		!strings.HasSuffix(last[0].Detail, "; not shipped to sinks before that: none 400, some 249") {
		t.Errorf("the purge ends with %+v, %v", last, err)
	}
}

func TestCompactNeedsTheFileForItself(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	if _, _, err := Compact(dir); audit.KindOf(err) != audit.Conflict {
		t.Errorf("compacting a database in use: %v", err)
	}
	if _, err := Check(t.Context(), dir, func(string) {}); audit.KindOf(err) != audit.Conflict {
		t.Errorf("checking a database in use: %v", err)
	}
	if _, _, err := Compact(t.TempDir()); err == nil {
		t.Error("compacting nothing")
	}
}
