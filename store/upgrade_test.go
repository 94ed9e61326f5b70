package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/upgrade"
)

// bare opens the database of a store that is closed, as what it is.
func bare(t *testing.T, dir string) kv.DB {
	t.Helper()
	db, err := boltkv.Open(filepath.Join(dir, FileName), engineOptions(nil))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// formatIn returns a database's version, and whether it has a bucket.
func formatIn(t *testing.T, db kv.DB, bucket string) (version uint64, there bool) {
	t.Helper()
	err := db.View(func(tx kv.Tx) error {
		version, there = format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaFormat)), tx.Bucket(bucket) != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return version, there
}

// TestUpgrade plays the versions that come after this one: each adds a bucket. A step that
// fails leaves the database where it was, and a later start goes on from there.
func TestUpgrade(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := bare(t, dir)
	defer func() { db.Close() }()
	broken, runs := errors.New("broken"), 0
	add := func(bucket string) func(kv.Tx) error {
		return func(tx kv.Tx) error {
			runs++
			return tx.CreateBucket(bucket)
		}
	}
	failing := func(tx kv.Tx) error { return errors.Join(add("second")(tx), broken) }
	err := upgrade.Run(db, format.Version+2, []upgrade.Step{{To: format.Version + 1, Name: "add first", Run: add("first")}, {To: format.Version + 2, Name: "add second", Run: failing}})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "from format 5 to 6 (add second)") {
		t.Fatalf("a step that fails: %v", err)
	}
	if version, there := formatIn(t, db, "first"); version != format.Version+1 || !there {
		t.Errorf("after the first step: format %d, its bucket %t", version, there)
	}
	if _, there := formatIn(t, db, "second"); there {
		t.Error("what a step did that failed is there")
	}
	runs = 0
	later := []upgrade.Step{{To: format.Version + 1, Name: "add first", Run: add("first")}, {To: format.Version + 2, Name: "add second", Run: add("second")}}
	for range 2 {
		if err := upgrade.Run(db, format.Version+2, later); err != nil {
			t.Fatal(err)
		}
	}
	if version, there := formatIn(t, db, "second"); version != format.Version+2 || !there || runs != 1 {
		t.Errorf("at the end: format %d, the bucket %t, %d steps were run", version, there, runs)
	}
	if err := upgrade.Run(db, format.Version+3, later); err == nil || !strings.Contains(err.Error(), "no step leads from format 6 to 7") {
		t.Errorf("a step that is missing: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	_, err = Open(dir, Options{})
	if audit.KindOf(err) != audit.Conflict || err.Error() != "the database has format 6, this program knows up to 4: run a newer auditlog" {
		t.Errorf("a newer format: %v", err)
	}
}

// TestStepsLeadToTheNewest wants a step to each format behind the first that was released.
func TestStepsLeadToTheNewest(t *testing.T) {
	version := uint64(upgrade.First)
	for _, s := range upgrade.Steps() {
		if s.To != version+1 || s.Name == "" || s.Run == nil {
			t.Errorf("a step to format %d, %q, comes behind format %d", s.To, s.Name, version)
		}
		version = s.To
	}
	if version != format.Version {
		t.Errorf("the steps lead to format %d, this program writes %d", version, format.Version)
	}
}

// TestMissingBucket: a database that lacks a bucket is damaged, and says which one it is.
func TestMissingBucket(t *testing.T) {
	for _, name := range format.Buckets() {
		if name == format.Meta {
			continue // without it the file is none of ours
		}
		dir := t.TempDir()
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(db.Update(func(tx *bbolt.Tx) error {
			return errors.Join(tx.DeleteBucket([]byte(name)), tx.DeleteBucket([]byte("_commit"))) // nor does the engine know of it
		}), db.Close())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); !errors.Is(err, format.ErrCorrupt) || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
