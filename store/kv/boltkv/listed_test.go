package boltkv

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"auditlog/store/kv"
)

// killedFile is a file of a process that was killed, in which many pages are free.
type killedFile struct {
	*testing.T
	path string
	opts Options
}

// newKilledFile makes a file of as many pages, most of which are free and in no list.
func newKilledFile(t *testing.T, pages uint64) *killedFile {
	kf := &killedFile{T: t, path: filepath.Join(t.TempDir(), "x.db")}
	kf.opts.Init = func(tx kv.Tx) error { return tx.CreateBucket("a") }
	kf.fill("before")
	f := kf.examine()
	file, err := os.OpenFile(kf.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	newest := make([]byte, pageHead+metaLength)
	at := int64(f.tx%2) * int64(f.pageSize)
	_, err = file.ReadAt(newest, at)
	m := newest[pageHead:]
	native.PutUint64(m[metaFree:], noFreelist)
	native.PutUint64(m[metaPages:], pages)
	sum := fnv.New64a()
	sum.Write(m[:metaSum])
	native.PutUint64(m[metaSum:], sum.Sum64())
	_, err2 := file.WriteAt(newest, at)
	err = errors.Join(err, err2, file.Truncate(int64(pages)*int64(f.pageSize)), file.Close(), RemoveMark(kf.path))
	if err != nil {
		t.Fatal(err)
	}
	return kf
}

// examine examines the file.
func (kf *killedFile) examine() *finding {
	kf.Helper()
	f, err := examine(kf.path, kf.opts)
	if err != nil {
		kf.Fatal(err)
	}
	return f
}

// readied examines the file, and makes it ready for bbolt.
func (kf *killedFile) readied() *finding {
	kf.Helper()
	f := kf.examine()
	if err := f.ready(kf.path); err != nil {
		kf.Fatal(err)
	}
	return f
}

// fill opens the file, puts values in a bucket, deletes some, and closes it.
func (kf *killedFile) fill(what string) {
	kf.Helper()
	db, err := Open(kf.path, kf.opts)
	if err != nil {
		kf.Fatal(err)
	}
	for i := range 3 {
		err := db.Update(func(tx kv.Tx) error {
			for k := range 300 {
				key := fmt.Appendf(nil, "%04d", k)
				if (k+i)%7 == 0 {
					if err := tx.Bucket("a").Delete(key); err != nil {
						return err
					}
				} else if err := tx.Bucket("a").Put(key, fmt.Appendf(nil, "%0900d%s", i, what)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			kf.Fatal(err)
		}
	}
	if err := errors.Join(db.Check(func(err error) { kf.Error(err) }), db.Close()); err != nil {
		kf.Fatal(err)
	}
}

// bolt has bbolt say how many pages are free, and whether each page is either that or in use.
func (kf *killedFile) bolt() (free int) {
	kf.Helper()
	db, err := bbolt.Open(kf.path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		kf.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			kf.Error(err)
		}
		return nil
	})
	if err != nil {
		kf.Fatal(err)
	}
	return db.Stats().FreePageN
}

// newest returns what the newest meta page says.
func (kf *killedFile) newest() meta {
	kf.Helper()
	file, err := os.Open(kf.path)
	if err != nil {
		kf.Fatal(err)
	}
	defer file.Close()
	m, err := newestMeta(osFile{file})
	if err != nil {
		kf.Fatal(err)
	}
	return m
}

// After a kill bbolt is given the list of the pages that are free, which is the one that it would
// have made itself, of few and of more than the head of a page can count. A process that ends at any
// point of it leaves a file that opens.
func TestListAfterKill(t *testing.T) {
	for _, pages := range []uint64{listed/uint64(os.Getpagesize()) + 1, manyFree + 2000} {
		kf := newKilledFile(t, pages)
		want, first := kf.bolt(), kf.newest().tx
		if want == 0 || want > int(pages) {
			t.Fatalf("%d of %d pages are free", want, pages)
		}
		for range 2 { // as it does whose process ends before the first commit
			f := kf.readied()
			if len(f.damages) > 0 {
				t.Fatalf("examined: %v", f.damages)
			}
			now := kf.newest()
			if now.free != pages || now.tx != first+1 || f.lag != 1 {
				t.Fatalf("the list is at page %d, of transaction %d after %d, lag %d", now.free, now.tx, first, f.lag)
			}
			if free := kf.bolt(); free != want {
				t.Errorf("%d pages are free, want %d", free, want)
			}
		}
		kf.fill("after")
		kf.bolt()
	}
}

// A file that ends behind the list, as one does whose process ended before that counted, is as it was.
func TestKilledBeforeTheListCounts(t *testing.T) {
	const pages = 20_000
	kf := newKilledFile(t, pages)
	f := kf.examine()
	file, err := os.OpenFile(kf.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := freeList(f.high, f.pageSize, f.reached.others(f.high))
	if _, err := file.WriteAt(b[:len(b)/2], f.size()); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	want := kf.bolt()
	if f = kf.examine(); len(f.damages) > 0 || f.lag != 0 {
		t.Fatalf("examined: %v, lag %d", f.damages, f.lag)
	}
	if err := f.ready(kf.path); err != nil {
		t.Fatal(err)
	}
	if free := kf.bolt(); free != want {
		t.Errorf("%d pages are free, want %d", free, want)
	}
	kf.fill("after")
}

// A small file is not written to before it is opened, nor is one that was closed.
func TestNoListOfASmallFile(t *testing.T) {
	kf := newKilledFile(t, 1000)
	before := kf.newest()
	kf.readied()
	if now := kf.newest(); now != before {
		t.Errorf("%+v became %+v", before, now)
	}
	kf = newKilledFile(t, 30_000)
	kf.fill("closed")
	before = kf.newest()
	kf.readied()
	if now := kf.newest(); now != before {
		t.Errorf("%+v became %+v", before, now)
	}
}

// behind are bytes of a file from a place on.
type behind struct {
	mapped
	from int64
}

func (b *behind) bytes(from int64, n int) ([]byte, error) { return b.mapped.bytes(from-b.from, n) }

// A list of free pages of any length is read as it was written, and ends where its pages do.
func TestFreeList(t *testing.T) {
	const size = 4096
	for _, n := range []int{0, 1, 510, 511, manyFree - 1, manyFree, 100_000} {
		ids := make([]uint64, n)
		for i := range ids {
			ids[i] = uint64(2 + i)
		}
		at := uint64(n + 10)
		b := freeList(at, size, ids)
		m := &image{src: &behind{mapped{b}, int64(at * size)}, pageSize: size, high: at + uint64(len(b)/size)}
		got, end, err := freePages(m, at)
		if err != nil || len(got) != n || end != m.high {
			t.Fatalf("%d pages: %d, which end before page %d of %d, %v", n, len(got), end, m.high, err)
		}
		for i, id := range got {
			if id != ids[i] {
				t.Fatalf("%d pages: page %d is %d", n, i, id)
			}
		}
	}
}
