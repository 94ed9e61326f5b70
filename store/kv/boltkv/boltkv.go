// Package boltkv is the engine of package kv in one bbolt file, for one process.
//
// It never looks at what keys and values mean. It is all that the log has of bbolt: how the
// file is made, opened, mapped, filled, compacted and closed, and what a commit that
// failed has left. Every read and write of the file goes through one function, enter.
//
// # Damage
//
// bbolt believes every byte of its file. So it is only written through bbolt; reading has a
// tree of its own (page.go, tree.go), which holds each page against itself and against the
// page that leads to it, and each key and value against a checksum (tx.go). Before bbolt
// writes to pages, the same tree has read them. A file that was not closed is walked before
// bbolt opens it (examine.go); one that is damaged gets a list of no free pages then, since
// bbolt would make one of what it cannot reach.
//
// A disk that loses a write leaves an earlier state of a page. The number that bbolt keeps for each
// bucket is the total of its values' checksums, and each commit has a stamp over its transaction and
// these totals (stamp.go): what was not written last does not add up, wherever all of it is walked.
//
// What leads to the buckets is held against the mark (mark.go), a small file beside the
// database that says what its newest commit was. The mark also tells of a database that
// it is older than it was.
package boltkv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
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
	// Summed are the buckets whose values carry a checksum of their own, which is checked
	// by whoever decodes them: of these the checksum that each value gets here covers the
	// key alone, so that passing a value by does not take reading it. The four bytes before it are the
	// value's own checksum.
	Summed []string
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
	bolt *bbolt.DB
	opts Options
	// pageSize is how many bytes a page has.
	pageSize int
	// damages is what opening found, and lacking the buckets that are not whole.
	damages []error
	lacking []lack
	moved   bool // see finding
	// stamped says that commits have a stamp, and lag how many transactions the newest commit's may be
	// older than its meta page: see finding.ready. Both are of the file as it was opened.
	stamped bool
	lag     uint64

	writing sync.Mutex // held from a commit to its mark
	marks   *os.File   // nil: the file is only read
	mark    atomic.Pointer[mark]
	state   atomic.Pointer[state] // that readers saw last
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
	if err := create(path, opts); err != nil {
		return nil, err
	}
	f, err := examine(path, opts)
	if err == nil {
		err = f.ready(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	bolt, err := openMapped(path, bbolt.Options{
		FreelistType:   bbolt.FreelistMapType,
		NoFreelistSync: true, // its bytes would be most of what small commits write
	})
	if err != nil {
		return nil, err
	}
	bolt.AllocSize = growth
	db := newDB(bolt, opts)
	if err := db.begun(f); err != nil {
		return nil, fmt.Errorf("open database: %w", errors.Join(err, closeFile(db.marks), bolt.Close()))
	}
	return db, nil
}

// OpenReadOnly opens the file at path as it is; Update fails. No process may have it
// open for writing, else kv.ErrInUse is in the error's chain.
func OpenReadOnly(path string, opts Options) (*DB, error) {
	f, err := examine(path, opts)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	bolt, err := open(path, &bbolt.Options{ReadOnly: true, OpenFile: openToRead})
	if err != nil {
		return nil, err
	}
	db := newDB(bolt, opts)
	db.adopt(f)
	return db, nil
}

func newDB(bolt *bbolt.DB, opts Options) *DB {
	db := &DB{bolt: bolt, opts: opts, pageSize: bolt.Info().PageSize}
	db.mark.Store(&mark{})
	return db
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
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return nil, err // it says that it was opened, and which file
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}

// Shared is false: the file is this process's alone.
func (db *DB) Shared() bool { return false }

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
	db.writing.Lock()
	defer db.writing.Unlock()
	height, err := db.commit(fn)
	if err == nil {
		db.note(height, false)
	}
	return err
}

// commit runs fn and commits. It returns the greatest height that was told of.
func (db *DB) commit(fn func(kv.Tx) error) (height uint64, err error) {
	bolt, err := db.begin(true)
	if err != nil {
		return 0, err
	}
	defer bolt.Rollback()
	height = db.mark.Load().height
	err = db.enter(bolt, func(t kv.Tx) error {
		err := fn(t)
		height = max(height, t.(*tx).height)
		if err != nil {
			return err
		}
		return t.(*tx).finish()
	})
	if err != nil {
		return 0, err
	}
	id := bolt.ID()
	if err := db.guard(bolt.Commit); err != nil {
		return 0, db.failed(id, err)
	}
	return height, nil
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

// enter is the one door to what is in the file: it runs fn, and returns the first read that
// failed whatever fn made of it.
func (db *DB) enter(bolt *bbolt.Tx, fn func(kv.Tx) error) error {
	return db.guard(func() error {
		t := db.newTx(bolt)
		if err := db.checkRoots(t.state, bolt.Writable()); err != nil {
			return fmt.Errorf("%s: %w", db.Name(), err)
		}
		err := fn(t)
		if t.err != nil && !errors.Is(err, t.err) {
			err = t.err
		}
		if t.err != nil {
			return fmt.Errorf("%s: %w", db.Name(), err)
		}
		return err
	})
}

// guard runs fn, in which the map of a file may fault whose end was cut off or that the disk
// does not give, and in which bbolt panics when it comes across what it does not expect.
// Either is an error then. Other panics go on.
func (db *DB) guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		in := raisedIn()
		if _, fault := r.(interface{ Addr() uintptr }); !fault && !strings.HasPrefix(in, "go.etcd.io/bbolt") {
			panic(r)
		}
		err = fmt.Errorf("%s: %w: %v in %s", db.Name(), kv.ErrDamaged, r, in)
	}()
	return fn()
}

// raisedIn returns the function that has panicked.
func raisedIn() string {
	pc := make([]uintptr, 16)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	for f, more := frames.Next(); more; f, more = frames.Next() {
		if !strings.HasPrefix(f.Function, "runtime.") {
			return f.Function
		}
	}
	return "an unknown function"
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

// Close closes the file. Before, it writes down which pages are free, which commits do
// not because it can be many: the next start then need not find it out by reading
// every page.
func (db *DB) Close() error {
	db.writing.Lock()
	defer db.writing.Unlock()
	var err error
	if !db.bolt.IsReadOnly() && !db.unknown {
		db.bolt.NoFreelistSync = false
		_, err = db.commit(func(kv.Tx) error { return nil })
	}
	if errors.Is(err, kv.ErrClosed) {
		return nil // it was closed before
	}
	if db.marks != nil {
		if err == nil && !db.unknown {
			db.note(db.mark.Load().height, true)
		}
		err = errors.Join(err, db.marks.Close())
	}
	return errors.Join(err, db.bolt.Close())
}
