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
type Recent struct {
	known  map[Hash]int32 // where in order, counted from the first there ever was
	order  []fresh        // by seq
	taken  int32          // how many are no more in order
	sealed int            // how many of order are of sealed entries
}

type fresh struct {
	Hash
	Known
}

// Add adds a key that is not there, of an entry behind all others.
func (r *Recent) Add(h Hash, first Known) {
	if r.known == nil {
		r.known = make(map[Hash]int32)
	}
	r.known[h] = r.taken + int32(len(r.order))
	r.order = append(r.order, fresh{h, first})
}

// takeBack takes out the key that was added last.
func (r *Recent) takeBack(h Hash) {
	delete(r.known, h)
	r.order = r.order[:len(r.order)-1]
}

// get returns what is known of a key.
func (r *Recent) get(h Hash) (Known, bool) {
	i, ok := r.known[h]
	if !ok {
		return Known{}, false
	}
	return r.order[i-r.taken].Known, true
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

// Forget takes out the keys of sealed entries, which are in a run now.
func (r *Recent) Forget() {
	for _, k := range r.order[:r.sealed] {
		delete(r.known, k.Hash)
	}
	r.taken += int32(r.sealed) // which may wrap around: differences are what counts
	r.order = slices.Clone(r.order[r.sealed:])
	r.sealed = 0
}
