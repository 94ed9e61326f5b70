package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"auditlog/audit"
)

// FileName is the database's name in its folder.
const FileName = "auditlog.db"

// Format is the version of the database that this program reads and writes.
const Format = 2

// ErrInUse is in the chain of the error of opening a store that another process has
// open. It is a Conflict Fault.
var ErrInUse error = audit.Errorf(audit.Conflict, "in use by another auditlog")

// Options configure a Store. The zero value is usable.
type Options struct {
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Rand makes secrets. Default crypto/rand.
	Rand io.Reader
	// SealRows is how many entries the tail holds before they are sealed into
	// blocks. Default 4096.
	SealRows int
	// SealAfter is how long an entry waits at most for that. Default 5 s.
	SealAfter time.Duration
	// CacheBytes bounds the memory of opened blocks. Default 96 MiB.
	CacheBytes int

	// Search parses a full-text query. It returns Invalid Faults of the field q. Nil
	// refuses queries that have one.
	Search func(text string) (Text, error)

	// Report is told once when what goes on behind the calls fails and is tried
	// again. Default: nobody.
	Report func(error)

	sizes sizes
	// fault, in tests, makes a write fail at a chosen point.
	fault func(point, phase) error
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.SealRows == 0 {
		o.SealRows = 4096
	}
	if o.SealAfter == 0 {
		o.SealAfter = 5 * time.Second
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 96 << 20
	}
	if o.sizes == (sizes{}) {
		o.sizes = defaultSizes()
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	if o.fault == nil {
		o.fault = func(point, phase) error { return nil }
	}
}

// Store is the log. Its methods may be called by several goroutines at once.
type Store struct {
	opts     Options
	db       *bbolt.DB
	identity string

	submit  chan *submission // to the committer
	closing context.Context
	stop    context.CancelFunc
	done    sync.WaitGroup // the committer and the sealer

	cache *blockCache

	maintenance sync.Mutex // held by whoever changes blocks, taken before writing

	writing sync.Mutex // held by each write from its transaction to its apply
	row     tailRow    // of the commit under way; whoever holds writing has it

	mu       sync.RWMutex // guards what follows, held for moments only
	projects map[string]*project
	byID     map[ProjectID]*project
	recent   recent
	blockSeq uint64 // newest sequence of the changes bucket
	sealErr  error  // why the last seal failed
	broken   error  // why no more can be written; nil while all is well

	committed signal // of each commit
	sealed    signal // of each change of the blocks
}

// Open opens the store in folder dir, making both when they are not there.
//
// It returns a Conflict Fault when another process has the store open or when a
// newer version of this program wrote it.
func Open(dir string, opts Options) (*Store, error) {
	opts.setDefaults()
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	path := filepath.Join(dir, FileName)
	if err := create(path, opts.Rand); err != nil {
		return nil, err
	}
	db, err := openDB(path)
	if err != nil {
		return nil, err
	}
	s := newStore(db, opts)
	if err := db.View(s.load); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.closing, s.stop = context.WithCancel(context.Background())
	s.done.Go(s.commitLoop)
	s.done.Go(s.sealLoop)
	return s, nil
}

// OpenReadOnly opens the store in folder dir as it is, for those who check it. It
// can be read and closed; every write is Unavailable. The folder must hold a store
// that no process has open for writing, else it returns a Conflict Fault.
func OpenReadOnly(dir string) (*Store, error) {
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db, err := openBolt(path, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		return nil, err
	}
	s := newStore(db, Options{})
	s.closing, s.stop = context.WithCancel(context.Background())
	s.stop()
	s.fail(audit.Errorf(audit.Unavailable, "the log is open for reading only"))
	if err := db.View(s.load); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// newStore returns a Store with nothing read and nothing running.
func newStore(db *bbolt.DB, opts Options) *Store {
	opts.setDefaults()
	return &Store{
		opts:     opts,
		db:       db,
		cache:    newBlockCache(opts.CacheBytes),
		submit:   make(chan *submission),
		projects: make(map[string]*project),
		byID:     make(map[ProjectID]*project),
	}
}

// initialMap is the address space kept for the database file. Without it a long
// reader holds the writer up whenever the map must grow. It costs no memory.
const initialMap = 1 << (30 + 6*(strconv.IntSize/64)) // 64 GiB, or 1 GiB of 32 bits

func openDB(path string) (*bbolt.DB, error) {
	db, err := openBolt(path, &bbolt.Options{
		FreelistType:    bbolt.FreelistMapType,
		NoFreelistSync:  true,
		InitialMmapSize: initialMap,
	})
	if err != nil {
		return nil, err
	}
	db.AllocSize = 4 << 20 // what the file grows by
	return db, nil
}

func openBolt(path string, o *bbolt.Options) (*bbolt.DB, error) {
	o.Timeout = 50 * time.Millisecond // another process that has it does not let go
	db, err := bbolt.Open(path, 0o600, o)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("data folder %s is %w", filepath.Dir(path), ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}

// create makes an empty database under a temporary name and links it into place,
// so that a crash leaves either none or a whole one, and of two processes that
// start at once one wins.
func create(path string, random io.Reader) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), FileName+".new-*")
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := f.Close(); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	if err := initialize(temp, random); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	if err := os.Link(temp, path); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("create database: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func initialize(path string, random io.Reader) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range allBuckets() {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		identity := make([]byte, 16)
		if _, err := io.ReadFull(random, identity); err != nil {
			return err
		}
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Put(metaFormat, u64(Format)), meta.Put(metaIdentity, identity))
	})
	return errors.Join(err, db.Close())
}

// makeDir makes a folder that only its owner can enter, so that it is there after
// a power cut.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(filepath.Clean(dir)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

// load reads into memory what is kept there: projects and the tail.
func (s *Store) load(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		return fmt.Errorf("%s is not a database of auditlog", s.db.Path())
	}
	switch v := getU64(meta.Get(metaFormat)); {
	case v > Format:
		return audit.Errorf(audit.Conflict, "the database has format %d, this program knows up to %d: run a newer auditlog", v, Format)
	case v == 0:
		return fmt.Errorf("%s: %w: no format version", s.db.Path(), errCorrupt)
	case v < Format:
		return audit.Errorf(audit.Conflict, "the database has format %d, of which no version was ever released: "+
			"export its projects with the auditlog that wrote it, and import them into a new folder", v)
	}
	s.identity = hex.EncodeToString(meta.Get(metaIdentity))
	s.blockSeq = getU64(meta.Get(metaBlockSeq))
	if err := s.loadProjects(tx); err != nil {
		return err
	}
	return s.loadTail(tx)
}

// Identity returns what tells this database from every other one, so that a
// derived index knows whether it belongs to it.
func (s *Store) Identity() string { return s.identity }

// Path returns the path of the database file.
func (s *Store) Path() string { return s.db.Path() }

// Size returns the size of the database file, and how much of it is free for
// reuse, in bytes.
func (s *Store) Size() (file, free int64, err error) {
	info, err := os.Stat(s.db.Path())
	if err != nil {
		return 0, 0, fmt.Errorf("size of database: %w", err)
	}
	st := s.db.Stats()
	return info.Size(), int64(st.FreePageN) * int64(s.db.Info().PageSize), nil
}

// Close waits for commits under way and closes the database. Later calls of
// other methods answer with an Unavailable Fault.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	s.writing.Lock()
	defer s.writing.Unlock()
	var err error
	if s.Err() == nil {
		err = s.syncFreelist()
	}
	s.fail(errClosed())
	if err := errors.Join(err, s.db.Close()); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// syncFreelist writes down which pages are free, which commits do not because it
// can be many. The next start then need not find it out by reading every page.
func (s *Store) syncFreelist() error {
	s.db.NoFreelistSync = false
	return s.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketMeta).Put(metaFormat, u64(Format))
	})
}

// read runs fn in a read transaction, unless the store is closed.
func (s *Store) read(fn func(*bbolt.Tx) error) error {
	err := s.db.View(fn)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return errClosed()
	}
	return err
}

// Err returns why the store can no longer be written, or nil. Not knowing
// whether a commit is on disk is such a reason; only opening it again helps.
func (s *Store) Err() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.broken
}

func (s *Store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = err
	}
}
