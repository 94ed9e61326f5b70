package bits

import "math/bits"

// MaxRows is how many elements a list has at most, and how many rows a block.
const MaxRows = 1024

// Rows is a set of rows of one block, or of elements of one of its columns. The zero Rows is empty.
type Rows [MaxRows / 64]uint64

// All returns the set of the first n rows.
func All(n int) Rows { return Between(0, n) }

// Between returns the set of the rows from lo to hi, hi excluded.
func Between(lo, hi int) (r Rows) {
	for k := range r {
		r[k] = below(hi-64*k) &^ below(lo-64*k)
	}
	return r
}

// below returns the word whose first n bits are set.
func below(n int) uint64 {
	if n <= 0 {
		return 0
	}
	if n >= 64 {
		return ^uint64(0)
	}
	return 1<<n - 1
}

// Set adds row.
func (r *Rows) Set(row int) { r[row>>6] |= 1 << (row & 63) }

// Clear removes row.
func (r *Rows) Clear(row int) { r[row>>6] &^= 1 << (row & 63) }

// Has reports whether row is in r.
func (r *Rows) Has(row int) bool { return r[row>>6]>>(row&63)&1 != 0 }

// Empty reports whether no row is in r.
func (r *Rows) Empty() bool { return *r == Rows{} }

// Count returns how many rows are in r.
func (r *Rows) Count() int {
	n := 0
	for _, w := range r {
		n += bits.OnesCount64(w)
	}
	return n
}

// Next returns the first row of r at or after row, or -1.
func (r *Rows) Next(row int) int {
	if row >= MaxRows {
		return -1
	}
	row = max(row, 0)
	w := r[row>>6] &^ (1<<(row&63) - 1)
	for k := row >> 6; ; w = r[k] {
		if w != 0 {
			return k<<6 + bits.TrailingZeros64(w)
		}
		if k++; k == len(r) {
			return -1
		}
	}
}

// Prev returns the last row of r at or before row, or -1.
func (r *Rows) Prev(row int) int {
	if row < 0 {
		return -1
	}
	row = min(row, MaxRows-1)
	w := r[row>>6] & below(row&63+1)
	for k := row >> 6; ; w = r[k] {
		if w != 0 {
			return k<<6 + 63 - bits.LeadingZeros64(w)
		}
		if k--; k < 0 {
			return -1
		}
	}
}

// And keeps the rows that are in s too.
func (r *Rows) And(s *Rows) {
	for k := range r {
		r[k] &= s[k]
	}
}

// AndNot removes the rows that are in s.
func (r *Rows) AndNot(s *Rows) {
	for k := range r {
		r[k] &^= s[k]
	}
}

// Or adds the rows of s.
func (r *Rows) Or(s *Rows) {
	for k := range r {
		r[k] |= s[k]
	}
}
