package boltkv_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"auditlog/store/kv"
)

// Readers that share what was found whole of a state each see the state that they began with,
// whatever is written meanwhile.
func TestReadersOfOneStateAtOnce(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	write := func(n int) error {
		return db.Update(func(tx kv.Tx) error {
			for i := range 300 {
				if err := tx.Bucket("a").Put(fmt.Appendf(nil, "%0200d", i), fmt.Appendf(nil, "%d", n)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(0); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for last := ""; ; {
				err := db.View(func(tx kv.Tx) error {
					n, first := 0, ""
					for _, v := range kv.All(tx.Bucket("a")) {
						if n++; n == 1 {
							first = string(v)
						}
						if string(v) != first {
							return fmt.Errorf("key %d is of %s, the first of %s", n, v, first)
						}
					}
					if n != 300 || len(first) < len(last) || len(first) == len(last) && first < last {
						return fmt.Errorf("%d keys of %s, after %s", n, first, last)
					}
					last = first
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := range 20 {
		if err := write(n + 1); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}

// What turns after it was found whole is come across: a value at once, the structure soon.
func TestDamageBehindReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path)
	for i := range 200 {
		put(t, db, fmt.Sprintf("%0400d", i))
	}
	read := func() error {
		return db.View(func(tx kv.Tx) error {
			for range kv.All(tx.Bucket("a")) {
			}
			return nil
		})
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := os.Getpagesize()
	for page := 2; ; page++ { // the numbers by which pages know themselves
		head := make([]byte, 8)
		if _, err := f.ReadAt(head, int64(page*size)); err != nil {
			break
		}
		head[0] ^= 1
		if _, err := f.WriteAt(head, int64(page*size)); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := read()
		if errors.Is(err, kv.ErrDamaged) {
			return
		}
		if err != nil || time.Now().After(end) {
			t.Fatalf("pages that are others are read: %v", err)
		}
	}
}
