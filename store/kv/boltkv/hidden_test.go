package boltkv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// hiddenKey returns key number i of the bucket that TestHidden walks.
func hiddenKey(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }

// A walk around damage comes to every key but those that it is told are hidden, whichever way
// it goes and whatever is damaged.
func TestHidden(t *testing.T) {
	const n = 3000
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path)
	for at := 0; at < n; at += 500 {
		err := db.Update(func(tx kv.Tx) error {
			for i := at; i < at+500; i++ {
				if err := tx.Bucket("a").Put(hiddenKey(i), bytes.Repeat([]byte{byte(i)}, 10+i%700)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	hid := 0
	for range 150 {
		b := bytes.Clone(whole)
		hurt(r, b)
		damaged := filepath.Join(t.TempDir(), "y.db")
		if err := os.WriteFile(damaged, b, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := boltkv.OpenReadOnly(damaged, boltkv.Options{})
		if err != nil {
			if !errors.Is(err, kv.ErrDamaged) {
				t.Fatal(err)
			}
			continue
		}
		for _, back := range []bool{false, true} {
			hid += walkAround(t, db, n, back)
		}
		db.Close()
	}
	if hid == 0 {
		t.Error("nothing was ever hidden")
	}
}

// hurt flips a bit of a page or wipes one.
func hurt(r *rand.Rand, b []byte) {
	size := os.Getpagesize()
	at := (2 + r.IntN(len(b)/size-2)) * size
	switch r.IntN(3) {
	case 0:
		clear(b[at : at+size])
	case 1:
		b[at+r.IntN(size)] ^= 1 << r.IntN(8)
	default:
		b[at+r.IntN(200)] ^= 1 << r.IntN(8)
	}
}

// walkAround walks all that can be read, and returns how many keys are hidden.
func walkAround(t *testing.T, db kv.DB, n int, back bool) int {
	t.Helper()
	seen := make([]bool, n)
	hidden := 0
	err := db.View(func(tx kv.Tx) error {
		b := tx.Bucket("a")
		if h := tx.Pass(); h != nil {
			hidden = n
			return nil
		}
		c := b.Cursor()
		first, next := c.First, c.Next
		if back {
			first, next = c.Last, c.Prev
		}
		for k, v := first(); ; k, v = next() {
			for k == nil {
				h := tx.Pass()
				if h == nil {
					return nil
				}
				for i := range n {
					key := hiddenKey(i)
					if !seen[i] && bytes.Compare(key, h.From) >= 0 && (h.To == nil || bytes.Compare(key, h.To) < 0) {
						seen[i] = true
						hidden++
					}
				}
				k, v = c.Past(h, back)
			}
			i := int(binary.BigEndian.Uint32(k))
			if len(v) != 10+i%700 {
				return fmt.Errorf("key %d has a value of %d bytes", i, len(v))
			}
			seen[i] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, ok := range seen {
		if !ok {
			t.Fatalf("back %t: key %d is neither there nor told to be hidden", back, i)
		}
	}
	return hidden
}
