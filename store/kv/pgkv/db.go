package pgkv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv/kept"
)

// Options say what the engine has to know of the buckets, and how patient it is.
type Options struct {
	// Init makes the buckets of a new database, and what is in them at first.
	Init func(kv.Tx) error
	// Held is a small bucket that every transaction reads: it is at hand without asking.
	Held string
	// Fixed are keys of Held whose values tell which database this is. Once another process
	// has changed one, this one neither reads nor writes any more.
	Fixed []string
	// Identity is the key of Held whose value tells this database from others.
	Identity string
	// Epoch is the key of Held whose value rises when somebody accepts that the database has lost something.
	Epoch string
	// Memo is the path of a file in which this process remembers what it has seen of the servers,
	// so that it does not go back behind that when it is started again. Default: none.
	Memo string
	// AcceptLoss forgets what Memo says of a database that has lost it.
	AcceptLoss bool
	// Appended is a bucket to which keys are added at its end: what came since comes along with
	// the beginning of each transaction.
	Appended string
	// Watched is a bucket of which the same is true of the keys that were put.
	Watched string
	// Cached are buckets of large values, which are kept, and not sent again.
	Cached []string
	// CacheBytes is how much memory these take. Default 64 MiB.
	CacheBytes int
	// Patience is for how long a transaction waits for a database that cannot be reached, as
	// while another server takes over. Default 5 s.
	Patience time.Duration
	// Watch is for how long an answer is waited for. Default 15 s.
	Watch time.Duration
}

func (o *Options) setDefaults() {
	if o.CacheBytes == 0 {
		o.CacheBytes = 64 << 20
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Watch == 0 {
		o.Watch = 15 * time.Second
	}
}

// DB is an open database.
type DB struct {
	cfg    *pgconn.Config
	opts   Options
	schema string

	closed  atomic.Bool
	forked  atomic.Bool  // the database has lost what was read from it
	async   atomic.Bool  // commits wait for no standby
	silent  atomic.Int32 // how often a server did not answer: the next is tried first then
	memory  memory
	missing string // what was remembered of, and is not there; set by Open
	readers pool
	cache   *kept.Cache
	ending  chan struct{} // closed by Close
	done    sync.WaitGroup

	mu     sync.Mutex // guards state and tables
	state  *state     // the newest that is known
	tables catalog    // as it is

	writing sync.Mutex // held by each Update, guards what follows
	writer  *conn      // nil: there is none
	id      []byte     // of this process among the writers: another one once it is unknown whether a commit is there
	// unknown is the version that a commit made of which nobody knows whether it is there, 0
	// where there is none.
	unknown int64
	// durable is a version that a failover cannot lose, nor any before it.
	durable int64
}

var _ kv.DB = (*DB)(nil)

// defaultSchema is where the tables lie where the address does not name another search_path.
const defaultSchema = "auditlog"

// Open opens the database at a postgres:// address, and makes its tables where there are none.
func Open(address string, opts Options) (*DB, error) {
	cfg, err := pgconn.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address of the database is not one that PostgreSQL understands: postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full")
	}
	opts.setDefaults()
	db := &DB{cfg: cfg, opts: opts, id: newID(), cache: kept.New(opts.CacheBytes), tables: make(catalog), ending: make(chan struct{})}
	if err := db.memory.open(opts.Memo); err != nil {
		return nil, err
	}
	db.schema, _, _ = strings.Cut(cfg.RuntimeParams["search_path"], ",")
	if db.schema = strings.Trim(strings.TrimSpace(db.schema), `"`); db.schema == "" {
		db.schema = defaultSchema
	}
	delete(cfg.RuntimeParams, "search_path") // which a pooler refuses: each connection sets it
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "auditlog"
	}
	db.readers.init(db.dial, func(c *conn) bool { return db.isOlder(c.server) }, func() { db.silent.Add(1) })
	db.askAll()
	err = db.prepare()
	if err == nil {
		err = db.recall()
	}
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", db.Name(), errors.Join(err, db.Close()))
	}
	if opts.Memo != "" && (db.missing == "" || opts.AcceptLoss) {
		db.done.Go(db.remember)
	}
	return db, nil
}

// newID returns an id that no other has.
func newID() []byte {
	id := make([]byte, 16)
	rand.Read(id) //nolint: it does not fail
	return id
}

// askAll has every server that answers say how new it is, where there are several: a primary of before
// may be the first that does.
func (db *DB) askAll() {
	all := hosts(db.cfg)
	if len(all) < 2 {
		return
	}
	var asked sync.WaitGroup
	for _, ways := range all {
		asked.Go(func() {
			c, err := db.connect(from(at(db.cfg, ways), 0, db.opts.Patience/2), db.opts.Patience/2)
			if err == nil {
				c.close()
			}
		})
	}
	asked.Wait()
}

// isOlder reports whether a server was the primary before one that was seen.
func (db *DB) isOlder(s server) bool { return s.older(db.memory.memo().newest()) }

// fork ends all that this process does with the database: it has lost what was read from it.
func (db *DB) fork() error {
	db.forked.Store(true)
	return errForked
}

// usable returns why the database is not used any more.
func (db *DB) usable() error {
	switch {
	case db.closed.Load():
		return kv.ErrClosed
	case db.forked.Load():
		return db.unavailable(errForked)
	}
	return nil
}

// prepare makes the tables, and reads the first state.
func (db *DB) prepare() error {
	db.writing.Lock()
	err := db.connectWriter()
	if err == nil {
		err = db.setUp(db.writer)
	} else {
		err = fmt.Errorf("%w: %w", kv.ErrUnavailable, explained(err))
	}
	db.writing.Unlock()
	if err != nil || db.opts.Init == nil || len(db.tables) > 0 {
		return err
	}
	return db.begin()
}

// begin has Init make its buckets, unless another process has: that is certain with the log in hand
// alone.
func (db *DB) begin() error {
	var names []string
	err := db.Update(func(t kv.Tx) error {
		names = nil
		if !t.(*tx).read(db.list(&names)) {
			return t.Err()
		}
		if slices.ContainsFunc(names, isBucket) {
			return kv.ErrNothing
		}
		return db.opts.Init(t)
	})
	if !errors.Is(err, kv.ErrNothing) {
		return err
	}
	db.writing.Lock()
	defer db.writing.Unlock()
	if err = db.connectWriter(); err == nil {
		err = db.readFirst(db.writer, names)
	}
	return db.unavailable(err)
}

// dial connects to the server that takes writes.
func (db *DB) dial() (*conn, error) {
	if db.closed.Load() {
		return nil, kv.ErrClosed
	}
	c, err := db.connect(from(db.cfg, int(db.silent.Load()), db.opts.Patience), db.opts.Patience)
	if errors.Is(err, context.DeadlineExceeded) {
		db.silent.Add(1)
	}
	return c, err
}

// View runs fn on one state.
func (db *DB) View(fn func(kv.Tx) error) error { return db.ViewExpecting(nil, fn) }

// ViewExpecting is View, whose first round trip brings along what will be read.
func (db *DB) ViewExpecting(expected []kv.Expected, fn func(kv.Tx) error) error {
	t, err := db.beginView(expected)
	if err != nil {
		return err
	}
	defer db.readers.give(t.c)
	err = fn(t)
	if t.err != nil {
		return db.unavailable(t.err)
	}
	return err
}

// beginView takes a connection, and has it see one state of the database. A connection that was
// lost meanwhile, or whose server was replaced, is replaced by a new one.
func (db *DB) beginView(expected []kv.Expected) (*tx, error) {
	if err := db.usable(); err != nil {
		return nil, err
	}
	until := time.Now().Add(db.opts.Patience)
	for wait := firstWait; ; wait *= 2 {
		t, err := db.tryView(expected, until)
		if err == nil {
			return t, nil
		}
		if !isLost(err) && !errors.Is(err, errStale) || time.Now().Add(wait).After(until) {
			return nil, db.unavailable(err)
		}
		if wait > firstWait { // the first may only have met a connection that was idle
			time.Sleep(wait)
		}
	}
}

// firstWait is how long it takes until a connection that was lost is tried again twice.
const firstWait = 10 * time.Millisecond

func (db *DB) tryView(expected []kv.Expected, until time.Time) (*tx, error) {
	t := &tx{db: db, begun: true}
	db.mu.Lock()
	t.state, t.tables = db.state, db.tables
	db.mu.Unlock()
	var err error
	if t.c, err = db.readers.take(until); err != nil {
		return nil, err
	}
	reader := db.readState(t.state, t.tables)
	t.Expect(expected...)
	if t.read(&call{statement: beginReading}, reader.call) {
		t.news = reader.news
		if t.state, err = db.learn(reader, t.c.server); err == nil {
			t.keep()
			return t, nil
		}
	} else {
		err = t.err
	}
	db.readers.drop(t.c)
	return nil, err
}

var (
	beginReading = &statement{name: "begin reading", sql: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
	rollback     = &statement{name: "rollback", sql: "ROLLBACK"}
)

// Shared is true: other processes may have the database open.
func (db *DB) Shared() bool { return true }

// Async reports whether commits are acknowledged that no standby has, as far as is known.
func (db *DB) Async() bool { return db.async.Load() }

// Name returns the address of the database, without its password.
func (db *DB) Name() string {
	host := db.cfg.Host
	if !strings.HasPrefix(host, "/") {
		host = net.JoinHostPort(host, strconv.Itoa(int(db.cfg.Port)))
	}
	name := "postgres://" + db.cfg.User + "@" + host + "/" + db.cfg.Database
	if db.schema != defaultSchema {
		name += "?search_path=" + db.schema
	}
	return name
}

// Size returns what the tables take. How much of it is free the server does not tell.
func (db *DB) Size() (total, free int64, err error) {
	c, err := db.readers.take(time.Now().Add(db.opts.Patience))
	if err != nil {
		return 0, 0, db.unavailable(err)
	}
	defer db.readers.give(c)
	err = c.exchange(&call{statement: sizeOf, row: func(columns [][]byte) { total = readInt8(columns[0]) }})
	return total, 0, db.unavailable(err)
}

var sizeOf = &statement{name: "size", sql: `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
	WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`}

// Release forgets what is kept, and closes connections that nobody uses.
func (db *DB) Release() error {
	if db.closed.Load() {
		return kv.ErrClosed
	}
	db.cache.Clear()
	db.readers.release()
	return nil
}

// Check has nothing of its own to find wrong: the server looks after its files.
func (db *DB) Check(func(error)) error {
	return db.View(func(kv.Tx) error { return nil })
}

// Damages is empty: a server that starts has found itself whole.
func (db *DB) Damages() []error { return nil }

// Lost knows of no loss: what is behind what was seen of it is not opened, nor read.
func (db *DB) Lost() (height uint64, ok bool) { return 0, false }

// AcceptLoss has nothing to accept.
func (db *DB) AcceptLoss() error { return nil }

// Close closes the connections. A commit whose outcome is not known stays so.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	close(db.ending)
	db.done.Wait()
	db.writing.Lock()
	defer db.writing.Unlock()
	db.writer.close()
	db.writer = nil
	db.readers.close()
	return nil
}
