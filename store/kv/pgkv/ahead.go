package pgkv

import (
	"bytes"
	"slices"

	"auditlog/store/kv"
)

// ahead is what was read of a bucket before it was asked for.
type ahead struct {
	rows    map[string]row // those of keys that are not there have no value
	windows []window
}

// window is rows of a bucket that follow each other without a gap.
type window struct {
	rows []row
	// first and last say that the bucket has nothing before them, and behind them.
	first, last bool
	// through is a key up to which it has nothing behind them.
	through []byte
}

// leads reports whether the last key that is not behind key is known, or that there is none.
func (w *window) leads(key []byte) bool {
	n := len(w.rows)
	return n > 0 && bytes.Compare(w.rows[0].key, key) <= 0 && (w.last || bytes.Compare(key, w.rows[n-1].key) <= 0 || bytes.Compare(key, w.through) <= 0)
}

// has reports whether the first key that is not before key, and the last that is, are known.
func (w *window) has(key []byte) bool {
	n := len(w.rows)
	return n > 0 && (w.first || bytes.Compare(w.rows[0].key, key) <= 0) && (w.last || bytes.Compare(key, w.rows[n-1].key) <= 0)
}

// query is calls whose rows are of use once all of them were answered.
type query struct {
	calls []*call
	then  func()
}

// Expect has the next round trip bring along what will be read.
func (t *tx) Expect(all ...kv.Expected) {
	for _, e := range all {
		table := t.tables[e.Bucket]
		if table == nil || len(e.Keys) == 0 || e.Bucket == t.db.opts.Held {
			continue
		}
		b := &bucket{t, table}
		if e.Before > 0 {
			for _, key := range e.Keys {
				t.expected = append(t.expected, b.around(key, e.Before, e.Behind))
			}
		} else {
			t.expected = append(t.expected, b.these(e.Keys))
		}
	}
}

func (b *bucket) ahead() *ahead {
	a := b.t.ahead[b.table.name]
	if a == nil {
		if b.t.ahead == nil {
			b.t.ahead = make(map[string]*ahead)
		}
		a = &ahead{rows: make(map[string]row)}
		b.t.ahead[b.table.name] = a
	}
	return a
}

// these returns the query of keys that will be asked for.
func (b *bucket) these(keys [][]byte) query {
	ask := make([]row, 0, len(keys))
	for _, k := range keys {
		kept := b.kept(k)
		kept.key = nonNil(k)
		ask = append(ask, kept)
	}
	slices.SortFunc(ask, byKey)
	ask = slices.CompactFunc(ask, func(a, b row) bool { return bytes.Equal(a.key, b.key) })
	got := make(map[string]row, len(ask))
	c := &call{statement: b.table.many, args: [][]byte{
		array(oidBytea, len(ask), func(i int) []byte { return ask[i].key }),
		array(oidInt8, len(ask), func(i int) []byte { return int8(ask[i].version) }),
	}, row: func(columns [][]byte) {
		i, _ := slices.BinarySearchFunc(ask, row{key: columns[0]}, byKey)
		version := readInt8(columns[1])
		got[string(columns[0])] = row{ask[i].key, version, b.take(ask[i], columns[0], version, columns[2])}
	}}
	return query{[]*call{c}, func() {
		a := b.ahead()
		for _, r := range ask {
			a.rows[string(r.key)] = got[string(r.key)]
		}
	}}
}

// around returns the query of what lies on both sides of a key.
func (b *bucket) around(key []byte, before, behind int) query {
	down, below := b.window(b.table.upTo, key, before, true)
	q := query{calls: []*call{down}}
	above := new([]row)
	if behind > 0 {
		var up *call
		up, above = b.window(b.table.behind, key, behind, false)
		q.calls = append(q.calls, up)
	}
	q.then = func() {
		slices.Reverse(*below)
		w := window{rows: append(*below, *above...), first: len(*below) < before, last: len(*above) < behind, through: key}
		a := b.ahead()
		a.windows = append(a.windows, w)
	}
	return q
}

// known returns what was read ahead of a key, which waits for what is expected.
func (b *bucket) known(key []byte) (value []byte, ok bool) {
	if len(b.t.expected) > 0 && !b.t.read() || b.t.ahead == nil || b.t.w != nil && b.t.w.ranges[b.table.name] {
		return nil, false
	}
	a := b.t.ahead[b.table.name]
	if a == nil {
		return nil, false
	}
	r, ok := a.rows[string(key)]
	return r.value, ok
}

// knownAround returns a window that was read ahead, and of which ok holds.
func (b *bucket) knownAround(ok func(w *window) bool) *window {
	if len(b.t.expected) > 0 && !b.t.read() || b.t.ahead == nil || b.written() {
		return nil
	}
	a := b.t.ahead[b.table.name]
	if a == nil {
		return nil
	}
	for i := range a.windows {
		if ok(&a.windows[i]) {
			return &a.windows[i]
		}
	}
	return nil
}
