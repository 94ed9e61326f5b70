package boltkv

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"

	"go.etcd.io/bbolt"

	"auditlog/filelock"
	"auditlog/store/kv"
)

// finding is what is known of a file before bbolt may write to it.
type finding struct {
	meta
	mark    *mark
	damages []error // to pages below the list of buckets
	lacking []lack  // buckets of which a part is not there
	moved   bool    // the mark is of another file, which was not closed
	copied  bool    // and of another commit: it is a copy of a file that a process had open
	free    bool    // the list of free pages can be believed, or there is none
	reached pageSet // the pages in use, of a file that was walked and is whole
	stamped bool    // its commits have a stamp
	lag     uint64  // 1: ready has written a meta page since the newest one
}

// walked is the size up to which a file is walked at each start: so much takes no time. A
// larger one that was closed is not.
const walked = 256 << 20

// listed is the size from which on a list of free pages is written for bbolt, which is as quick to walk
// a smaller file as a disk is to write.
const listed = 64 << 20

// maxDamages bounds how much damage opening tells of: the check tells of all.
const maxDamages = 16

// examine looks at a file that no process may have open for writing. What it finds wrong
// with the list of buckets is an error; the rest is a part of what it found.
//
// A large file that was closed, and whose mark says so, is believed: what its pages hold is
// checked when they are read. Any other is walked, which also tells which pages are free: bbolt would
// walk it to find that out, believe what it reads there, and give pages away that are in use.
func examine(path string, opts Options) (*finding, error) {
	if err := checkWhole(path); err != nil {
		return nil, err
	}
	bolt, err := open(path, &bbolt.Options{ReadOnly: true, OpenFile: openToRead})
	if err != nil {
		return nil, err
	}
	defer bolt.Close()
	db := newDB(bolt, opts)
	tx, err := db.begin(false)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	var f *finding
	err = db.guard(func() error {
		s := db.newState(tx).unkept()
		if f, err = look(path, &s.image); err != nil {
			return err
		}
		if f.stamped, f.lag, err = s.roots.stampedBy(f.tx, f.mayLag(&s.image)); err != nil {
			return err
		}
		s.roots.endings = f.stamped
		if f.stamped && f.mark.knows(&f.meta) && f.mark.clean && f.free && f.size() > walked {
			return err
		}
		return f.walk(s, opts.Summed)
	})
	if f != nil && f.moved && (errors.Is(err, kv.ErrDamaged) || len(f.damages) > 0) {
		err = f.explain(errors.Join(append(f.damages, err)...))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// isCopy says of a file that cannot be used where it comes from.
const isCopy = "it is a copy that was made while a server wrote to it, and not whole: " +
	"copy the folder while no server runs, or take a snapshot of its file system"

// explain returns err, which is what is wrong with a file that was moved, with where that comes from.
func (f *finding) explain(err error) error {
	if f.copied {
		return fmt.Errorf("%w: %s: %w", kv.ErrDamaged, isCopy, err)
	}
	return orCopy(err)
}

func orCopy(err error) error { return fmt.Errorf("%w: a disk has broken it, or %s", err, isCopy) }

// Moved reports whether the file's mark is of another file, which was not closed.
func (db *DB) Moved() bool { return db.moved }

// Explain returns err, which is that what the file holds cannot be used, with what its mark tells
// of where it comes from.
func (db *DB) Explain(err error) error {
	if db.moved {
		return orCopy(err)
	}
	return err
}

// look holds the file against its mark.
func look(path string, m *image) (f *finding, err error) {
	f = &finding{free: true}
	if f.meta, err = newestMeta(m.src); err != nil {
		return nil, err
	}
	if f.mark, err = readMark(path); err != nil {
		return nil, err
	}
	id, err := fileID(path)
	if err != nil {
		return nil, err
	}
	f.moved = f.mark != nil && !f.mark.clean && f.mark.file != 0 && id != f.mark.file
	f.copied = f.moved && !f.mark.knows(&f.meta)
	if !f.mark.knows(&f.meta) {
		f.free = f.meta.free == noFreelist
		return f, nil
	}
	if sum, err := pageSum(m, f.root); err != nil || sum != f.mark.root {
		return f, errors.Join(damage("list of buckets, page %d: it is not what was written", f.root), err)
	}
	if f.meta.free != noFreelist {
		sum, err := pageSum(m, f.meta.free)
		if err != nil && !errors.Is(err, kv.ErrDamaged) {
			return nil, err
		}
		f.free = f.mark.clean && err == nil && sum == f.mark.free
	}
	return f, nil
}

// walk reads every page that is in use.
func (f *finding) walk(s *state, summed []string) error {
	if _, err := s.roots.page(s.roots.root); err != nil {
		return err
	}
	c := newChecker(&s.image, func(err error) {
		if len(f.damages) < maxDamages {
			f.damages = append(f.damages, err)
		}
	})
	c.structure = !f.copied
	if f.meta.free != noFreelist {
		before := len(f.damages)
		if err := c.free(&s.image); err != nil {
			return err
		}
		f.free = len(f.damages) == before
	}
	err := c.buckets(&s.roots, summed)
	f.lacking, f.reached = c.lacking, c.reached
	return err
}

// ready makes a file ready to be opened by bbolt, which believes the list of free pages where
// there is one, and else walks the file to make one. It must do neither in a file that is
// damaged: what cannot be reached would be given away. So such a file gets a list of no free
// pages, at its end: it grows until it is mended, and loses nothing more. One that is whole, and large
// enough for it to be worth two syncs, gets the list that the walk has found.
func (f *finding) ready(path string) error {
	whole := len(f.damages) == 0
	switch {
	case !f.free, !whole && f.lag == 0:
		return f.list(path, nil)
	case whole && f.reached != nil && f.meta.free == noFreelist && f.size() > listed:
		return f.list(path, f.reached.others(f.high))
	}
	return nil
}

// list writes a list of free pages behind the end of a file, where no state has anything, and has it
// count. A process that ends between the two leaves the file as it was.
func (f *finding) list(path string, free []uint64) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := filelock.Take(file); err != nil {
		return fmt.Errorf("open %s: %w", path, kv.ErrInUse)
	}
	if now, err := newestMeta(osFile{file}); err != nil || now != f.meta {
		return errors.Join(fmt.Errorf("open %s: %w", path, kv.ErrInUse), err)
	}
	b := freeList(f.high, f.pageSize, free)
	if _, err := file.WriteAt(b, f.size()); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := f.writeMeta(file, f.high, f.high+uint64(len(b)/f.pageSize)); err != nil {
		return err
	}
	f.lag++
	return file.Sync()
}

// size returns how many bytes the pages have.
func (f *finding) size() int64 { return int64(f.high) * int64(f.pageSize) }

// mayLag returns by how many transactions the stamp may be older than the newest meta page: one where
// a list at the end says that ready may have written that. Where bbolt has, nothing is missed: the root
// that a lost write would leave in the place of its own is of no state as new as the one before.
func (f *finding) mayLag(m *image) uint64 {
	if f.meta.free == noFreelist {
		return 0
	}
	if _, end, err := freePages(m, f.meta.free); err != nil || end != f.high {
		return 0
	}
	return 1
}

// writeMeta writes the meta page of a next transaction, which changes where the free pages
// are listed and how many there are.
func (f *finding) writeMeta(file *os.File, free, high uint64) error {
	b := make([]byte, pageHead+metaLength)
	if _, err := file.ReadAt(b, int64(f.tx%2)*int64(f.pageSize)); err != nil {
		return err
	}
	tx := f.tx + 1
	m := b[pageHead:]
	native.PutUint64(b, tx%2)
	native.PutUint64(m[metaFree:], free)
	native.PutUint64(m[metaPages:], high)
	native.PutUint64(m[metaTx:], tx)
	sum := fnv.New64a()
	sum.Write(m[:metaSum])
	native.PutUint64(m[metaSum:], sum.Sum64())
	_, err := file.WriteAt(b, int64(tx%2)*int64(f.pageSize))
	return err
}
