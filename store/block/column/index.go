package column

import "auditlog/store/block/bits"

// maxChoice is how many bits may choose among what another column leaves.
const maxChoice = 3

// index says for each of m elements which of n strings, shapes or templates it
// has. Where another column narrows that down, it is a choice among the few
// that occur with the other column's index, or none is left to make.
type index struct {
	by     uint8 // number of the other column, plus one; 0: there is none
	width  uint8 // of an index, in bits
	n      uint16
	table  uint32      // the choices for each of the other column's indexes
	planes bits.Planes // of the indexes, or of the choices
}

// at returns the index of element i. It is less than n unless the block is
// damaged, which callers check.
func (s *Set) at(x *index, i int) int {
	if x.by == 0 {
		return x.planes.At(s.data, i)
	}
	other := &s.columns[x.by-1].index
	v := other.planes.At(s.data, i)
	if v >= int(other.n) {
		return bits.MaxRows
	}
	return s.choose(x, v<<x.planes.Width|x.planes.At(s.data, i))
}

// choose returns entry v of x's table.
func (s *Set) choose(x *index, v int) int {
	return int(bits.Load(s.data, int(x.table), v, uint(x.width)))
}

// all reads the index of every element into dst.
func (s *Set) all(x *index, dst *[bits.MaxRows]uint16) {
	if x.by == 0 {
		x.planes.All(s.data, dst[:])
		return
	}
	var choices [bits.MaxRows]uint16
	if x.planes.Width != 0 {
		x.planes.All(s.data, choices[:])
	}
	other := &s.columns[x.by-1].index
	s.all(other, dst)
	for i, v := range dst[:x.planes.Len()] {
		if v >= other.n {
			dst[i] = bits.MaxRows
			continue
		}
		dst[i] = uint16(s.choose(x, int(v)<<x.planes.Width|int(choices[i])))
	}
}

// having returns which elements have an index out of want.
func (s *Set) having(x *index, want *bits.Rows) bits.Rows {
	r := bits.All(x.planes.Len())
	s.keepHaving(x, want, &r)
	return r
}

// keepHaving removes the elements from r that do not have an index out of want.
func (s *Set) keepHaving(x *index, want, r *bits.Rows) {
	if x.by == 0 {
		x.planes.Keep(s.data, want, r)
		return
	}
	var through [1 << maxChoice]bits.Rows // the other column's indexes by choice
	choices, other := x.planes.Width, &s.columns[x.by-1].index
	for v := range int(other.n) << choices {
		if want.Has(s.choose(x, v)) {
			through[v&(1<<choices-1)].Set(v >> choices)
		}
	}
	var kept bits.Rows
	for choice := range 1 << choices {
		if through[choice].Empty() {
			continue
		}
		part := *r
		x.planes.KeepOne(s.data, choice, &part)
		other.planes.Keep(s.data, &through[choice], &part)
		kept.Or(&part)
	}
	*r = kept
}

// havingOne returns which elements have index v.
func (s *Set) havingOne(x *index, v int) bits.Rows {
	var want bits.Rows
	want.Set(v)
	return s.having(x, &want)
}

// Spread returns those of the elements of c with index v whose numbers among them
// are in ranks.
func (s *Set) Spread(c *Column, v int, ranks *bits.Rows) (r bits.Rows) {
	rank := ranks.Next(0)
	if rank < 0 {
		return r
	}
	having := s.havingOne(&c.index, v)
	at := 0
	for i := having.Next(0); i >= 0 && rank >= 0; i = having.Next(i + 1) {
		if at == rank {
			r.Set(i)
			rank = ranks.Next(rank + 1)
		}
		at++
	}
	return r
}

// Having returns the elements of c with index v.
func (s *Set) Having(c *Column, v int) bits.Rows { return s.havingOne(&c.index, v) }

// Members returns the elements of c with index v, how many they are, and which
// of them, counted from 0, are in set.
func (s *Set) Members(c *Column, v int, set *bits.Rows) (of [bits.MaxRows]uint16, within bits.Rows, n int) {
	having := s.havingOne(&c.index, v)
	for i := having.Next(0); i >= 0; i = having.Next(i + 1) {
		if set.Has(i) {
			within.Set(n)
		}
		of[n] = uint16(i)
		n++
	}
	return of, within, n
}

// rank returns how many elements before i have index v. The index is not
// narrowed down by another column.
func (s *Set) rank(x *index, i, v int) int {
	return x.planes.Rank(s.data, i, v)
}

// scanIndex reads the index of c. That of a top column's dictionary may be narrowed
// down by a column before it that is not itself; where the elements of one index
// are counted, it is not.
func (p *Parser) scanIndex(c *Column, top int) {
	x := &c.index
	x.n, x.width = c.n, uint8(bits.Width(int(c.n)))
	x.by = p.Byte()
	if x.by == 0 {
		x.planes = p.Planes(int(c.m), int(x.width))
		return
	}
	if top == below || int(x.by) > top || !c.Shared() {
		p.Fail("an index by column %d", x.by)
		return
	}
	other := p.set.At(int(x.by) - 1)
	if !other.Shared() || other.index.by != 0 {
		p.Fail("an index by a column of kind %d", other.kind)
		return
	}
	choice := p.Count(0, maxChoice)
	x.table = uint32(p.Take(bits.PackedBytes(int(other.n)<<choice, int(x.width))))
	x.planes = p.Planes(int(c.m), choice)
}
