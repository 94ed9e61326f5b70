// Package boltkv is the engine of package kv in one bbolt file, for one process.
//
// It never looks at keys and values. It is all that the log has of bbolt: how the file
// is made, opened, mapped, filled, compacted and closed, and what a commit that
// failed has left. Every read and write of the file goes through one function, enter.
package boltkv

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"auditlog/store/kv"
)

// Options say how a file is made and filled.
type Options struct {
	// Init makes the buckets of a new database, and what is in them at first.
	Init func(kv.Tx) error
	// Rising are the buckets whose keys mostly come in their order: their pages are
	// filled, where those of others leave half for what comes between.
	Rising []string
}

// risingFill is how full pages get of which nothing comes between the keys. bbolt does
// not keep it: it is set in every transaction.
const risingFill = 0.95

// growth is how many bytes the file grows by.
const growth = 4 << 20

// lockWait is how long opening waits for another process, which does not let go.
const lockWait = 50 * time.Millisecond

// DB is an open file.
type DB struct {
	bolt   *bbolt.DB
	rising []string
	// unknown is set when a commit may be there or not. Update alone changes it, which
	// bbolt lets in one at a time; Close reads it when no Update is under way.
	unknown bool
}

var _ kv.DB = (*DB)(nil)

// Open opens the file at path, making it and its folder when they are not there. It
// returns an error with kv.ErrInUse in its chain when another process has it open.
//
// A process that was killed between writing bbolt's meta page and syncing it leaves a
// commit that is seen and not on disk. So Open makes a commit of its own, in the other
// meta page, before anybody can be answered by what is seen: whatever that builds on was
// synced before, or is now. Syncing the file alone would not do, because the system
// counts a page as written whose writing has failed once.
func Open(path string, opts Options) (*DB, error) {
	if err := create(path, opts.Init); err != nil {
		return nil, err
	}
	bolt, err := openMapped(path, bbolt.Options{
		FreelistType:   bbolt.FreelistMapType,
		NoFreelistSync: true, // its bytes would be most of what small commits write
	})
	if err != nil {
		return nil, err
	}
	bolt.AllocSize = growth
	db := &DB{bolt: bolt, rising: opts.Rising}
	if err := db.Update(func(kv.Tx) error { return nil }); err != nil {
		return nil, fmt.Errorf("make %s durable: %w", path, errors.Join(err, bolt.Close()))
	}
	return db, nil
}

// OpenReadOnly opens the file at path as it is; Update fails. No process may have it
// open for writing, else kv.ErrInUse is in the error's chain.
func OpenReadOnly(path string) (*DB, error) {
	if err := checkWhole(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	bolt, err := open(path, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, OpenFile: openToRead})
	if err != nil {
		return nil, err
	}
	return &DB{bolt: bolt}, nil
}

// openToRead opens a file for reading alone. bbolt asks for it to be made as well, even of
// a file that it only reads.
func openToRead(path string, _ int, _ os.FileMode) (*os.File, error) { return os.Open(path) }

func open(path string, o *bbolt.Options) (*bbolt.DB, error) {
	o.Timeout = lockWait
	db, err := bbolt.Open(path, 0o600, o)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: %w", path, kv.ErrInUse)
	}
	if errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrVersionMismatch) || errors.Is(err, bolterrors.ErrChecksum) {
		return nil, fmt.Errorf("open %s: %w: %w", path, kv.ErrDamaged, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}

// Name returns the path of the file.
func (db *DB) Name() string { return db.bolt.Path() }

// View runs fn on the newest state.
func (db *DB) View(fn func(kv.Tx) error) error {
	bolt, err := db.begin(false)
	if err != nil {
		return err
	}
	defer bolt.Rollback()
	return db.enter(bolt, fn)
}

// Update runs fn once, and commits.
func (db *DB) Update(fn func(kv.Tx) error) error {
	bolt, err := db.begin(true)
	if err != nil {
		return err
	}
	defer bolt.Rollback()
	if err := db.enter(bolt, fn); err != nil {
		return err
	}
	id := bolt.ID()
	if err := bolt.Commit(); err != nil {
		return db.failed(id, err)
	}
	return nil
}

func (db *DB) begin(writable bool) (*bbolt.Tx, error) {
	bolt, err := db.bolt.Begin(writable)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return nil, kv.ErrClosed
	}
	if err != nil {
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	return bolt, nil
}

// enter is the one door to what is in the file. A file that is damaged makes bbolt
// panic, or fault on its map, within fn.
func (db *DB) enter(bolt *bbolt.Tx, fn func(kv.Tx) error) error {
	return fn(&tx{bolt: bolt, db: db})
}

// failed tells a commit that is absent from one that may be there: bbolt writes the
// data pages first, then the meta page that makes them count, and a reader's
// transaction number comes from the newest valid meta page.
func (db *DB) failed(id int, cause error) error {
	bolt, err := db.begin(false)
	if err == nil {
		defer bolt.Rollback()
		if bolt.ID() < id {
			return fmt.Errorf("%w: %w", kv.ErrAbsent, cause)
		}
	}
	db.unknown = true
	return fmt.Errorf("%w: %w", kv.ErrUnknown, errors.Join(cause, err))
}

// Size returns the size of the file, and that of its free pages.
func (db *DB) Size() (total, free int64, err error) {
	if total, err = fileSize(db.Name()); err != nil {
		return 0, 0, err
	}
	return total, int64(db.bolt.Stats().FreePageN) * int64(db.bolt.Info().PageSize), nil
}

// Release drops what this process has mapped of the file, which the system keeps while
// it has room.
func (db *DB) Release() error {
	bolt, err := db.begin(false) // while it lasts, the map stays where it is
	if err != nil {
		return err
	}
	defer bolt.Rollback()
	return releaseMap(db.bolt.Info().Data, uintptr(bolt.Size()))
}

// Check runs bbolt's own check: each page reachable once, keys in order.
func (db *DB) Check(report func(error)) error {
	bolt, err := db.begin(false)
	if err != nil {
		return err
	}
	defer bolt.Rollback()
	for err := range bolt.Check() {
		report(err)
	}
	return nil
}

// Close closes the file. Before, it writes down which pages are free, which commits do
// not because it can be many: the next start then need not find it out by reading
// every page.
func (db *DB) Close() error {
	var err error
	if !db.bolt.IsReadOnly() && !db.unknown {
		db.bolt.NoFreelistSync = false
		err = db.bolt.Update(func(*bbolt.Tx) error { return nil })
	}
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return nil // it was closed before
	}
	return errors.Join(err, db.bolt.Close())
}

// tx is a transaction. Its reads do not fail.
type tx struct {
	bolt *bbolt.Tx
	db   *DB
	// opened are the first n buckets that were asked for: bbolt looks them up each time.
	opened [3]opened
	n      int
}

type opened struct {
	name string
	bucket
}

func (t *tx) Err() error { return nil }

func (t *tx) Bucket(name string) kv.Bucket {
	for i := range t.opened[:t.n] {
		if t.opened[i].name == name {
			return t.opened[i].bucket
		}
	}
	b := t.bolt.Bucket([]byte(name))
	if b == nil {
		return nil
	}
	if t.bolt.Writable() && slices.Contains(t.db.rising, name) {
		b.FillPercent = risingFill
	}
	if t.n < len(t.opened) {
		t.opened[t.n] = opened{name, bucket{b}}
		t.n++
	}
	return bucket{b}
}

func (t *tx) CreateBucket(name string) error {
	_, err := t.bolt.CreateBucketIfNotExists([]byte(name))
	return err
}

// bucket has Get, Put and Delete from bbolt.
type bucket struct{ *bbolt.Bucket }

func (b bucket) GetMany(keys [][]byte, fn func(key, value []byte)) {
	for _, k := range keys {
		fn(k, b.Get(k))
	}
}

// DeleteRange collects the keys first: deleting under a cursor from the front is
// quadratic.
func (b bucket) DeleteRange(from, to []byte, limit int) (int, error) {
	var keys [][]byte
	for k := range kv.From(b, from) {
		if len(keys) == limit || to != nil && string(k) >= string(to) {
			break
		}
		keys = append(keys, slices.Clone(k))
	}
	for i, k := range keys {
		if err := b.Delete(k); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

func (b bucket) Rising() { b.FillPercent = risingFill }

func (b bucket) Cursor() kv.Cursor { return b.Bucket.Cursor() }
