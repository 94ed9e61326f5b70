//go:build unix

package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	if held, err := Take(first); err != nil || !held {
		t.Fatalf("held is %t, %v", held, err)
	}
	if held, err := Take(second); held || !errors.Is(err, ErrTaken) {
		t.Errorf("the second has it, too: %t, %v", held, err)
	}
	first.Close()
	if held, err := Take(second); err != nil || !held {
		t.Errorf("after the first let go: held is %t, %v", held, err)
	}
	if _, err := Take(first); err == nil || errors.Is(err, ErrTaken) {
		t.Errorf("a file that is closed: %v", err)
	}
}

// A file is opened with the lock on it, or not at all.
func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, held, err := Open(path)
	if err != nil || !held {
		t.Fatalf("held is %t, %v", held, err)
	}
	if f, held, err := Open(path); f != nil || held || !errors.Is(err, ErrTaken) {
		t.Errorf("the second has it, too: %v, %t, %v", f, held, err)
	}
	first.Close()
	again, held, err := Open(path)
	if err != nil || !held {
		t.Fatalf("after the first let go: held is %t, %v", held, err)
	}
	again.Close()
	if f, _, err := Open(filepath.Join(path, "in it")); f != nil || err == nil {
		t.Errorf("where no file can be: %v, %v", f, err)
	}
}
