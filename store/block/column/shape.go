package column

import (
	"encoding/binary"

	"auditlog/store/block/bits"
)

// maxSlots bounds the columns below one.
const maxSlots = 1024

// shapeKind is of columns of lists of names: an index into shapes, each of which is the names
// of a list, and for each shape and value a column.
type shapeKind struct{}

func (shapeKind) scan(p *Parser, c *Column, class, top int) {
	c.n = uint16(p.Count(1, int(c.m)))
	p.strings(c, class, int(c.n))
	p.scanIndex(c, top)
	p.scanSlots(c, inText)
}

// append appends the shape alone.
func (shapeKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	shape, err := s.shapeOf(c, i)
	if err != nil {
		return dst, err
	}
	names, err := s.Text(int(c.text) + shape)
	return append(dst, names...), err
}

func (s *Set) shapeOf(c *Column, i int) (int, error) {
	shape := s.at(&c.index, i)
	if shape >= int(c.n) {
		return 0, bits.Corrupt("index %d of %d shapes", shape, c.n)
	}
	return shape, nil
}

func (shapeKind) lift(s *Set, c *Column, set bits.Rows) bits.Rows { return s.having(&c.index, &set) }

func (shapeKind) eachName(s *Set, c *Column, i, per int, fn NameFunc) error {
	t, err := s.shapeOf(c, i)
	if err != nil {
		return err
	}
	shape, err := s.Text(int(c.text) + t)
	if err != nil || shape == "" {
		return err
	}
	return s.eachSlot(c, t, s.rank(&c.index, i, t), per, shape, fn)
}

func (shapeKind) eachNameOfAll(s *Set, c *Column, per int, fn RowNameFunc) error {
	for t := range int(c.n) {
		if err := s.eachNameOfShape(c, t, per, fn); err != nil {
			return err
		}
	}
	return nil
}

func (shapeKind) eachOfName(s *Set, c *Column, per int, name string, fn func(int, string)) error {
	for t := range int(c.n) {
		shape, err := s.Text(int(c.text) + t)
		if err != nil {
			return err
		}
		at, n := -1, 0
		err = SplitShape(shape, func(has string) {
			if has == name {
				at = n
			}
			n++
		})
		if err != nil {
			return err
		}
		if slot, end := s.SlotsOf(c, t); at >= 0 && slot+at*per < end {
			if err := s.eachOfSlot(c, t, slot+at*per, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachOfSlot calls fn with the values of a slot of shape t, and the elements that have them.
func (s *Set) eachOfSlot(c *Column, t, slot int, fn func(i int, value string)) error {
	having := s.havingOne(&c.index, t)
	values, err := s.Values(s.Kid(c, slot), nil)
	if err != nil {
		return err
	}
	if len(values) != having.Count() {
		return bits.Corrupt("%d rows of %d with a shape", len(values), having.Count())
	}
	i := having.Next(0)
	for _, v := range values {
		fn(i, v)
		i = having.Next(i + 1)
	}
	return nil
}

func (shapeKind) eachText(s *Set, c *Column, fn func(string)) error {
	for t := range int(c.n) {
		shape, err := s.Text(int(c.text) + t)
		if err != nil {
			return err
		}
		if err := SplitShape(shape, fn); err != nil {
			return err
		}
	}
	_, end := s.SlotsOf(c, int(c.n)-1)
	for k := range end {
		if err := s.EachText(s.Kid(c, k), fn); err != nil {
			return err
		}
	}
	return nil
}

// SplitShape calls fn with each name that shape s is made of. A shape is its
// names, each behind its length.
func SplitShape(s string, fn func(name string)) error {
	for s != "" {
		name, rest, ok := cutText(s)
		if !ok {
			return bits.Corrupt("a shape is cut short")
		}
		fn(name)
		s = rest
	}
	return nil
}

// cutText takes a string behind its length off s.
func cutText(s string) (text, rest string, ok bool) {
	n, size := uvarint(s)
	if size <= 0 || n > uint64(len(s)-size) {
		return "", "", false
	}
	return s[size : size+int(n)], s[size+int(n):], true
}

// uvarint is binary.Uvarint of a string.
func uvarint(s string) (uint64, int) {
	if s != "" && s[0] < 0x80 {
		return uint64(s[0]), 1
	}
	var few [binary.MaxVarintLen64]byte
	return binary.Uvarint(few[:copy(few[:], s)])
}

// eachSlot calls fn with the names of shape t and the values of the rank'th row
// that has it.
func (s *Set) eachSlot(c *Column, t, rank, per int, shape string, fn NameFunc) error {
	slot, end := s.SlotsOf(c, t)
	n := (end - slot) / per
	for range n {
		name, rest, ok := cutText(shape)
		if !ok {
			break
		}
		shape = rest
		first, err := s.slot(c, slot, rank)
		if err != nil {
			return err
		}
		second := ""
		if per == 2 {
			if second, err = s.slot(c, slot+1, rank); err != nil {
				return err
			}
		}
		slot += per
		fn(name, first, second, n)
	}
	if slot != end || shape != "" {
		return bits.Corrupt("a shape does not fit its slots")
	}
	return nil
}

// slot returns the value that the rank'th row of a shape has in slot k.
func (s *Set) slot(c *Column, k, rank int) (string, error) {
	kid := s.Kid(c, k)
	if rank >= int(kid.m) {
		return "", bits.Corrupt("row %d of %d with a shape", rank, kid.m)
	}
	return s.Value(kid, rank)
}

// eachNameOfShape calls fn so for the elements with shape t.
func (s *Set) eachNameOfShape(c *Column, t, per int, fn RowNameFunc) error {
	shape, err := s.Text(int(c.text) + t)
	if err != nil || shape == "" {
		return err
	}
	having := s.havingOne(&c.index, t)
	m := having.Count()
	slot, end := s.SlotsOf(c, t)
	var columns [2][]string
	n := (end - slot) / per
	for ; slot+per <= end; slot += per {
		name, rest, ok := cutText(shape)
		if !ok {
			break
		}
		shape = rest
		for k := range per {
			kid := s.Kid(c, slot+k)
			if int(kid.m) != m {
				return bits.Corrupt("%d rows of %d with a shape", m, kid.m)
			}
			if columns[k], err = s.Values(kid, columns[k]); err != nil {
				return err
			}
		}
		row := having.Next(0)
		for i, first := range columns[0] {
			second := ""
			if per == 2 {
				second = columns[1][i]
			}
			fn(row, name, first, second, n)
			row = having.Next(row + 1)
		}
	}
	if slot != end || shape != "" {
		return bits.Corrupt("a shape does not fit its slots")
	}
	return nil
}
