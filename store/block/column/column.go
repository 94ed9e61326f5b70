package column

import (
	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
)

// Column is a list of strings, or of lists of names and values, read where it lies.
type Column struct {
	kind  uint8
	flags uint8  // of hexadecimal numbers
	m     uint16 // elements
	n     uint16 // distinct strings, shapes or templates; digits of a number
	text  uint32 // number of the first string; of hexadecimal numbers, where their digits lie
	kids  uint32 // first of its kids in Set.kids
	slots uint32 // where in Set.slots it says which of the kids belong to a shape or template
	index index
	ints  bits.Ints // its numbers
}

// Set is the columns of one block, over its data. Its methods may be called from several
// goroutines.
type Set struct {
	data []byte
	*parts
}

// parts is what was found out about the data, and holds none of it.
type parts struct {
	layout  Layout
	columns []Column // as the layout has them
	kids    []Column // of columns and kids
	slots   []uint16
	frames  []bits.Frame
	fingers []uint32 // where a column's fingerprints lie; 0: it has none
	texts   chunk.Texts
	memory  int // of all this but texts
}

// On returns the columns as they are in data, another copy of what they were scanned from.
// Without data, nothing can be read. The two share what either decodes.
func (s *Set) On(data []byte) Set { return Set{data, s.parts} }

// Memory returns how many bytes the columns take beside their data; it grows as texts are decoded.
func (s *Set) Memory() int { return s.memory + s.texts.Memory() }

// Layout returns what the columns are.
func (s *Set) Layout() Layout { return s.layout }

// At returns column number i of the layout.
func (s *Set) At(i int) *Column { return &s.columns[i] }

// Int returns value i of a list of integers that was scanned from the same data.
func (s *Set) Int(x *bits.Ints, i int) int64 { return x.At(s.data, s.frames, i) }

// Ints appends all values of such a list to dst.
func (s *Set) Ints(x *bits.Ints, dst []int64) []int64 { return x.AppendAll(dst, s.data, s.frames) }

// Kid returns the k'th kid of c.
func (s *Set) Kid(c *Column, k int) *Column { return &s.kids[int(c.kids)+k] }

// SlotsOf returns which kids of c belong to shape or template t.
func (s *Set) SlotsOf(c *Column, t int) (first, end int) {
	at := int(c.slots) + t
	return int(s.slots[at]), int(s.slots[at+1])
}

// Text returns string number i of the block.
func (s *Set) Text(i int) (string, error) { return s.texts.Get(s.data, i) }

// EachChunk calls fn with each chunk that has strings among the n ones from first on: with
// which of the chunk's they are, from lo to hi, and what its string 0 would be among the n.
func (s *Set) EachChunk(first, n int, fn func(p *chunk.Strings, lo, hi, base int)) error {
	return s.texts.EachChunk(s.data, first, n, fn)
}

// Len returns how many elements c has.
func (c *Column) Len() int { return int(c.m) }

// Nature returns what c is to who looks for something in it.
func (c *Column) Nature() Nature { return kinds[c.kind].nature }

// Kind returns the name of c's kind.
func (c *Column) Kind() string { return kinds[c.kind].name }

// Single reports whether all elements of c are the same string.
func (c *Column) Single() bool { return kinds[c.kind].single }

// Empty reports whether c has nothing in any element.
func (c *Column) Empty() bool { return c.Nature() == Nothing }

// Shared reports whether c is an index into the distinct strings of its kid.
func (c *Column) Shared() bool { return kinds[c.kind].shared }

// Strings returns the number of the first of c's own strings, texts of which elements are
// made, and how many there are.
func (c *Column) Strings() (first, n int) {
	switch {
	case c.Nature() == Plain && c.Single():
		return int(c.text), 1
	case c.Nature() == Plain:
		return int(c.text), int(c.m)
	}
	return int(c.text), int(c.n)
}

// Value returns element i of a column of strings.
func (s *Set) Value(c *Column, i int) (string, error) {
	if held := kinds[c.kind].held; held != nil {
		return held.value(s, c, i)
	}
	return s.make(c, i)
}

// make makes element i of a column that does not hold its strings.
func (s *Set) make(c *Column, i int) (string, error) {
	w := scratches.Get().(*scratch)
	made, err := s.appendValue(w.made[:0], c, i)
	v := string(made)
	w.made = made
	scratches.Put(w)
	return v, err
}

// appendValue appends element i of a column of strings to dst.
func (s *Set) appendValue(dst []byte, c *Column, i int) ([]byte, error) {
	return kinds[c.kind].append(dst, s, c, i)
}

// appendHeld is append for a kind that holds strings.
func appendHeld(dst []byte, k holder, s *Set, c *Column, i int) ([]byte, error) {
	v, err := k.value(s, c, i)
	return append(dst, v...), err
}

// Values returns all elements of a column of strings, in dst's memory if it has
// room. That is much faster than one by one.
func (s *Set) Values(c *Column, dst []string) ([]string, error) {
	dst = dst[:0]
	if all := kinds[c.kind].all; all != nil {
		return all.values(s, c, dst)
	}
	for i := range int(c.m) {
		v, err := s.Value(c, i)
		if err != nil {
			return nil, err
		}
		dst = append(dst, v)
	}
	return dst, nil
}

// EachMade calls fn with all elements of c in their order, each valid until the next, if they
// are made of parts: without the memory that all of them take.
func (s *Set) EachMade(c *Column, fn func(i int, element []byte) error) (made bool, err error) {
	k := kinds[c.kind].made
	if k == nil {
		return false, nil
	}
	return true, k.each(s, c, fn)
}

// EachValue calls fn with the elements of c that are in set.
func (s *Set) EachValue(c *Column, set *bits.Rows, fn func(i int, value string)) error {
	if kinds[c.kind].all != nil && set.Count() > int(c.m)/8 {
		w := scratches.Get().(*scratch)
		defer scratches.Put(w)
		var err error
		if w.values, err = s.Values(c, w.values); err != nil {
			return err
		}
		for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
			fn(i, w.values[i])
		}
		return nil
	}
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		v, err := s.Value(c, i)
		if err != nil {
			return err
		}
		fn(i, v)
	}
	return nil
}

// Inner returns the column of c's distinct strings, which is c itself unless they are shared.
func (s *Set) Inner(c *Column) *Column {
	if c.Shared() {
		return s.Kid(c, 0)
	}
	return c
}

// Distinct returns the strings of c but the empty one, most of them once, in dst's memory if
// it has room.
func (s *Set) Distinct(c *Column, dst []string) ([]string, error) {
	v := s.Inner(c)
	switch k := &kinds[v.kind]; {
	case k.nature == Nothing:
		return dst[:0], nil
	case k.nature == Chosen:
		return s.Distinct(s.Kid(v, 0), dst)
	case k.single:
		one, err := s.Value(v, 0)
		return append(dst[:0], one), err
	}
	return s.Values(v, dst)
}

// Which reads which of its distinct strings each element of c has.
func (s *Set) Which(c *Column, dst *[bits.MaxRows]uint16) {
	if c.Shared() {
		s.all(&c.index, dst)
		return
	}
	for i := range dst[:c.m] {
		dst[i] = uint16(i)
	}
}

// WhichOne returns which of its distinct strings element i of c has: for a few elements that is
// faster than Which.
func (s *Set) WhichOne(c *Column, i int) int {
	if c.Shared() {
		return s.at(&c.index, i)
	}
	return i
}

// Lift returns which elements of c have one of c's own strings, or of its kid's elements, that
// are in set.
func (s *Set) Lift(c *Column, set *bits.Rows) (r bits.Rows) {
	if set.Empty() {
		return r
	}
	if k := kinds[c.kind].lifter; k != nil {
		return k.lift(s, c, *set)
	}
	return bits.All(int(c.m))
}

// Keep removes the elements from rows whose string is not one of the distinct ones in set.
func (s *Set) Keep(c *Column, set, rows *bits.Rows) {
	switch {
	case c.Shared():
		s.keepHaving(&c.index, set, rows)
	case !c.Single():
		rows.And(set)
	case !set.Has(0):
		*rows = bits.Rows{}
	}
}

// EachName calls fn with each of the names that element i of column col has.
func (s *Set) EachName(col, i int, fn NameFunc) error {
	c := &s.columns[col]
	return kinds[c.kind].directory.eachName(s, c, i, s.layout[col].Names, fn)
}

// EachNameOfAll calls fn so for all elements, but not in their order.
func (s *Set) EachNameOfAll(col int, fn RowNameFunc) error {
	c := &s.columns[col]
	return kinds[c.kind].directory.eachNameOfAll(s, c, s.layout[col].Names, fn)
}

// EachOfName calls fn with the first value that a name has in each element, not in their
// order. Where no element has the name it decodes names at most.
func (s *Set) EachOfName(col int, name string, fn func(i int, value string)) error {
	c := &s.columns[col]
	return kinds[c.kind].directory.eachOfName(s, c, s.layout[col].Names, name, fn)
}

// EachText calls fn with every string of c, and of the columns below it, each at least once. The
// empty one may be left out.
func (s *Set) EachText(c *Column, fn func(value string)) error {
	if names := kinds[c.kind].directory; names != nil {
		return names.eachText(s, c, fn)
	}
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	var err error
	if w.values, err = s.Distinct(c, w.values); err != nil {
		return err
	}
	for _, v := range w.values {
		fn(v)
	}
	return nil
}
