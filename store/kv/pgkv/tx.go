package pgkv

import (
	"bytes"
	"iter"
	"maps"
	"math"
	"slices"

	"auditlog/store/kv"
)

// tx is a transaction.
type tx struct {
	db     *DB
	c      *conn
	state  *state
	news   news
	tables catalog
	w      *writes // nil in a View
	begun  bool    // the server knows of it
	// expected is what the next round trip brings along, ahead what did by bucket.
	expected []query
	ahead    map[string]*ahead
	// sure says that the state is one that follows what was read before. fetched is what was read
	// until then of what is kept.
	sure    bool
	fetched []fetched
	height  uint64
	err     error
}

// Bucket returns a bucket, nil where there is none.
func (t *tx) Bucket(name string) kv.Bucket {
	if table := t.tables[name]; table != nil {
		return &bucket{t, table}
	}
	return nil
}

// CreateBucket has the table be made with what is written next.
func (t *tx) CreateBucket(name string) error {
	switch {
	case t.w == nil:
		return errReadOnly
	case t.tables[name] != nil:
		return nil
	}
	table := newTable(name, slices.Contains(t.db.opts.Cached, name))
	t.tables = maps.Clone(t.tables)
	t.tables[name] = table
	t.w.tables = append(t.w.tables, table.create(name == t.db.opts.Appended, name == t.db.opts.Watched)...)
	return nil
}

func (t *tx) Version() uint64 { return uint64(t.state.version) }
func (t *tx) Height(n uint64) { t.height = n }
func (t *tx) Err() error      { return t.err }

// Pass passes nothing by: no damage is known to hide keys here.
func (t *tx) Pass() *kv.Hidden { return nil }

// read runs calls, before which the server gets what was written and, of an update that it
// knows nothing of yet, the log is taken in hand. It reports false once the transaction has
// failed.
func (t *tx) read(calls ...*call) bool {
	if t.err != nil {
		return false
	}
	expected := t.expected
	t.expected = nil
	for _, q := range expected {
		calls = append(calls, q.calls...)
	}
	if t.w == nil {
		t.err = t.c.exchange(calls...)
	} else {
		t.err = t.readWriting(calls)
	}
	if t.err != nil {
		return false
	}
	for _, q := range expected {
		q.then()
	}
	if t.sure {
		t.keep()
	}
	return true
}

// fetched is a row of a bucket of which rows are kept.
type fetched struct {
	bucket string
	row    row
}

// keep keeps what was fetched. Before it is certain of which history that is, it may be under a
// version that is another's by now.
func (t *tx) keep() {
	t.sure = true
	for _, f := range t.fetched {
		t.db.cache.Put(f.bucket, f.row.kept())
	}
	t.fetched = nil
}

// readWriting runs calls in an update.
func (t *tx) readWriting(calls []*call) error {
	var all []*call
	var now *stateReader
	if !t.begun {
		if err := t.db.connectWriter(); err != nil {
			return err
		}
		t.c = t.db.writer
		now = t.db.readState(t.state, t.tables)
		all = t.db.take(now)
		t.begun = true
	}
	all = append(all, t.w.send(t.state.version+1, t.tables)...)
	if err := t.c.exchange(append(all, calls...)...); err != nil {
		return err
	}
	if now != nil && !now.now.is(t.state) {
		return errRace
	}
	t.sure = true
	return nil
}

// bucket is a bucket in a transaction.
type bucket struct {
	t     *tx
	table *table
}

// written reports whether the transaction has written to the bucket.
func (b *bucket) written() bool { return b.t.w != nil && b.t.w.touched(b.table.name) }

// isHeld reports whether all of the bucket is at hand.
func (b *bucket) isHeld() bool { return b.table.name == b.t.db.opts.Held }

// local returns the value of a key that is known without asking.
func (b *bucket) local(key []byte) (value []byte, known bool) {
	if b.t.w != nil {
		if value, known = b.t.w.get(b.table.name, key); known {
			return value, true
		}
		if b.t.w.ranges[b.table.name] {
			return nil, false
		}
	}
	if b.isHeld() {
		return b.t.state.held[string(key)].value, true
	}
	return nil, false
}

func (b *bucket) Get(key []byte) []byte {
	if b.t.err != nil {
		return nil
	}
	if v, known := b.local(key); known {
		return v
	}
	if v, known := b.known(key); known {
		return v
	}
	var value []byte
	kept := b.kept(key)
	ok := b.t.read(&call{statement: b.table.get, args: [][]byte{nonNil(key), int8(kept.version)}, row: func(columns [][]byte) {
		value = b.take(kept, key, readInt8(columns[0]), columns[1])
	}})
	if !ok {
		return nil
	}
	return value
}

// kept returns what is kept of a key, of a version that no row has where nothing is.
func (b *bucket) kept(key []byte) row {
	if b.table.cached && !b.written() {
		if v, ok := b.t.db.cache.Get(b.table.name, key); ok {
			return rowOf(v)
		}
	}
	return row{version: unknownVersion}
}

// unknownVersion is none that a row can have.
const unknownVersion = -1

// take returns the value of a row, which does not come with it where it is kept.
func (b *bucket) take(kept row, key []byte, version int64, value []byte) []byte {
	if value == nil {
		return kept.value
	}
	value = nonNil(bytes.Clone(value))
	if b.table.cached && !b.written() {
		b.t.fetched = append(b.t.fetched, fetched{b.table.name, row{bytes.Clone(key), version, value}})
	}
	return value
}

func (b *bucket) GetMany(keys [][]byte, fn func(key, value []byte)) {
	values := make(map[string][]byte, len(keys))
	var ask [][]byte
	for _, k := range keys {
		v, known := b.local(k)
		if !known {
			v, known = b.known(k)
		}
		if known {
			values[string(k)] = v
		} else {
			ask = append(ask, k)
		}
	}
	if len(ask) > 0 && b.t.err == nil {
		q := b.these(ask)
		if b.t.read(q.calls...) {
			q.then()
			for _, k := range ask {
				values[string(k)] = b.t.ahead[b.table.name].rows[string(k)].value
			}
		}
	}
	for _, k := range keys {
		if b.t.err != nil {
			fn(k, nil)
		} else {
			fn(k, values[string(k)])
		}
	}
}

// Since walks the keys that were put behind a version.
func (b *bucket) Since(version uint64) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		var rows []row
		if b.table.name == b.t.db.opts.Watched && !b.written() && int64(version) >= b.t.news.since.version {
			rows = b.t.news.watched
		} else if !b.t.read(&call{statement: b.table.since, args: [][]byte{int8(int64(version))}, row: func(columns [][]byte) {
			rows = append(rows, row{bytes.Clone(columns[0]), readInt8(columns[1]), nonNil(bytes.Clone(columns[2]))})
		}}) {
			return
		}
		for _, r := range rows {
			if r.version > int64(version) && !yield(r.key, r.value) {
				return
			}
		}
	}
}

func (b *bucket) Put(key, value []byte) error {
	if b.t.w == nil {
		return errReadOnly
	}
	b.t.w.set(b.table.name, key, nonNil(value))
	return b.t.err
}

func (b *bucket) Delete(key []byte) error {
	if b.t.w == nil {
		return errReadOnly
	}
	b.t.w.set(b.table.name, key, nil)
	return b.t.err
}

// DeleteRange has the server delete, for it alone knows how many there are, but of the bucket that
// is at hand.
func (b *bucket) DeleteRange(from, to []byte, limit int) (int, error) {
	switch {
	case b.t.w == nil:
		return 0, errReadOnly
	case limit <= 0:
		return 0, b.t.err
	case b.isHeld():
		return b.deleteHeld(from, to, limit), b.t.err
	}
	all := []byte{0}
	if to == nil {
		all[0] = 1
	}
	del := &call{statement: b.table.removeRange, args: [][]byte{nonNil(from), all, nonNil(to)}}
	if limit < math.MaxInt {
		del.statement, del.args = b.table.removeFew, append(del.args, int8(int64(limit)))
	}
	if !b.t.read(del) {
		return 0, b.t.err
	}
	b.t.w.forget(b.table.name, from, to)
	return int(del.affected), nil
}

// deleteHeld deletes of the bucket that is at hand.
func (b *bucket) deleteHeld(from, to []byte, limit int) int {
	there := b.t.state.heldAfter(b.t.w, &b.t.db.opts)
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(there)), func(key string) bool {
		return key < string(from) || to != nil && key >= string(to)
	})
	keys = keys[:min(limit, len(keys))]
	for _, key := range keys {
		b.t.w.set(b.table.name, []byte(key), nil)
	}
	return len(keys)
}

// Rising is of no interest to a table.
func (b *bucket) Rising() {}

func (b *bucket) Cursor() kv.Cursor { return newCursor(b) }

// nonNil returns a value that is there: nil would be none.
func nonNil(v []byte) []byte {
	if v == nil {
		return []byte{}
	}
	return v
}
