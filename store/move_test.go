package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"auditlog/audit"
	"auditlog/store/copies"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/kv/kvtest"
	"auditlog/store/move"
	"auditlog/store/upgrade"
)

// Everything that a log may hold can be moved, whichever version wrote it, and what is there
// afterwards is the log.
func TestMove(t *testing.T) {
	files, err := filepath.Glob("testdata/format*/*.db.gz")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			from, to := unpackFixture(t, file), filepath.Join(t.TempDir(), "data")
			moveLog(t, from, to)
			before, after := open(t, from, Options{}), open(t, to, Options{})
			if before.Lineage() != after.Lineage() || !bytes.Equal(contents(t, before), contents(t, after)) {
				t.Error("it is not the same log")
			}
		})
	}
}

func moveLog(t *testing.T, from, to string) {
	t.Helper()
	moved, err := runMove(t, from, to)
	if err != nil || moved.Problems > 0 {
		t.Fatalf("move: %+v, %v", moved, err)
	}
}

func runMove(t *testing.T, from, to string) (move.Moved, error) {
	place := func(at string) move.Place {
		if IsAddress(at) {
			return move.Place{Path: at, Shared: true}
		}
		return move.Place{Path: filepath.Join(at, FileName)}
	}
	return move.Run(t.Context(), place(from), place(to), move.Options{Report: func(problem string) { t.Error(problem) }})
}

// What is in use is not moved, nor to where something is.
func TestMoveRefuses(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	s := open(t, from, Options{})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); err != nil {
		t.Fatal(err)
	}
	refused := func(why string, want func(error) bool) {
		t.Helper()
		if _, err := runMove(t, from, to); !want(err) {
			t.Errorf("%s: %v", why, err)
		}
	}
	refused("a source that is open", func(err error) bool { return errors.Is(err, move.ErrInUse) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	moveLog(t, from, to)
	refused("a target that has a log", func(err error) bool { return audit.KindOf(err) == audit.Conflict })
	if err := os.Remove(filepath.Join(from, FileName)); err != nil {
		t.Fatal(err)
	}
	refused("no source", func(err error) bool { return errors.Is(err, os.ErrNotExist) })
}

// filled is an engine that a copy is to fill.
func filled(t *testing.T, path string) *kvtest.DB {
	t.Helper()
	db, err := boltkv.Open(path, boltkv.Options{Init: copies.MakeRoom})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &kvtest.DB{DB: db}
}

// A copy that ends at any of its commits, written or not, leaves a database that no log is
// opened in, and is made anew by the next.
func TestCopyIntoEndsAnywhere(t *testing.T) {
	alone(t)
	from, err := openDB(unpackFixture(t, "testdata/format4/proved.db.gz"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	opts := copies.Options{Compare: copies.Same(t.Context(), from), Report: func(problem string) { t.Error(problem) }}
	ended := errors.New("ended")
	for last := 1; ; last++ {
		for _, written := range []bool{false, true} {
			to := filled(t, filepath.Join(t.TempDir(), "x.db"))
			n := 0
			end := func() error {
				if n++; n == last {
					return ended
				}
				return nil
			}
			if written {
				to.After = end
			} else {
				to.Before = func([]string) error { return end() }
			}
			_, err := copies.Into(t.Context(), to, from, opts)
			if n < last {
				if err != nil || n < 10 {
					t.Errorf("it has taken %d commits, %v", n, err)
				}
				return
			}
			if !errors.Is(err, ended) {
				t.Fatal(err)
			}
			to.Before, to.After = nil, nil
			again(t, to, from, opts)
		}
	}
}

// again copies once more to where a copy was cut short, unless all of it is there.
func again(t *testing.T, to, from kv.DB, opts copies.Options) {
	t.Helper()
	opens := to.View(func(tx kv.Tx) error { _, err := upgrade.VersionOf(tx, format.Version, to.Name()); return err })
	if opens == nil {
		if err := opts.Compare(to); err != nil {
			t.Errorf("a log would be opened, and %v", err)
		}
		return
	}
	if _, err := copies.Into(t.Context(), to, from, opts); err != nil {
		t.Error(err)
	}
	if err := opts.Compare(to); err != nil {
		t.Error(err)
	}
}
