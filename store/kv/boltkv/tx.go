package boltkv

import (
	"bytes"
	"errors"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"auditlog/store/kv"
)

// tx is a transaction. What it reads are the pages of the state in which it began; bbolt is
// asked only by a writer about buckets that it has written to.
type tx struct {
	bolt   *bbolt.Tx
	opts   *Options
	state  *state
	opened []*bucket
	err    error // the first read that failed
	arena  []byte
	height uint64
	made   []string // buckets, by this transaction

	lacking []lack
}

// mapped is the file as bbolt has mapped it, which stays where it is while the transaction
// lasts. A writer's commit may move it, and nothing is read then.
type mapped struct{ data []byte }

func (m *mapped) bytes(from int64, n int) ([]byte, error) {
	if from < 0 || n < 0 || from > int64(len(m.data))-int64(n) {
		return nil, damage("%w", errBeyond)
	}
	return m.data[from : from+int64(n) : from+int64(n)], nil
}

func (db *DB) newTx(bolt *bbolt.Tx) *tx {
	return &tx{bolt: bolt, opts: &db.opts, lacking: db.lacking, state: db.stateOf(bolt)}
}

func (t *tx) Err() error { return t.err }

func (t *tx) Pass() *kv.Hidden {
	var h *kv.Hidden
	if t.bolt.Writable() || !errors.As(t.err, &h) {
		return nil
	}
	t.err = nil
	return h
}

// fail keeps the first error of a read.
func (t *tx) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *tx) Bucket(name string) kv.Bucket {
	for _, b := range t.opened {
		if b.tree.name == name {
			return b
		}
	}
	if t.err != nil {
		return failed{}
	}
	b, err := t.open(name)
	if err != nil {
		t.fail(hideAll(name, err))
		return failed{}
	}
	if b == nil {
		return nil
	}
	t.opened = append(t.opened, b)
	return b
}

// hideAll says of damage that it hides a whole bucket.
func hideAll(name string, err error) error {
	if !errors.Is(err, kv.ErrDamaged) {
		return err
	}
	return &kv.Hidden{Bucket: name, Err: err}
}

func (t *tx) open(name string) (*bucket, error) {
	for _, l := range t.lacking {
		if l.bucket == name {
			return nil, l.err
		}
	}
	whole := t.whole(name)
	found, err := t.state.bucket(name, whole)
	if err != nil {
		return nil, err
	}
	b := &bucket{t: t, tree: found}
	if found != nil {
		b.total = found.total
	}
	if t.bolt.Writable() {
		b.bolt = t.bolt.Bucket([]byte(name))
		if b.bolt != nil && slices.Contains(t.opts.Rising, name) {
			b.Rising()
		}
		if found == nil && b.bolt != nil { // made by this transaction
			b.tree, b.written = newTree(t.state, name, whole), true
			b.tree.endings, b.tree.inline = t.state.roots.endings, &page{leaf: true}
		}
	}
	if b.tree == nil {
		return nil, nil
	}
	return b, nil
}

// whole reports whether the checksums of a bucket are over its values too.
func (t *tx) whole(name string) bool { return !slices.Contains(t.opts.Summed, name) }

func (t *tx) CreateBucket(name string) error {
	found, err := t.state.roots.open(name, t.whole(name))
	if err != nil {
		t.fail(err)
		return err
	}
	if found == nil {
		t.made = append(t.made, name)
	}
	_, err = t.bolt.CreateBucketIfNotExists([]byte(name))
	return err
}

// Version is bbolt's number of the transaction that made the state: a writer has the next one.
func (t *tx) Version() uint64 {
	if t.bolt.Writable() {
		return uint64(t.bolt.ID()) - 1
	}
	return uint64(t.bolt.ID())
}

// Height keeps how far a log has come, for the mark of the commit.
func (t *tx) Height(n uint64) { t.height = n }

// finish writes down the totals of the buckets that were written to, and the stamp of the commit.
func (t *tx) finish() error {
	for _, b := range t.opened {
		if !b.written {
			continue
		}
		if err := b.bolt.SetSequence(b.total); err != nil {
			return err
		}
	}
	if !t.state.roots.endings {
		return nil // the file is damaged, and stays as it is until it is repaired
	}
	return t.stamp()
}

// keep appends a value with its checksum in memory that lasts as long as the transaction.
func (t *tx) keep(of *tree, key, value []byte) []byte {
	const chunk = 64 << 10
	if need := len(value) + sumSize; cap(t.arena)-len(t.arena) < need {
		t.arena = make([]byte, 0, max(need, chunk))
	}
	from := len(t.arena)
	t.arena = of.appendSummed(t.arena, key, value)
	return t.arena[from:len(t.arena):len(t.arena)]
}

// bucket is a bucket in a transaction.
type bucket struct {
	t       *tx
	tree    *tree
	bolt    *bbolt.Bucket // a writer's
	written bool          // by the transaction
	total   uint64        // of the checksums of its values, as the transaction leaves it
}

func (b *bucket) Get(key []byte) []byte {
	if b.t.err != nil {
		return nil
	}
	w := walker{t: b.tree}
	return b.get(&w, key)
}

// get returns the value of key. Where there is none, the key behind it is held against its
// checksum as well: it may be the one that is asked for, with a bit turned.
func (b *bucket) get(w *walker, key []byte) []byte {
	found, ok, err := w.seek(key)
	if err == nil && ok && !found {
		_, _, err = w.here()
	}
	if err != nil {
		b.t.fail(err)
		return nil
	}
	var v []byte
	switch {
	case b.written:
		if v = b.bolt.Get(key); v == nil {
			return nil
		}
		v, err = b.tree.summed(key, v)
	case found:
		_, v, err = w.here()
	}
	if err != nil {
		b.t.fail(err)
		return nil
	}
	return v
}

func (b *bucket) GetMany(keys [][]byte, fn func(key, value []byte)) {
	w := walker{t: b.tree}
	for _, k := range keys {
		var v []byte
		if b.t.err == nil {
			v = b.get(&w, k)
		}
		fn(k, v)
	}
}

// Since walks all: bbolt does not know when a key was put.
func (b *bucket) Since(uint64) iter.Seq2[[]byte, []byte] { return kv.All(b) }

func (b *bucket) Put(key, value []byte) error {
	w := walker{t: b.tree}
	if err := b.touch(&w, key); err != nil {
		return err
	}
	v := b.t.keep(b.tree, key, value)
	b.total += b.tree.sumOf(v)
	return b.bolt.Put(key, v)
}

// touch reads the pages that bbolt will read to change a key, before it does. What the key has
// until then is taken out of the bucket's total.
func (b *bucket) touch(w *walker, key []byte) error {
	if b.t.err != nil {
		return b.t.err
	}
	found, err := w.path(key)
	if err != nil {
		b.t.fail(err)
		return err
	}
	var before []byte
	if b.written {
		before = b.bolt.Get(key)
	} else if found {
		before, _ = w.top().page.value(w.top().index)
	}
	b.total -= b.tree.sumOf(before)
	b.written = true
	return nil
}

func (b *bucket) Delete(key []byte) error {
	w := walker{t: b.tree}
	if err := b.touch(&w, key); err != nil {
		return err
	}
	if err := w.around(); err != nil {
		b.t.fail(err)
		return err
	}
	return b.bolt.Delete(key)
}

// DeleteRange collects the keys first: deleting under a cursor from the front is
// quadratic.
func (b *bucket) DeleteRange(from, to []byte, limit int) (int, error) {
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
	return len(keys), b.t.err
}

func (b *bucket) Rising() { b.bolt.FillPercent = risingFill }

func (b *bucket) Cursor() kv.Cursor {
	if b.written {
		return &dirtyCursor{b: b, c: b.bolt.Cursor()}
	}
	return &cursor{b: b, w: walker{t: b.tree}}
}

// cursor walks a bucket that the transaction has not written to.
type cursor struct {
	b  *bucket
	w  walker
	in bool // it is at a key
}

func (c *cursor) First() (key, value []byte) { return c.end(false) }
func (c *cursor) Last() (key, value []byte)  { return c.end(true) }

func (c *cursor) end(last bool) (key, value []byte) {
	return c.to(func() (bool, error) {
		ok, err := c.w.start()
		if ok && err == nil {
			err = c.w.edge(last)
		}
		return ok, err
	})
}

func (c *cursor) Seek(key []byte) (k, v []byte) {
	return c.to(func() (ok bool, err error) {
		_, ok, err = c.w.seek(key)
		return ok, err
	})
}

func (c *cursor) Past(h *kv.Hidden, back bool) (key, value []byte) {
	if !back {
		if h.To == nil {
			c.in = false
			return nil, nil
		}
		return c.Seek(h.To)
	}
	if h.From == nil {
		c.in = false
		return nil, nil
	}
	return c.to(func() (bool, error) { return c.w.before(h.From) })
}

func (c *cursor) Next() (key, value []byte) { return c.move(false) }
func (c *cursor) Prev() (key, value []byte) { return c.move(true) }

func (c *cursor) move(back bool) (key, value []byte) {
	if !c.in {
		return nil, nil
	}
	return c.to(func() (bool, error) { return c.w.move(back) })
}

// to moves the cursor and returns where it is.
func (c *cursor) to(move func() (ok bool, err error)) (key, value []byte) {
	if c.in = false; c.b.t.err != nil {
		return nil, nil
	}
	ok, err := move()
	if ok && err == nil {
		key, value, err = c.w.here()
	}
	if err != nil {
		c.b.t.fail(err)
		return nil, nil
	}
	c.in = ok
	return key, value
}

// dirtyCursor walks a bucket that the transaction has written to, by bbolt. The pages
// around each key that it comes to are read before, as far as they are of the state before.
type dirtyCursor struct {
	b  *bucket
	c  *bbolt.Cursor
	in bool
}

func (c *dirtyCursor) First() (key, value []byte) { return c.to(nil, c.c.First) }

func (c *dirtyCursor) Last() (key, value []byte) { return c.to(nil, c.c.Last) }

func (c *dirtyCursor) Seek(key []byte) (k, v []byte) {
	return c.to(key, func() ([]byte, []byte) { return c.c.Seek(key) })
}

// Past moves nowhere: a writer does not pass by what is damaged.
func (c *dirtyCursor) Past(*kv.Hidden, bool) (key, value []byte) {
	c.in = false
	return nil, nil
}

func (c *dirtyCursor) Next() (key, value []byte) { return c.step(c.c.Next) }

func (c *dirtyCursor) Prev() (key, value []byte) { return c.step(c.c.Prev) }

func (c *dirtyCursor) step(move func() (k, v []byte)) (key, value []byte) {
	if !c.in {
		return nil, nil
	}
	return c.to(nil, move)
}

func (c *dirtyCursor) to(sought []byte, move func() (k, v []byte)) (key, value []byte) {
	if c.in = false; c.b.t.err != nil {
		return nil, nil
	}
	w := walker{t: c.b.tree}
	if sought != nil {
		if _, _, err := w.seek(sought); err != nil {
			c.b.t.fail(err)
			return nil, nil
		}
	}
	k, v := move()
	if k == nil {
		return nil, nil
	}
	_, _, err := w.seek(k)
	if err == nil {
		v, err = c.b.tree.summed(k, v)
	}
	if err != nil {
		c.b.t.fail(err)
		return nil, nil
	}
	c.in = true
	return bytes.Clone(k), v
}

// failed is a bucket of a transaction in which a read has failed: there is nothing in it.
type failed struct{}

func (failed) Get([]byte) []byte { return nil }
func (failed) GetMany(keys [][]byte, fn func(key, value []byte)) {
	for _, k := range keys {
		fn(k, nil)
	}
}
func (f failed) Since(uint64) iter.Seq2[[]byte, []byte]        { return kv.All(f) }
func (failed) Put(_, _ []byte) error                           { return kv.ErrDamaged }
func (failed) Delete([]byte) error                             { return kv.ErrDamaged }
func (failed) DeleteRange(_, _ []byte, _ int) (n int, e error) { return 0, kv.ErrDamaged }
func (failed) Rising()                                         {}
func (failed) Cursor() kv.Cursor                               { return failedCursor{} }

type failedCursor struct{}

func (failedCursor) First() (key, value []byte)                { return nil, nil }
func (failedCursor) Last() (key, value []byte)                 { return nil, nil }
func (failedCursor) Seek([]byte) (key, val []byte)             { return nil, nil }
func (failedCursor) Next() (key, value []byte)                 { return nil, nil }
func (failedCursor) Prev() (key, value []byte)                 { return nil, nil }
func (failedCursor) Past(*kv.Hidden, bool) (key, value []byte) { return nil, nil }
