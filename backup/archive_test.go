package backup_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/backup"
	"auditlog/backup/place"
)

// A file that is no backup is not replaced by one.
func TestArchiveInThePlaceOfAFile(t *testing.T) {
	dir := t.TempDir()
	r := newRows(t)
	r.put(t, 100, 300)
	create := func(path string) error {
		a, err := place.CreateArchive(path)
		if err != nil {
			return err
		}
		defer a.Close()
		d, err := backup.NewDeposit(t.Context(), a, time.Now())
		if err != nil {
			return err
		}
		defer d.Close()
		_, err = backup.Take(t.Context(), r, d, r.options())
		return err
	}
	var other bytes.Buffer
	w := tar.NewWriter(&other)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "main.go", Mode: 0o600}), w.Close()); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"notes.txt": []byte("mine"), "sources.tar": other.Bytes()} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := create(path); audit.KindOf(err) != audit.Conflict {
			t.Errorf("%s: %v", name, err)
		}
		if is, err := os.ReadFile(path); err != nil || !bytes.Equal(is, data) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
	path := filepath.Join(dir, "log.tar")
	for range 2 {
		if err := create(path); err != nil {
			t.Error(err)
		}
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := create(path); err != nil {
		t.Errorf("in the place of an empty file: %v", err)
	}
}
