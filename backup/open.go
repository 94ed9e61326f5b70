package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sort"
	"sync"
	"unsafe"

	"filippo.io/age"

	"auditlog/store/kv"
)

// DB is a backup as a database that can be read. Nothing can be written to it.
type DB struct {
	Snapshot *Snapshot
	Index    *Index

	ctx   context.Context
	place Place
	open  *opener
	names namer

	mu     sync.Mutex // guards names, open and what follows
	parts  map[string][]row
	recent []*Part // the parts in memory, the latest last
	held   int     // what they take
	closed bool
}

var _ kv.DB = (*DB)(nil)

// mostHeld is how many bytes of opened parts a DB keeps, beside the newest.
const mostHeld = 32 << 20

// takes returns how many bytes a part takes in memory.
func (p *Part) takes() int { return p.Bytes + p.Rows*int(unsafe.Sizeof(row{})) }

// Open opens a backup. Its reads end with ctx. Identities are needed where it is encrypted.
func Open(ctx context.Context, p Place, s *Snapshot, identities []age.Identity) (*DB, error) {
	if s.Encrypted && len(identities) == 0 {
		return nil, errors.New("the backup is encrypted: a file of identities is needed to read it")
	}
	open, err := newOpener(identities)
	if err != nil {
		return nil, err
	}
	db := &DB{Snapshot: s, ctx: ctx, place: p, open: open, parts: make(map[string][]row)}
	content, err := db.content(s.Index, mostContent)
	if err != nil {
		return nil, err
	}
	if db.Index, err = decodeIndex(content); err != nil {
		return nil, err
	}
	db.names = newNamer(db.Index.Secret)
	// Only now it is known which secret names were made with.
	if db.names.name(db.Index.Secret, content) != s.Index || s.Encrypted != (db.Index.Secret != nil) {
		return nil, fmt.Errorf("index %.8s of %s: %w: it is not what its name says", s.Index, p, ErrDamaged)
	}
	if !db.Index.Moment.Equal(s.Moment) || db.Index.Log != s.Log || db.Index.bytes() != s.Bytes {
		return nil, fmt.Errorf("%s of %s: %w: its index is another backup's", s.ID, p, ErrDamaged)
	}
	return db, nil
}

// missing is the error of a part that is not there, which is damage only while the backup is.
func (db *DB) missing(part string) error {
	if _, err := db.place.Get(db.ctx, db.Snapshot.file()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s of %s: %w", db.Snapshot.ID, db.place, ErrGone)
	}
	return fmt.Errorf("part %.8s of %s: %w: it is not there", part, db.place, ErrDamaged)
}

// content returns what is in a part, of at most so many bytes, whose name is yet to be compared.
func (db *DB) content(name string, most int) ([]byte, error) {
	stored, err := db.place.Get(db.ctx, partName(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, db.missing(name)
	}
	if err != nil {
		return nil, err
	}
	content, err := db.open.open(stored, db.Snapshot.Encrypted, most)
	if errors.As(err, new(*age.NoIdentityMatchError)) {
		return nil, fmt.Errorf("none of the identities can read this backup: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("part %.8s of %s: %w: %w", name, db.place, ErrDamaged, err)
	}
	return content, nil
}

// rows returns the rows of a part.
func (db *DB) rows(p *Part) ([]row, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if rows, ok := db.parts[p.Name]; ok {
		return rows, nil
	}
	content, err := db.content(p.Name, p.Bytes)
	if err != nil {
		return nil, err
	}
	if db.names.name(db.Index.Secret, content) != p.Name {
		return nil, fmt.Errorf("part %.8s of %s: %w: it is not what its name says", p.Name, db.place, ErrDamaged)
	}
	rows, err := parseRows(content, p.Rows)
	if err != nil {
		return nil, fmt.Errorf("part %.8s of %s: %w: %w", p.Name, db.place, ErrDamaged, err)
	}
	for len(db.recent) > 0 && db.held > mostHeld {
		delete(db.parts, db.recent[0].Name)
		db.held -= db.recent[0].takes()
		db.recent = append(db.recent[:0], db.recent[1:]...)
	}
	db.parts[p.Name] = rows
	db.recent = append(db.recent, p)
	db.held += p.takes()
	return rows, nil
}

// View runs fn on the backup.
func (db *DB) View(fn func(kv.Tx) error) error {
	db.mu.Lock()
	closed := db.closed
	db.mu.Unlock()
	if closed {
		return kv.ErrClosed
	}
	t := &tx{db: db}
	err := fn(t)
	if errors.Is(err, t.err) {
		return err
	}
	return errors.Join(err, t.err)
}

var errReadOnly = errors.New("a backup is read only")

// Update fails.
func (db *DB) Update(func(kv.Tx) error) error { return fmt.Errorf("%w: %w", kv.ErrAbsent, errReadOnly) }

// Shared is false: a backup does not change.
func (db *DB) Shared() bool { return false }

// Name says which backup of which repository this is.
func (db *DB) Name() string { return db.place.String() + " of " + db.Snapshot.ID }

// Size returns how many bytes the rows take.
func (db *DB) Size() (total, free int64, err error) { return db.Index.bytes(), 0, nil }

// Damages returns nil: what is damaged is told where it is read.
func (db *DB) Damages() []error { return nil }

// Lost tells of nothing: a backup is what it was when it was taken.
func (db *DB) Lost() (height uint64, ok bool) { return 0, false }

// AcceptLoss does nothing.
func (db *DB) AcceptLoss() error { return nil }

// Release forgets opened parts.
func (db *DB) Release() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	clear(db.parts)
	db.recent, db.held = db.recent[:0], 0
	return nil
}

// Check opens every part and calls report with what is wrong with it: its bytes, its name, the
// order of its rows.
func (db *DB) Check(report func(error)) error {
	for i := range db.Index.Buckets {
		b := &db.Index.Buckets[i]
		last, any := "", false
		for j := range b.Parts {
			p := &b.Parts[j]
			rows, err := db.rows(p)
			if err := db.ctx.Err(); err != nil {
				return err
			}
			if err != nil {
				report(fmt.Errorf("bucket %s: %w", b.Name, err))
				continue
			}
			if len(rows) == 0 || string(rows[0].key) != string(p.First) {
				report(fmt.Errorf("bucket %s: part %.8s: %w: it begins with another key", b.Name, p.Name, ErrDamaged))
			}
			for _, r := range rows {
				if any && string(r.key) <= last {
					report(fmt.Errorf("bucket %s: part %.8s: %w: its keys are out of order", b.Name, p.Name, ErrDamaged))
					break
				}
				last, any = string(r.key), true
			}
		}
	}
	return nil
}

// Close forgets everything. The place stays open.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.closed = true
	clear(db.parts)
	return nil
}

// tx is a transaction on a backup.
type tx struct {
	db  *DB
	err error
}

func (t *tx) Err() error { return t.err }

func (t *tx) Pass() *kv.Hidden {
	var h *kv.Hidden
	if errors.As(t.err, &h) {
		t.err = nil
	}
	return h
}

func (t *tx) Version() uint64 { return 0 }

func (t *tx) Height(uint64) {}

func (t *tx) CreateBucket(string) error { return errReadOnly }

func (t *tx) Bucket(name string) kv.Bucket {
	for i := range t.db.Index.Buckets {
		if b := &t.db.Index.Buckets[i]; b.Name == name {
			return &bucket{t, b.Name, b.Parts}
		}
	}
	return nil
}

// bucket is a bucket of a backup.
type bucket struct {
	tx    *tx
	name  string
	parts []Part
}

func (b *bucket) Get(key []byte) []byte {
	c := cursor{b: b}
	if k, v := c.Seek(key); k != nil && string(k) == string(key) {
		return v
	}
	return nil
}

func (b *bucket) GetMany(keys [][]byte, fn func(key, value []byte)) {
	for _, k := range keys {
		fn(k, b.Get(k))
	}
}

func (b *bucket) Since(uint64) iter.Seq2[[]byte, []byte]      { return kv.All(b) }
func (b *bucket) Put(_, _ []byte) error                       { return errReadOnly }
func (b *bucket) Delete([]byte) error                         { return errReadOnly }
func (b *bucket) DeleteRange(_, _ []byte, _ int) (int, error) { return 0, errReadOnly }
func (b *bucket) Rising()                                     {}
func (b *bucket) Cursor() kv.Cursor                           { return &cursor{b: b} }

// cursor is at a row of a part. It has left the bucket when rows is nil.
type cursor struct {
	b    *bucket
	part int
	rows []row
	at   int
}

// enter opens a part, and reports whether there is one.
func (c *cursor) enter(part int) bool {
	c.part, c.rows, c.at = part, nil, 0
	if c.b.tx.err != nil || part < 0 || part >= len(c.b.parts) {
		return false
	}
	rows, err := c.b.tx.db.rows(&c.b.parts[part])
	if err != nil {
		c.b.tx.err = c.b.hide(part, err)
		return false
	}
	c.rows = rows
	return true
}

// hide says of a part that is damaged which keys are in it.
func (b *bucket) hide(part int, err error) error {
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	h := &kv.Hidden{Bucket: b.name, From: b.parts[part].First, Err: fmt.Errorf("bucket %s: %w: %w", b.name, kv.ErrDamaged, err)}
	if part+1 < len(b.parts) {
		h.To = b.parts[part+1].First
	}
	return h
}

func (c *cursor) Past(h *kv.Hidden, back bool) (key, value []byte) {
	c.rows = nil
	switch {
	case !back && h.To != nil:
		return c.Seek(h.To)
	case !back || h.From == nil:
		return nil, nil
	}
	part := sort.Search(len(c.b.parts), func(i int) bool { return string(c.b.parts[i].First) >= string(h.From) }) - 1
	if !c.enter(part) {
		return nil, nil
	}
	c.at = sort.Search(len(c.rows), func(i int) bool { return string(c.rows[i].key) >= string(h.From) }) - 1
	return c.here()
}

func (c *cursor) here() (key, value []byte) {
	if c.at < 0 || c.at >= len(c.rows) {
		return nil, nil
	}
	r := &c.rows[c.at]
	return r.key, r.value
}

func (c *cursor) First() (key, value []byte) {
	c.enter(0)
	return c.here()
}

func (c *cursor) Last() (key, value []byte) {
	if c.enter(len(c.b.parts) - 1) {
		c.at = len(c.rows) - 1
	}
	return c.here()
}

func (c *cursor) Seek(key []byte) (k, v []byte) {
	// The last part that does not begin behind key may hold it.
	part := sort.Search(len(c.b.parts), func(i int) bool { return string(c.b.parts[i].First) > string(key) }) - 1
	if !c.enter(max(part, 0)) {
		return nil, nil
	}
	c.at = sort.Search(len(c.rows), func(i int) bool { return string(c.rows[i].key) >= string(key) })
	if c.at == len(c.rows) {
		c.enter(c.part + 1)
	}
	return c.here()
}

func (c *cursor) Next() (key, value []byte) {
	if c.rows == nil {
		return nil, nil
	}
	if c.at++; c.at == len(c.rows) {
		c.enter(c.part + 1)
	}
	return c.here()
}

func (c *cursor) Prev() (key, value []byte) {
	if c.rows == nil {
		return nil, nil
	}
	if c.at--; c.at < 0 && c.enter(c.part-1) {
		c.at = len(c.rows) - 1
	}
	return c.here()
}
