package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/catchup"
	"auditlog/store/commit"
	"auditlog/store/duty"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/memory"
	"auditlog/store/queue"
	"auditlog/store/quota"
	"auditlog/store/read"
	"auditlog/store/seal"
	"auditlog/store/upgrade"
)

// FileName is the database's name in its folder.
const FileName = "auditlog.db"

// ErrInUse is in the chain of the error of opening a store that another process has
// open. It is a Conflict Fault.
var ErrInUse error = audit.Errorf(audit.Conflict, "in use by another auditlog")

// Options configure a Store. The zero value is usable.
type Options struct {
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Open returns for how long the store has been open, whatever the clock says. Default what
	// the machine's monotonic clock tells.
	Open func() time.Duration
	// Rand makes secrets. Default crypto/rand.
	Rand io.Reader
	// SealRows is how many entries the tail holds, of projects that fill a block, before
	// these are sealed; eight times as many before all are. Default 4096, or less with a small
	// TailBytes; four times as many where several nodes have the log.
	SealRows int
	// SealAfter is how long an entry waits at most for that. Default 5 s.
	SealAfter time.Duration
	// QuietAfter is how long a block that is too small to be worth indexing has not changed when the
	// full-text index is told of it all the same, if there are many of them. Default 10 s.
	QuietAfter time.Duration
	// CacheBytes bounds the memory of opened blocks. Default 96 MiB.
	CacheBytes int
	// TailBytes is how many bytes the rows of the tail have at most, and then those of one
	// commit more, until recording waits for the sealer. In memory they take about twice as
	// much. Default 32 MiB.
	TailBytes int

	// Search parses a full-text query. It returns Invalid Faults of the field q. Nil
	// refuses queries that have one.
	Search func(text string) (fulltext.Query, error)
	// Narrow returns what the full-text index knows of ids and addresses that filters ask
	// for. Nil looks into all blocks for them.
	Narrow func(fulltext.Exact) fulltext.Narrowing

	// Purging is told that the purge of a project begins, and returns the sinks that ship it
	// by name, with the id up to which each has: the entry that ends the purge tells what
	// they had not shipped. Nil where there are no sinks.
	Purging func(project string) map[string]int64

	// Closed takes entries only of projects that Create made. Default false: a
	// project comes to be with its first entry.
	Closed bool

	// AcceptLoss begins a new epoch of a log that is an older state than it was once. Without
	// it such a log is read and not written: see Store.Paused.
	AcceptLoss bool

	// BeforePurge is called before the first step of each purge, and again until it returns
	// nil: the last time that the project's entries can be read. Default: nobody.
	BeforePurge func(ctx context.Context, project string) error

	// Report is told once when what goes on behind the calls fails and is tried
	// again. Default: nobody.
	Report func(error)

	// Changed is told when other nodes have changed projects. It must neither wait nor call the
	// store. Default: nobody.
	Changed func()

	// Node names this node to people, where several have the database. Default its number.
	Node string

	// Memo is the path of a file in which this node remembers how far it has seen the database come,
	// where several have it. Default: none.
	Memo string

	// Limits bound what each project and each token may record: of those that are for
	// one, the first counts. Default none.
	Limits []audit.Limit

	sizes    blocks.Sizes
	keySizes keys.Sizes
}

// With twice as many rows the tail's pages, which are free once it is sealed, had the file of a million entries
// keep ten bytes an entry more, and bulk was no faster.
const defaultSealRows = 4096

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Open == nil {
		begin := time.Now()
		o.Open = func() time.Duration { return time.Since(begin) }
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.SealAfter == 0 {
		o.SealAfter = 5 * time.Second
	}
	if o.QuietAfter == 0 {
		o.QuietAfter = 10 * time.Second
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 96 << 20
	}
	if o.TailBytes == 0 {
		o.TailBytes = 32 << 20
	}
	if o.SealRows == 0 { // fewer where memory is scarce: an entry takes half a kilobyte however small its row is
		o.SealRows = min(defaultSealRows, max(o.TailBytes>>12, 1024))
	}
	if o.sizes == (blocks.Sizes{}) {
		o.sizes = blocks.DefaultSizes()
	}
	if o.keySizes == (keys.Sizes{}) {
		o.keySizes = keys.DefaultSizes()
	}
	if o.BeforePurge == nil {
		o.BeforePurge = func(context.Context, string) error { return nil }
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
}

// Store is the log. Its methods may be called by several goroutines at once.
type Store struct {
	*read.Log // what is asked of it
	opts      Options
	db        kv.DB
	identity  string
	// passedBefore is how much time had passed when the store was opened.
	passedBefore time.Duration
	epoch        atomic.Uint32         // how often a loss was accepted
	lost         atomic.Pointer[error] // why nothing may be written until one is; nil while none is known

	queue   *queue.Queue[*submission] // before the committer
	spare   sync.Pool                 // of *format.Rows
	meter   *quota.Meter
	closing context.Context
	stop    context.CancelFunc
	done    sync.WaitGroup // the committer and the sealer

	blocks *blocks.Reader
	keys   *keys.Index

	maintenance sync.Mutex // held by whoever changes blocks, taken before writing

	writing sync.Mutex      // held by each write from its transaction to its apply
	commits *commit.Writers // whoever holds writing has it

	mem *catchup.Memory // whose lock guards what follows as well

	sealer     *seal.Sealer
	keysDamage error // why keys are not moved to where they belong
	sealErr    error // why the last seal failed
	broken     error // why no more can be written; nil while all is well

	tokens func(revision uint64, records map[string][]byte) // is told what other nodes do to tokens; writing guards it
	asking catchup.Asking

	turns   turns
	duty    *duty.Duty   // nil where there are no other nodes
	durable atomic.Int64 // the id below which all is known to be durable, where several nodes have the database

	confirmation confirmation

	committed signal // of each commit
	sealed    signal // of each change of the blocks
}

// Open opens the store in folder dir, making both when they are not there, and brings a
// database of an older format up to date.
//
// It returns a Conflict Fault when another process has the store open or when a
// newer version of this program wrote it.
func Open(dir string, opts Options) (*Store, error) {
	db, err := openDB(dir, opts)
	if err != nil {
		return nil, err
	}
	s, err := New(db, opts)
	if err == nil && db.Moved() && len(s.mem.Hurt.Errs) > 0 {
		err = errors.Join(append(s.mem.Hurt.Errs, s.Close())...)
	}
	if blocks.IsDamage(err) || errors.Is(err, upgrade.ErrForeign) {
		return nil, db.Explain(err)
	}
	return s, err
}

func openDB(dir string, opts Options) (*boltkv.DB, error) {
	opts.setDefaults()
	db, err := boltkv.Open(filepath.Join(dir, FileName), engineOptions(opts.Rand))
	if err != nil {
		return nil, notOpened(dir, err)
	}
	return db, nil
}

// engineOptions says what the engine has to know of the buckets. random makes the identity of
// a database that is not there yet.
func engineOptions(random io.Reader) boltkv.Options {
	return boltkv.Options{
		Init:   func(tx kv.Tx) error { return upgrade.Begin(tx, random) },
		Rising: format.Rising(),
		Summed: format.Summed(),
	}
}

// New returns the store in a database, which it closes in the end, or when it fails.
func New(db kv.DB, opts Options) (*Store, error) {
	if err := upgrade.Run(db, format.Version, upgrade.Steps()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s, err := newStore(db, opts)
	if err != nil {
		return nil, err
	}
	s.done.Go(s.commitLoop)
	s.done.Go(s.sealLoop)
	if db.Shared() {
		s.done.Go(s.watchLoop)
		s.done.Go(func() { s.duty.Run(s.closing) })
	}
	if err := s.settleLoss(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenReadOnly opens the store in folder dir as it is, for those who check it. It
// can be read and closed; every write is Unavailable. The folder must hold a store
// that no process has open for writing, else it returns a Conflict Fault.
func OpenReadOnly(dir string) (*Store, error) {
	db, err := boltkv.OpenReadOnly(filepath.Join(dir, FileName), engineOptions(nil))
	if err != nil {
		return nil, notOpened(dir, err)
	}
	return forReading(db)
}

// forReading returns the store in a database, which nothing is written to.
func forReading(db kv.DB) (*Store, error) {
	s, err := newStore(db, Options{})
	if err != nil {
		return nil, err
	}
	s.stop()
	s.fail(audit.Errorf(audit.Unavailable, "the log is open for reading only"))
	return s, nil
}

// notOpened returns why the database in a folder could not be opened.
func notOpened(dir string, err error) error {
	if errors.Is(err, kv.ErrInUse) {
		return fmt.Errorf("data folder %s is %w", dir, ErrInUse)
	}
	return err
}

// Compact rewrites the database in folder dir, which no process may have open.
// Freed pages, which keep what they held until they are used again, are gone
// afterwards, and their space is the file system's. It returns the file's size
// before and after.
//
// A crash leaves the old file or the new one, and perhaps a temporary one, which the
// next run removes.
func Compact(dir string) (before, after int64, err error) {
	before, after, err = boltkv.Compact(filepath.Join(dir, FileName), engineOptions(nil))
	if err != nil {
		return 0, 0, fmt.Errorf("compact: %w", notOpened(dir, err))
	}
	return before, after, nil
}

// newStore returns a Store that has read what it keeps in memory, with nothing running.
func newStore(db kv.DB, opts Options) (*Store, error) {
	opts.setDefaults()
	sealing := seal.Options{Rows: opts.SealRows, TailBytes: opts.TailBytes, After: opts.SealAfter, Quiet: opts.QuietAfter}
	s := &Store{
		opts:   opts,
		db:     db,
		blocks: blocks.NewReader(db.Name(), opts.CacheBytes),
		queue:  queue.New[*submission](queue.Shared(sealing.Room())),
		meter:  quota.New(opts.Limits),
		tokens: func(uint64, map[string][]byte) {},
	}
	state := memory.NewState()
	state.Hurt.Name = db.Name()
	sealing.Sizes = &s.opts.sizes
	s.sealer = seal.New(&state.Tail, s.blocks, sealing)
	s.keys = keys.NewIndex(s.keyLog(), keyMemory)
	s.mem = &catchup.Memory{State: state, Keys: s.keys, Sealer: s.sealer, Queue: s.queue, Meter: s.meter}
	s.commits = commit.NewWriters(commit.Options{Memory: s.mem, Closed: opts.Closed, Now: opts.Now, Passed: s.passed, Rand: opts.Rand})
	s.Log = read.New(read.Options{
		Memory: state, Blocks: s.blocks, View: s.read, Current: s.current, Fresh: s.Fresh, Confirm: s.Confirm, Settle: s.settle, Epoch: &s.epoch, Search: opts.Search, Narrow: opts.Narrow,
	})
	s.confirmation.confirmed(time.Now())
	s.closing, s.stop = context.WithCancel(context.Background())
	if err := errors.Join(s.join(), s.located(db.View(s.load))); err != nil {
		s.stop()
		return nil, errors.Join(err, db.Close())
	}
	s.settleHurt()
	return s, nil
}

// load reads into memory what is kept there: projects and the tail.
func (s *Store) load(tx kv.Tx) error {
	switch v, err := upgrade.VersionOf(tx, format.Version, s.db.Name()); {
	case err != nil:
		return err
	case v < format.Version:
		return audit.Errorf(audit.Conflict, "the database has format %d, and is brought to format %d by opening it for writing: "+
			"start the server once", v, format.Version)
	}
	for _, name := range format.Buckets() {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%s: %w: bucket %s is missing", s.db.Name(), format.ErrCorrupt, name)
		}
	}
	s.mem.Version = tx.Version()
	meta := tx.Bucket(format.Meta)
	s.identity = hex.EncodeToString(meta.Get(format.MetaIdentity))
	s.epoch.Store(uint32(format.ReadUint64(meta.Get(format.MetaEpoch))))
	s.mem.Tokens = format.ReadUint64(meta.Get(format.MetaTokens))
	s.mem.BlockSeq = format.ReadUint64(meta.Get(format.MetaBlockSeq))
	s.passedBefore = time.Duration(format.ReadUint64(meta.Get(format.MetaPassed)))
	return s.mem.Load(tx, s.passed(), s.opts.Now())
}

// Identity returns what tells this database from every other one, so that a
// derived index knows whether it belongs to it.
func (s *Store) Identity() string { return s.identity }

// Lineage is Identity, and the epoch: what was derived from entries that were lost since is of
// another lineage.
func (s *Store) Lineage() audit.Lineage {
	return audit.Lineage{Log: s.identity, Epoch: s.epoch.Load()}
}

// Format returns the version of the format on disk, which is that of this program once the log is
// open, and in words what it brought.
func (s *Store) Format() (version int, news string) { return format.Version, format.News }

// Path returns the path of the database file, or what else names the database.
func (s *Store) Path() string { return s.db.Name() }

// Size returns the size of the database, and how much of it is free for reuse, in
// bytes.
func (s *Store) Size() (file, free int64, err error) {
	return s.db.Size()
}

// Close waits for commits under way and closes the database. Later calls of
// other methods answer with an Unavailable Fault.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	s.writing.Lock()
	defer s.writing.Unlock()
	s.fail(errClosed())
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Release gives memory back that only makes reading faster: opened blocks, and what
// the engine keeps. It is for a log that nobody asks anything of.
func (s *Store) Release() error {
	s.blocks.Release()
	s.keys.Release()
	return closed(s.db.Release())
}

// read runs fn in a read transaction, unless the store is closed.
func (s *Store) read(fn func(kv.Tx) error) error { return s.readExpecting(nothingExpected, fn) }

// readExpecting is read of who knows what will be read.
func (s *Store) readExpecting(expected func() []kv.Expected, fn func(kv.Tx) error) error {
	return closed(s.forked(s.located(kv.View(s.db, expected, fn))))
}

// ErrForked is in the chain of the errors of a store whose database has lost what was read from it, as
// where a server took over that had not got all. Opening it anew, with all that is kept of it, goes on
// with what is there. It is an Unavailable Fault.
var ErrForked error = audit.Errorf(audit.Unavailable, "the database has lost what this node had read from it: the node has to start anew")

// forked has the store do no more where an error says that its memory is not of the database any more.
func (s *Store) forked(err error) error {
	if errors.Is(err, kv.ErrForked) {
		err = fmt.Errorf("%w: %w", ErrForked, err)
		s.fail(err)
	}
	return err
}

// located says of damage in which database it is.
func (s *Store) located(err error) error { return s.mem.Hurt.Located(err) }

// View runs fn on one state of the log's database, for who copies it. While it lasts,
// what is freed is not used again.
func (s *Store) View(fn func(kv.Tx) error) error { return s.read(fn) }

// closed says of a database that is closed that the log is, and of one that cannot be reached that
// the log cannot be.
func closed(err error) error {
	if errors.Is(err, kv.ErrClosed) {
		return errClosed()
	}
	return unreachable(err)
}

// Err returns why the store can no longer be written, or nil. Not knowing
// whether a commit is on disk is such a reason; only opening it again helps.
func (s *Store) Err() error {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return s.broken
}

func (s *Store) fail(err error) {
	s.mem.Mu.Lock()
	defer s.mem.Mu.Unlock()
	if s.broken == nil {
		s.broken = err
	}
}
