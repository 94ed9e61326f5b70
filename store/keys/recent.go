package keys

import (
	"slices"

	"auditlog/store/format"
)

// Known is what the log knows of the first entry that had a key: where it is, and the Sum of
// its Mark.
type Known struct {
	ID, Seq int64
	Sum     uint32
}

// Recent is the keys of a project that are in no run yet: of its tail, and of the seals since
// keys were moved last. It is changed and read by whoever writes, one at a time; Sealed alone is
// for others too. The zero Recent has none.
//
// It is a table of its own because the committer, which there is one of, looks each key up and adds
// it: in a map these are three places in memory, as far apart as the hashes are, and one here.
type Recent struct {
	cells  []cell  // a power of two, at least twice as many as there are keys
	order  []fresh // by seq
	sealed int     // how many of order are of sealed entries
}

// cell is a key in the table: at the place that its hash names, or the next one that was free.
type cell struct {
	part  uint32 // of the hash
	place int32  // in order, from 1; 0 in a free cell
}

type fresh struct {
	Hash
	Known
}

// find returns the cell of a key, or the free one in which it would be.
func (r *Recent) find(h Hash) *cell {
	mask := uint64(len(r.cells) - 1)
	for i := h.Hi & mask; ; i = (i + 1) & mask {
		c := &r.cells[i]
		if c.place == 0 || c.part == uint32(h.Lo) && r.order[c.place-1].Hash == h {
			return c
		}
	}
}

// arrange makes the table anew, with room for as many keys again.
func (r *Recent) arrange() {
	n := 16
	for n < 4*len(r.order) {
		n *= 2
	}
	r.cells = make([]cell, n)
	for i := range r.order {
		h := r.order[i].Hash
		*r.find(h) = cell{uint32(h.Lo), int32(i + 1)}
	}
}

// Add adds a key that is not there, of an entry behind all others.
func (r *Recent) Add(h Hash, first Known) {
	r.order = append(r.order, fresh{h, first})
	if 2*len(r.order) > len(r.cells) {
		r.arrange()
		return
	}
	*r.find(h) = cell{uint32(h.Lo), int32(len(r.order))}
}

// takeBack takes out the key that was added last: none has passed over its cell.
func (r *Recent) takeBack(h Hash) {
	*r.find(h) = cell{}
	r.order = r.order[:len(r.order)-1]
}

// get returns what is known of a key.
func (r *Recent) get(h Hash) (Known, bool) {
	if len(r.order) == 0 {
		return Known{}, false
	}
	c := r.find(h)
	if c.place == 0 {
		return Known{}, false
	}
	return r.order[c.place-1].Known, true
}

// load adds a key of a sealed entry.
func (r *Recent) load(k format.FreshKey) {
	r.Add(Hash{k.Hi, k.Lo}, Known{k.ID, k.Seq, k.Sum})
	r.sealed++
}

// Sealed returns how many keys of sealed entries there are.
func (r *Recent) Sealed() int { return r.sealed }

// Unsealed returns the keys of entries up to the one with a seq that are not sealed yet.
func (r *Recent) Unsealed(last int64) []format.FreshKey {
	var keys []format.FreshKey
	for _, k := range r.order[r.sealed:] {
		if k.Seq > last {
			break
		}
		keys = append(keys, format.FreshKey{Hi: k.Hi, Lo: k.Lo, ID: k.ID, Seq: k.Seq, Sum: k.Sum})
	}
	return keys
}

// Seal says that the entries up to the one with a seq are sealed.
func (r *Recent) Seal(last int64) {
	for r.sealed < len(r.order) && r.order[r.sealed].Seq <= last {
		r.sealed++
	}
}

// CatchUp takes in what others have sealed, up to the entry with a seq: keys of sealed entries
// behind those that are known or, where moved says that the sealed ones known are in a run by now,
// all that are in none.
func (r *Recent) CatchUp(moved bool, sealed []format.FreshKey, last int64) {
	var left []fresh
	if moved {
		r.Seal(last)
		left = r.order[r.sealed:]
		*r = Recent{}
	}
	for _, k := range sealed {
		r.Add(Hash{k.Hi, k.Lo}, Known{k.ID, k.Seq, k.Sum})
	}
	for _, k := range left {
		r.Add(k.Hash, k.Known)
	}
	r.Seal(last)
}

// forget takes out the keys of sealed entries, which are in a run now.
func (r *Recent) forget() {
	*r = Recent{order: slices.Clone(r.order[r.sealed:])}
	if len(r.order) > 0 {
		r.arrange()
	}
}
