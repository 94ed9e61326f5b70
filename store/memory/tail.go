package memory

import (
	"iter"
	"slices"
	"time"

	"auditlog/audit"
)

// Tail is the tail of the whole log in commit order: the entry with id First+i at index i. A seal takes
// entries of some projects and leaves those of others, so there may be gaps.
type Tail struct {
	First int64 // id of Slots[0], or the next id when there is none
	// Slots say what is known of the ids, and Entries which of them are not sealed: the others are
	// nil. Both are replaced or appended to, never changed in place. The entries are replaced with
	// every seal, which is why they are not in the slots.
	Slots   []Slot
	Entries []*audit.Entry
	// Unsealed counts the entries that are in no block, or not all of a seal's, and the
	// bytes of their rows.
	Unsealed, Bytes int
	Since           time.Time // when the oldest of them came in, or about so
}

// Slot is what is known of an id of the tail, whether it is sealed or not.
type Slot struct {
	Owner *Project
	Seq   int64
	Size  int // of its row
}

// Next returns the id that the next entry gets.
func (r *Tail) Next() int64 { return r.First + int64(len(r.Slots)) }

// Get returns what is known of an id, and its entry unless that is sealed; without an owner where it is
// not of the tail.
func (r *Tail) Get(id int64) (Slot, *audit.Entry) {
	if id < r.First || id >= r.Next() {
		return Slot{}, nil
	}
	return r.Slots[id-r.First], r.Entries[id-r.First]
}

// Append adds the next id, whose entry is nil if it is sealed.
func (r *Tail) Append(s Slot, e *audit.Entry) {
	r.Slots, r.Entries = append(r.Slots, s), append(r.Entries, e)
}

// Cut takes out the ids before first, and the entries of those that sealed yields.
func (r *Tail) Cut(first int64, sealed iter.Seq[int64]) {
	left := r.Entries[first-r.First:]
	entries := append(make([]*audit.Entry, 0, len(left)+len(left)/4), left...) // as more will come
	for id := range sealed {
		if id >= first {
			entries[id-first] = nil
		}
	}
	r.Slots, r.Entries, r.First = r.Slots[first-r.First:], entries, first
	if len(left) == 0 {
		r.Slots = nil // whose memory would be kept for nothing
	}
}

// Has reports whether some id of the tail is p's, sealed or not.
func (r *Tail) Has(p *Project) bool {
	return slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.Owner == p })
}
