package column

import (
	"hash/maphash"

	"auditlog/store/block/bits"
)

// dictionary is a list of strings as indexes into its distinct ones.
type dictionary struct {
	idx    []uint16
	values []string // in the order of first appearance
	// narrows is set once the column is stored with an index that can narrow others down.
	narrows bool
}

// table finds the index of a string by its hash.
type table struct {
	cells  [2 * bits.MaxRows]uint16 // index plus one
	hashes [bits.MaxRows]uint64
}

// build fills d from values.
func (e *Encoder) build(d *dictionary, values []string) {
	d.idx, d.values, d.narrows = d.idx[:0], d.values[:0], false
	t := &e.table
	clear(t.cells[:])
	for i, v := range values {
		if i > 0 && v == values[i-1] {
			d.idx = append(d.idx, d.idx[i-1])
			continue
		}
		d.idx = append(d.idx, t.find(d, v, maphash.String(e.seed, v)))
	}
}

// find returns v's index, a new one if need be.
func (t *table) find(d *dictionary, v string, h uint64) uint16 {
	const mask = uint64(len(t.cells) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		cell := t.cells[i]
		if cell == 0 {
			n := len(d.values)
			t.cells[i], t.hashes[n] = uint16(n+1), h
			d.values = append(d.values, v)
			return uint16(n)
		}
		if t.hashes[cell-1] == h && d.values[cell-1] == v {
			return cell - 1
		}
	}
}

// findBytes is find for a string that is only made if it is new.
func (t *table) findBytes(d *dictionary, v []byte, h uint64) uint16 {
	const mask = uint64(len(t.cells) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		cell := t.cells[i]
		if cell == 0 {
			return t.find(d, string(v), h)
		}
		if t.hashes[cell-1] == h && d.values[cell-1] == string(v) {
			return cell - 1
		}
	}
}
