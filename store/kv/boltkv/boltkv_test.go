package boltkv_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/kv/kvtest"
)

func open(t *testing.T, path string) *boltkv.DB {
	t.Helper()
	db, err := boltkv.Open(path, boltkv.Options{
		Init:   func(tx kv.Tx) error { return errors.Join(tx.CreateBucket("a"), tx.CreateBucket("b")) },
		Rising: []string{"b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestEngine(t *testing.T) {
	kvtest.Engine(t, func(t *testing.T) kv.DB { return open(t, filepath.Join(t.TempDir(), "deep", "data", "x.db")) })
}

// The engine that fails on demand is an engine while nothing is demanded.
func TestFaultyEngine(t *testing.T) {
	kvtest.Engine(t, func(t *testing.T) kv.DB {
		return &kvtest.DB{DB: open(t, filepath.Join(t.TempDir(), "x.db"))}
	})
}

// A file belongs to one process at a time; readers may share it once it is let go.
func TestOneOpener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path)
	if _, err := boltkv.Open(path, boltkv.Options{}); !errors.Is(err, kv.ErrInUse) {
		t.Errorf("a second opener: %v", err)
	}
	if _, err := boltkv.OpenReadOnly(path, boltkv.Options{}); !errors.Is(err, kv.ErrInUse) {
		t.Errorf("a reader beside the writer: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := boltkv.OpenReadOnly(path, boltkv.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		if err := r.Update(func(kv.Tx) error { return nil }); err == nil {
			t.Error("what is open for reading was written")
		}
	}
}

// A database whose making fails is not there.
func TestInitFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	no := errors.New("no")
	if _, err := boltkv.Open(path, boltkv.Options{Init: func(kv.Tx) error { return no }}); !errors.Is(err, no) {
		t.Errorf("opened: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if _, err := boltkv.OpenReadOnly(path, boltkv.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opened for reading: %v", err)
	}
}

// Compacting keeps every key and gives back what is free.
func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path)
	update := func(fn func(kv.Bucket) error) {
		t.Helper()
		if err := db.Update(func(tx kv.Tx) error { return fn(tx.Bucket("a")) }); err != nil {
			t.Fatal(err)
		}
	}
	update(func(b kv.Bucket) error {
		for i := range 1000 {
			if err := b.Put([]byte{byte(i >> 8), byte(i)}, make([]byte, 8000)); err != nil {
				return err
			}
		}
		return nil
	})
	update(func(b kv.Bucket) error {
		_, err := b.DeleteRange([]byte{0}, []byte{3}, 10_000)
		return err
	})
	if _, _, err := boltkv.Compact(path, boltkv.Options{}); !errors.Is(err, kv.ErrInUse) {
		t.Errorf("compacting an open file: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, after, err := boltkv.Compact(path, boltkv.Options{})
	if err != nil || after > before/2 {
		t.Errorf("from %d to %d bytes, %v", before, after, err)
	}
	db = open(t, path)
	n := 0
	err = db.View(func(tx kv.Tx) error {
		for range kv.All(tx.Bucket("a")) {
			n++
		}
		return nil
	})
	if err != nil || n != 1000-768 {
		t.Errorf("%d keys are left, %v", n, err)
	}
}

// A kill between the writing of a meta page and its sync leaves a commit that is seen and
// not on disk. Once the database was opened again, losing that page loses nothing.
func TestOpeningMakesDurableWhatIsSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path)
	put(t, db, "synced")
	before := readFile(t, path)
	put(t, db, "seen")
	killed := filepath.Join(t.TempDir(), "killed.db")
	after := readFile(t, path)
	writeFile(t, killed, after)

	page := os.Getpagesize()
	meta := 0 // which of the two the second commit wrote
	if bytes.Equal(before[:page], after[:page]) {
		meta = 1
	}
	lost := func(image []byte) []byte {
		image = bytes.Clone(image)
		copy(image[meta*page:], before[meta*page:(meta+1)*page])
		return image
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	writeFile(t, cut, lost(after))
	if has(t, open(t, cut), "seen") {
		t.Fatal("the image is not one in which the commit is lost")
	}

	reopened := open(t, killed)
	if !has(t, reopened, "seen") {
		t.Fatal("the commit is not seen")
	}
	image := lost(readFile(t, killed)) // a power cut now takes what was not synced by then
	writeFile(t, cut+"2", image)
	if db := open(t, cut+"2"); !has(t, db, "seen") || !has(t, db, "synced") {
		t.Error("what was seen after opening is lost by a power cut")
	}
}

func put(t *testing.T, db kv.DB, key string) {
	t.Helper()
	if err := db.Update(func(tx kv.Tx) error { return tx.Bucket("a").Put([]byte(key), []byte("v")) }); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, db kv.DB, key string) (ok bool) {
	t.Helper()
	err := db.View(func(tx kv.Tx) error {
		ok = tx.Bucket("a").Get([]byte(key)) != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a function of a transaction panics with is its caller's; only the engine's is an error.
func TestPanicsOfOthersGoOn(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	defer func() {
		if r := recover(); r != "mine" {
			t.Errorf("recovered %v", r)
		}
		put(t, db, "after")
	}()
	db.View(func(kv.Tx) error { panic("mine") })
}

// A file that loses its end while it is open is an error to who reads there, and no end of
// the process.
func TestCutOffWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path)
	for i := range 200 {
		put(t, db, fmt.Sprintf("%0400d", i))
	}
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	read := db.View(func(tx kv.Tx) error {
		for range kv.All(tx.Bucket("a")) {
		}
		return nil
	})
	write := db.Update(func(tx kv.Tx) error { return tx.Bucket("a").Put([]byte("k"), nil) })
	for _, err := range []error{read, write} {
		if !errors.Is(err, kv.ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("what is cut off is read: %v", err)
		}
	}
}
