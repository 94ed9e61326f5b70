package memory

import (
	"slices"
	"time"

	"auditlog/audit"
)

// Tail is the tail of the whole log in commit order: the entry with id First+i at index i. A seal takes
// entries of some projects and leaves those of others, so there may be gaps.
type Tail struct {
	First int64  // id of Slots[0], or the next id when there is none
	Slots []Slot // replaced or appended to, never changed in place
	// Unsealed counts the entries that are in no block, or not all of a seal's, and the
	// bytes of their rows.
	Unsealed, Bytes int
	Since           time.Time // when the oldest of them came in, or about so
}

// Slot is what is known of an id of the tail.
type Slot struct {
	Entry *audit.Entry // nil once it is sealed
	Owner *Project
	Seq   int64
	Size  int // of its row
}

// Next returns the id that the next entry gets.
func (r *Tail) Next() int64 { return r.First + int64(len(r.Slots)) }

// Get returns what is known of an id; without an owner where it is not of the tail.
func (r *Tail) Get(id int64) Slot {
	if id < r.First || id >= r.Next() {
		return Slot{}
	}
	return r.Slots[id-r.First]
}

// Has reports whether some id of the tail is p's, sealed or not.
func (r *Tail) Has(p *Project) bool {
	return slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.Owner == p })
}
