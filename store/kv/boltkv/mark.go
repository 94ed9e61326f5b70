package boltkv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"

	"auditlog/store/kv"
)

// mark is what a small file beside the database says of its newest commit. It is written
// after each commit and never synced: a process that is killed leaves it right, and a power
// cut leaves it right or older. So a database that is older than its mark has lost commits
// that were acknowledged, as it has when bbolt falls back on the older of its meta pages,
// or when an older copy was put in its place. And the list of buckets, to which nothing in
// the file leads by key, and that of the free pages are held against it.
type mark struct {
	tx     uint64 // of the newest commit
	meta   uint64 // checksum of its meta page
	height uint64 // what kv.Tx.Height told last
	file   uint64 // what tells the file from a copy, 0 where nothing does
	root   uint32 // checksum of the first page of the list of buckets
	free   uint32 // and of the list of free pages, of a database that was closed
	clean  bool   // it was closed
	lost   bool   // the database was found older than the mark, which nobody has accepted
}

const (
	markName    = ".mark" // behind the name of the database
	markMagic   = 0x616c6d6b
	markVersion = 1
	markSize    = 56
)

// MarkName returns the name of the mark of a database with a name.
func MarkName(database string) string { return database + markName }

// RemoveMark removes the mark of the database at path, if it has one: before it gets another
// name, or because another takes its place. The next start reads more without it.
func RemoveMark(path string) error {
	if err := os.Remove(MarkName(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove mark: %w", err)
	}
	return nil
}

func (m *mark) encode() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, markSize), markMagic)
	b = append(b, markVersion, asByte(m.clean), asByte(m.lost), 0)
	for _, n := range []uint64{m.tx, m.meta, m.height, m.file} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = binary.BigEndian.AppendUint32(b, m.root)
	b = binary.BigEndian.AppendUint32(b, m.free)
	b = append(b, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func asByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// readMark returns the mark of a database, or nil when there is none that can be read.
func readMark(path string) (*mark, error) {
	b, err := os.ReadFile(path + markName)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read mark: %w", err)
	}
	end := markSize - 4
	if len(b) != markSize || binary.BigEndian.Uint32(b) != markMagic || b[4] != markVersion ||
		binary.BigEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return nil, nil
	}
	return &mark{
		clean: b[5] != 0, lost: b[6] != 0,
		tx: binary.BigEndian.Uint64(b[8:]), meta: binary.BigEndian.Uint64(b[16:]), height: binary.BigEndian.Uint64(b[24:]),
		file: binary.BigEndian.Uint64(b[32:]),
		root: binary.BigEndian.Uint32(b[40:]), free: binary.BigEndian.Uint32(b[44:]),
	}, nil
}

// knows reports whether m is of the commit that a meta page is of.
func (m *mark) knows(newest *meta) bool { return m != nil && m.tx == newest.tx && m.meta == newest.sum }

// behind reports whether a database is older than its mark.
func (m *mark) behind(newest *meta) bool {
	return m != nil && (m.lost || newest.tx < m.tx || newest.tx == m.tx && newest.sum != m.meta)
}

// adopt takes over the mark that was found with a file, as far as it is of its state.
func (db *DB) adopt(f *finding) {
	m := &mark{}
	if f.mark != nil {
		*m = *f.mark
		m.lost = m.behind(&f.meta)
	}
	db.mark.Store(m)
	db.lacking, db.damages, db.moved = f.lacking, f.damages, f.moved
	db.stamped, db.lag = f.stamped, f.lag
}

// begun opens the mark of a file that was opened for writing, and makes the first commit.
func (db *DB) begun(f *finding) error {
	db.adopt(f)
	m := *db.mark.Load()
	var err error
	if m.file, err = fileID(db.Name()); err != nil {
		return err
	}
	db.mark.Store(&m)
	if db.marks, err = os.OpenFile(db.Name()+markName, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("open mark: %w", err)
	}
	first := func(kv.Tx) error { return nil }
	if !f.stamped && len(f.damages) == 0 {
		first = func(t kv.Tx) error { return t.(*tx).restamp() }
	}
	if err := db.Update(first); err != nil {
		return fmt.Errorf("make durable what is there: %w", err)
	}
	db.stamped, db.lag = f.stamped || len(f.damages) == 0, 0
	return nil
}

// note writes the mark of the newest commit, which nothing waits for: without one, the next
// start reads more. While commits are known to be lost, it goes on saying of which the
// database was once.
func (db *DB) note(height uint64, clean bool) {
	if db.marks == nil {
		return
	}
	m := *db.mark.Load()
	m.clean = clean
	err := db.guard(func() error {
		bolt, err := db.begin(false)
		if err != nil {
			return err
		}
		defer bolt.Rollback()
		t := db.newTx(bolt)
		newest, err := newestMeta(t.state.image.src)
		if err != nil {
			return err
		}
		if m.root, err = pageSum(&t.state.image, newest.root); err != nil {
			return err
		}
		if newest.free != noFreelist {
			if m.free, err = pageSum(&t.state.image, newest.free); err != nil {
				return err
			}
		}
		m.tx, m.meta = newest.tx, newest.sum
		return nil
	})
	if err != nil {
		m.tx, m.meta = 0, 0 // it is of no commit
	}
	if !m.lost {
		m.height = height
	}
	db.mark.Store(&m)
	db.marks.WriteAt(m.encode(), 0) //nolint: nothing is lost without it but time
}

// checkRoots holds the list of buckets against its stamp, and against the mark if that is of a state.
func (db *DB) checkRoots(s *state, writes bool) error {
	if s.marked.Load() {
		return nil
	}
	of := s.tx
	if writes {
		of-- // it begins with the state of the commit before
	}
	if db.stamped && !s.stamped.Load() {
		if _, _, err := s.roots.stampedBy(of, db.lag); err != nil {
			return err
		}
		s.stamped.Store(true)
	}
	m := db.mark.Load()
	if m.tx != of || m.tx == 0 {
		return nil
	}
	sum, err := pageSum(&s.image, s.roots.root)
	if err == nil && sum != m.root {
		err = damage("it is not what was written")
	}
	if err != nil {
		return s.roots.at(s.roots.root, err)
	}
	s.marked.Store(true)
	return nil
}

// Lost returns the height that the database had when it was of commits that are gone. ok is
// false where none are known to be missing, or their loss was accepted.
func (db *DB) Lost() (height uint64, ok bool) {
	m := db.mark.Load()
	return m.height, m.lost
}

// Height returns what kv.Tx.Height told last of the database as its mark has it, 0 where there is
// no mark.
func (db *DB) Height() uint64 { return db.mark.Load().height }

// AcceptLoss forgets that commits are missing.
func (db *DB) AcceptLoss() error {
	db.writing.Lock()
	defer db.writing.Unlock()
	m := *db.mark.Load()
	m.lost, m.height = false, 0
	if _, err := db.marks.WriteAt(m.encode(), 0); err != nil {
		return fmt.Errorf("write mark: %w", err)
	}
	db.mark.Store(&m)
	return db.marks.Sync()
}

// Damages returns what was found damaged when the file was opened. It is complete only where
// the process before was killed; else Check tells.
func (db *DB) Damages() []error { return db.damages }

// pageSum returns the checksum of a page and of those that belong to it.
func pageSum(m *image, id uint64) (uint32, error) {
	from := int64(id) * int64(m.pageSize)
	head, err := m.src.bytes(from, pageHead)
	if err != nil {
		return 0, err
	}
	more := uint64(native.Uint32(head[12:]))
	if id >= m.high || more >= m.high-id {
		return 0, damage("it lies outside the %d pages of the file", m.high)
	}
	b, err := m.src.bytes(from, int(more+1)*m.pageSize)
	return crc32.Checksum(b, castagnoli), err
}
