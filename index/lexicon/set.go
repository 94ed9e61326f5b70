package lexicon

import "math/bits"

// Set is a set of the documents of a section, by number.
type Set []uint64

// NewSet returns an empty set for n documents.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// All returns the set of n documents.
func All(n int) Set {
	s := NewSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if n%64 != 0 {
		s[len(s)-1] = 1<<(n%64) - 1
	}
	return s
}

// Add adds document i.
func (s Set) Add(i int) { s[i/64] |= 1 << (i % 64) }

// Remove removes document i.
func (s Set) Remove(i int) { s[i/64] &^= 1 << (i % 64) }

// Has reports whether document i is in s.
func (s Set) Has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }

// And removes from s what is not in o, a set of as many documents.
func (s Set) And(o Set) {
	for i := range s {
		s[i] &= o[i]
	}
}

// Or adds to s what is in o, a set of as many documents.
func (s Set) Or(o Set) {
	for i := range s {
		s[i] |= o[i]
	}
}

// Empty reports whether nothing is in s.
func (s Set) Empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// Each calls fn with the documents in s, in their order.
func (s Set) Each(fn func(i int)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			fn(64*i + bits.TrailingZeros64(w))
		}
	}
}
