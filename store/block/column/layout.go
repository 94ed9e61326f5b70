package column

import "slices"

// Layout says what the columns at the top of a block are, in the order in which they are
// stored. It is part of the format.
type Layout []Spec

// alone reports whether no filter compares a column, and no other is made by it, nor it by others.
func (l Layout) alone(col int) bool {
	spec := &l[col]
	return spec.Finger == nil && !spec.Narrows && spec.Marks == nil && !slices.ContainsFunc(l, func(s Spec) bool {
		return slices.Contains(s.NarrowedBy, col) || slices.Contains(s.Marks, col)
	})
}

// Spec is what a column is for.
type Spec struct {
	// Names is 0 for a column of strings; else its elements are lists of names, each with
	// so many values, 1 or 2.
	Names int
	// Searched says that full-text search looks into it for words, Whole that it finds
	// a value whole.
	Searched, Whole bool
	// Indexed says that an index is told of its values as they are, besides.
	Indexed bool
	// Finger returns the fingerprint of a value, if filters compare the column; else it is nil.
	Finger func(value string) uint16
	// Folded says that filters compare without regard to case.
	Folded bool
	// Narrows says that what a row has here often leaves but a few values in other columns.
	Narrows bool
	// NarrowedBy lists the columns before it that often narrow this one down, by number.
	NarrowedBy []int
	// Marks lists the columns before it whose values often stand in those of this one: up to
	// maxMarks.
	Marks []int
}
