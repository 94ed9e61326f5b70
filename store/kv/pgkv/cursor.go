package pgkv

import (
	"bytes"
	"slices"

	"auditlog/store/kv"
)

// cursor walks a bucket by windows: rows that follow each other without a gap, fetched at once.
// The longer it goes one way, the larger they get.
type cursor struct {
	b *bucket
	window
	i    int // where it is; outside the bucket where there is no such row
	size int // rows of the next window
}

// How many rows a window has: at first, of rows that may be large and of others, and at most.
// Windows grow to so many bytes, about.
const (
	fewRows     = 2
	someRows    = 16
	mostRows    = 1024
	growth      = 4
	windowBytes = 1 << 20
)

func newCursor(b *bucket) *cursor {
	c := &cursor{b: b}
	c.begin()
	return c
}

// begin sets the size of the first window of a walk.
func (c *cursor) begin() {
	c.size = someRows
	if c.b.table.cached {
		c.size = fewRows
	}
}

// fetch reads a window on one side of a key: what statement gives, forward or back. It reports
// false when the bucket has nothing there, or cannot be read.
func (c *cursor) fetch(s *statement, key []byte, back bool) bool {
	read, got := c.b.window(s, key, c.size, back)
	if !c.b.t.read(read) || len(*got) == 0 {
		c.rows, c.i = nil, 0
		return false
	}
	rows, total := *got, 0
	for _, r := range rows {
		total += len(r.key) + len(r.value)
	}
	ended := len(rows) < c.size
	if back {
		slices.Reverse(rows)
	}
	c.window = window{rows: rows, first: back && ended, last: !back && ended}
	c.size = max(1, min(c.size*growth, mostRows, windowBytes*len(rows)/max(1, total)))
	return true
}

// window returns the call that reads so many rows on one side of a key, and where they will be.
func (b *bucket) window(s *statement, key []byte, size int, back bool) (*call, *[]row) {
	var kept []row
	args := [][]byte{key, int8(int64(size))}
	if b.table.cached {
		if !b.written() {
			for _, v := range b.t.db.cache.Around(b.table.name, key, size+1, back) {
				kept = append(kept, rowOf(v))
			}
		}
		args = append(args,
			array(oidBytea, len(kept), func(i int) []byte { return kept[i].key }),
			array(oidInt8, len(kept), func(i int) []byte { return int8(kept[i].version) }))
	}
	rows := new([]row)
	return &call{statement: s, args: args, row: func(columns [][]byte) {
		r := row{key: bytes.Clone(columns[0]), version: readInt8(columns[1])}
		var known row
		if i, ok := slices.BinarySearchFunc(kept, r, byKey); ok {
			known = kept[i]
		}
		r.value = b.take(known, r.key, r.version, columns[2])
		*rows = append(*rows, r)
	}}, rows
}

// at returns where the cursor is.
func (c *cursor) at() (key, value []byte) {
	if c.b.t.err != nil || c.i < 0 || c.i >= len(c.rows) {
		return nil, nil
	}
	return c.rows[c.i].key, c.rows[c.i].value
}

// out leaves the bucket.
func (c *cursor) out() (key, value []byte) {
	c.rows, c.i = nil, 0
	return nil, nil
}

func (c *cursor) First() (key, value []byte) { return c.Seek(nil) }

func (c *cursor) Last() (key, value []byte) {
	if c.known() {
		if c.i = len(c.rows) - 1; c.i >= 0 {
			return c.at()
		}
	}
	c.begin()
	if !c.fetch(c.b.table.last, nil, true) {
		return nil, nil
	}
	c.last, c.i = true, len(c.rows)-1
	return c.at()
}

func (c *cursor) Seek(key []byte) (k, v []byte) {
	if c.within(key) {
		return c.at()
	}
	c.begin()
	if !c.fetch(c.b.table.from, nonNil(key), false) {
		return nil, nil
	}
	c.first, c.i = len(key) == 0, 0
	return c.at()
}

// AtOrBefore moves to the last key that is key or before it.
func (c *cursor) AtOrBefore(key []byte) (k, v []byte) { return c.back(c.b.table.upTo, key) }

// Before moves to the last key before key.
func (c *cursor) Before(key []byte) (k, v []byte) { return c.back(c.b.table.before, key) }

func (c *cursor) back(s *statement, key []byte) (k, v []byte) {
	if c.within(key) { // which has moved to the first that is not before key
		if at, v := c.at(); s == c.b.table.upTo && bytes.Equal(at, key) && at != nil {
			return at, v
		}
		if c.i > 0 {
			c.i--
			return c.at()
		}
		if c.first {
			return c.out()
		}
	}
	if w := c.b.knownAround(func(w *window) bool { return w.leads(key) }); w != nil && c.lead(*w, s, key) {
		return c.at()
	}
	c.begin()
	if !c.fetch(s, nonNil(key), true) {
		return nil, nil
	}
	c.i = len(c.rows) - 1
	return c.at()
}

// lead moves back from a key within a window. It reports false where that leads out of it.
func (c *cursor) lead(w window, s *statement, key []byte) bool {
	i, found := slices.BinarySearchFunc(w.rows, row{key: key}, byKey)
	if !found || s != c.b.table.upTo {
		i--
	}
	if i < 0 {
		return false
	}
	c.begin()
	c.window, c.i = w, i
	return true
}

// known has the window be what came along with the transaction's state, where that is the end of
// the bucket that is appended to. It reports false where nothing is known that way.
func (c *cursor) known() bool {
	t := c.b.t
	if t.err != nil || c.b.table.name != t.db.opts.Appended || c.b.written() || len(t.news.appended) == 0 {
		return false
	}
	c.rows, c.first, c.last = t.news.appended, false, true
	return true
}

// within moves to the first key that is not before key where that needs no reading.
func (c *cursor) within(key []byte) bool {
	t := c.b.t
	switch {
	case t.err != nil:
		return false
	case c.b.isHeld() && !c.b.written():
		c.rows = c.rows[:0]
		for _, r := range t.state.held {
			c.rows = append(c.rows, r)
		}
		slices.SortFunc(c.rows, byKey)
		c.first, c.last = true, true
	case c.b.table.name == t.db.opts.Appended && !c.b.written() && t.news.since != nil && bytes.Compare(key, t.news.since.last) > 0:
		c.rows, c.first, c.last = t.news.appended, false, true
	case c.b.written():
		return false
	case !c.has(key):
		w := c.b.knownAround(func(w *window) bool { return w.has(key) })
		if w == nil {
			return false
		}
		c.window = *w
	}
	c.i, _ = slices.BinarySearchFunc(c.rows, row{key: key}, byKey)
	return true
}

func (c *cursor) Next() (key, value []byte) {
	switch {
	case len(c.rows) == 0:
		return nil, nil
	case c.i+1 < len(c.rows):
		c.i++
		return c.at()
	case c.last:
		return c.out()
	case !c.fetch(c.b.table.behind, c.rows[len(c.rows)-1].key, false):
		return nil, nil
	}
	c.i = 0
	return c.at()
}

func (c *cursor) Prev() (key, value []byte) {
	switch {
	case len(c.rows) == 0:
		return nil, nil
	case c.i > 0:
		c.i--
		return c.at()
	case c.first:
		return c.out()
	case !c.fetch(c.b.table.before, c.rows[0].key, true):
		return nil, nil
	}
	c.i = len(c.rows) - 1
	return c.at()
}

// Past moves over keys, though none are hidden here.
func (c *cursor) Past(h *kv.Hidden, back bool) (key, value []byte) {
	switch {
	case back && h.From == nil, !back && h.To == nil:
		return c.out()
	case back:
		return c.Before(h.From)
	}
	return c.Seek(h.To)
}
