package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
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
		for _, name := range allBuckets() {
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
	if _, err := s.Delete(t.Context(), "doomed", del, 0); err != nil {
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
	assertRecord(t, s, del.ID, before)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !inFile(t, dir, secretText) {
		t.Error("freed pages do not hold the text even before compacting: the test of that tests nothing")
	}
	if _, _, err := Compact(dir); err != nil {
		t.Fatal(err)
	}
	if inFile(t, dir, secretText) {
		t.Error("the text is in the file after compacting")
	}
	s = open(t, dir, Options{})
	checkClean(t, s)
	assertRecord(t, s, del.ID, before)
	// A project of that name starts empty but for the record, its keys free again.
	e := entry("doomed", 1)
	e.Key = secretText + "-1"
	got, err := s.Record(t.Context(), []*audit.Entry{e})
	if err != nil || got[0].Duplicate {
		t.Fatalf("recording with a key of a purged entry: %+v, %v", got, err)
	}
	if p, err := s.Project("doomed"); err != nil || p.State != audit.Active || p.Entries != 2 {
		t.Errorf("recorded to again: %+v, %v", p, err)
	}
}

// assertRecord wants the project to hold its deletion's record alone.
func assertRecord(t *testing.T, s *Store, id int64, before audit.Project) {
	t.Helper()
	page, err := audittest.List(t.Context(), s, audit.Query{Project: "doomed"}, audit.Paging{})
	if err != nil || len(page.Entries) != 1 {
		t.Fatalf("listed after the purge: %+v, %v", page, err)
	}
	e := page.Entries[0]
	p := e.Purge
	if e.ID != id || e.Action != "project.delete" || p == nil {
		t.Fatalf("the record is %s", e.AppendJSON(nil))
	}
	if p.Entries != before.Entries || p.By != "boss@example.com" || p.FirstID != 1 || p.LastID != 799 ||
		!p.From.Equal(before.First) || !p.To.Equal(before.Last) || p.At.IsZero() {
		t.Errorf("the record says %+v, purged were %+v", p, before)
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
