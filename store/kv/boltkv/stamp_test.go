package boltkv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"auditlog/store/kv"
)

// stampTest is a file of two buckets, of which the values of "own" have a checksum of their own.
type stampTest struct {
	*testing.T
	path string
	opts Options
}

func newStampTest(t *testing.T) *stampTest {
	st := &stampTest{T: t, path: filepath.Join(t.TempDir(), "x.db")}
	st.opts = Options{Summed: []string{"own"}, Init: func(tx kv.Tx) error { return errors.Join(tx.CreateBucket("all"), tx.CreateBucket("own")) }}
	return st
}

// write opens the file, puts 300 values that differ by what in a bucket, and closes it.
func (st *stampTest) write(bucket, what string) {
	st.Helper()
	db, err := Open(st.path, st.opts)
	if err != nil {
		st.Fatal(err)
	}
	err = db.Update(func(tx kv.Tx) error {
		for i := range 120 {
			if err := tx.Bucket(bucket).Put(fmt.Appendf(nil, "%04d", i), fmt.Appendf(nil, "%060d%s", i, what)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		st.Fatal(err)
	}
}

func (st *stampTest) read() []byte {
	st.Helper()
	b, err := os.ReadFile(st.path)
	if err != nil {
		st.Fatal(err)
	}
	return b
}

// damages returns what opening an image alone, without its mark, finds.
func (st *stampTest) damages(image []byte) []error {
	st.Helper()
	path := filepath.Join(st.TempDir(), "y.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		st.Fatal(err)
	}
	db, err := OpenReadOnly(path, st.opts)
	if errors.Is(err, kv.ErrDamaged) {
		return []error{err}
	}
	if err != nil {
		st.Fatal(err)
	}
	defer db.Close()
	checked := 0
	if err := db.Check(func(error) { checked++ }); err != nil || (checked > 0) != (len(db.Damages()) > 0) {
		st.Errorf("the check finds %d faults, opening %v, %v", checked, db.Damages(), err)
	}
	return db.Damages()
}

// An earlier state of any page that is in use is noticed, whatever it holds.
func TestLostWrites(t *testing.T) {
	for _, bucket := range []string{"all", "own"} {
		st := newStampTest(t)
		var states [][]byte
		for i := range 4 {
			st.write(bucket, fmt.Sprintf("state%04d", i))
			states = append(states, st.read())
		}
		now := states[len(states)-1]
		if found := st.damages(now); len(found) > 0 {
			t.Fatalf("nothing was lost, and found is %v", found)
		}
		m, err := newestMeta(&mapped{now})
		if err != nil {
			t.Fatal(err)
		}
		size, lost := m.pageSize, 0
		for id := 2; id < int(m.high); id++ {
			page := now[id*size : (id+1)*size]
			used := inUse(t, st, now, uint64(id))
			for _, other := range states[:len(states)-1] {
				for at := 2 * size; at+size <= len(other); at += size {
					before := bytes.Clone(other[at : at+size])
					native.PutUint64(before, uint64(id))
					if bytes.Equal(before, page) || !used || !sameKeys(page, before) {
						continue
					}
					image := bytes.Clone(now)
					copy(image[id*size:], before)
					if found := st.damages(image); len(found) > 0 {
						lost++
					} else {
						t.Errorf("bucket %s: an earlier state of page %d is not noticed", bucket, id)
					}
				}
			}
		}
		if lost < 10 {
			t.Errorf("bucket %s: only %d earlier states were noticed", bucket, lost)
		}
	}
}

// sameKeys reports whether two pages are leaves that begin with the same key.
func sameKeys(a, b []byte) bool {
	p, _, err := checkPage(a)
	q, _, err2 := checkPage(b)
	return err == nil && err2 == nil && p.leaf && p.n > 0 && q.n > 0 && bytes.Equal(p.key(0), q.key(0))
}

// inUse reports whether a page of an image is reached.
func inUse(t *testing.T, st *stampTest, image []byte, id uint64) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "z.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := OpenReadOnly(path, st.opts)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	bolt, err := db.begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer bolt.Rollback()
	s := db.newState(bolt).unkept()
	c := newChecker(&s.image, func(err error) { t.Fatal(err) })
	if err := c.buckets(&s.roots, st.opts.Summed); err != nil {
		t.Fatal(err)
	}
	return c.reached.has(id)
}

// A process that is killed when it has made a damaged file ready, and has not committed, leaves one
// that opens again.
func TestKilledBeforeTheFirstCommit(t *testing.T) {
	st := newStampTest(t)
	st.write("all", "x")
	for range 3 {
		f, err := examine(st.path, st.opts)
		if err != nil {
			t.Fatal(err)
		}
		f.damages = []error{kv.ErrDamaged}
		if err := f.ready(st.path); err != nil {
			t.Fatal(err)
		}
	}
	st.write("all", "y")
}

// A file of before there were stamps gets one, unless it is damaged.
func TestFileWithoutStamp(t *testing.T) {
	st := newStampTest(t)
	st.write("own", "x")
	bolt, err := bbolt.Open(st.path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = bolt.Update(func(tx *bbolt.Tx) error {
		var total uint64
		own := tx.Bucket([]byte("own"))
		err := own.ForEach(func(_, v []byte) error { total += keySum(v); return nil })
		return errors.Join(err, own.SetSequence(total), tx.DeleteBucket([]byte(stampName)))
	})
	if err := errors.Join(err, bolt.Close(), RemoveMark(st.path)); err != nil {
		t.Fatal(err)
	}
	if found := st.damages(st.read()); len(found) > 0 {
		t.Fatalf("found %v", found)
	}
	st.write("own", "y")
	db, err := OpenReadOnly(st.path, st.opts)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if !db.stamped || len(db.Damages()) > 0 {
		t.Errorf("stamped is %t, damages are %v", db.stamped, db.Damages())
	}
}
