package block

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
func (b *Block) at(x *index, i int) int {
	if x.by == 0 {
		return x.planes.At(b.data, i)
	}
	other := &b.columns[x.by-1].index
	v := other.planes.At(b.data, i)
	if v >= int(other.n) {
		return bits.MaxRows
	}
	return b.choose(x, v<<x.planes.Width|x.planes.At(b.data, i))
}

// choose returns entry v of x's table.
func (b *Block) choose(x *index, v int) int {
	return int(bits.Load(b.data, int(x.table), v, uint(x.width)))
}

// all reads the index of every element into dst.
func (b *Block) all(x *index, dst *[bits.MaxRows]uint16) {
	if x.by == 0 {
		x.planes.All(b.data, dst[:])
		return
	}
	var choices [bits.MaxRows]uint16
	if x.planes.Width != 0 {
		x.planes.All(b.data, choices[:])
	}
	other := &b.columns[x.by-1].index
	b.all(other, dst)
	for i, v := range dst[:x.planes.Len()] {
		if v >= other.n {
			dst[i] = bits.MaxRows
			continue
		}
		dst[i] = uint16(b.choose(x, int(v)<<x.planes.Width|int(choices[i])))
	}
}

// having returns which elements have an index out of want.
func (b *Block) having(x *index, want *bits.Rows) bits.Rows {
	r := bits.All(x.planes.Len())
	b.keepHaving(x, want, &r)
	return r
}

// keepHaving removes the elements from r that do not have an index out of want.
func (b *Block) keepHaving(x *index, want, r *bits.Rows) {
	if x.by == 0 {
		x.planes.Keep(b.data, want, r)
		return
	}
	var through [1 << maxChoice]bits.Rows // the other column's indexes by choice
	choices, other := x.planes.Width, &b.columns[x.by-1].index
	for v := range int(other.n) << choices {
		if want.Has(b.choose(x, v)) {
			through[v&(1<<choices-1)].Set(v >> choices)
		}
	}
	var kept bits.Rows
	for choice := range 1 << choices {
		if through[choice].Empty() {
			continue
		}
		part := *r
		x.planes.KeepOne(b.data, choice, &part)
		other.planes.Keep(b.data, &through[choice], &part)
		kept.Or(&part)
	}
	*r = kept
}

// havingOne returns which elements have index v.
func (b *Block) havingOne(x *index, v int) bits.Rows {
	var want bits.Rows
	want.Set(v)
	return b.having(x, &want)
}

// rank returns how many elements before i have index v. The index is not
// narrowed down by another column.
func (b *Block) rank(x *index, i, v int) int {
	return x.planes.Rank(b.data, i, v)
}

// index reads the index of c. That of a top column's dictionary may be narrowed
// down by a column before it that is not itself; where the elements of one index
// are counted, it is not.
func (p *parser) index(c *column, top int) {
	x := &c.index
	x.n, x.width = c.n, uint8(bits.Width(int(c.n)))
	x.by = p.Byte()
	if x.by == 0 {
		x.planes = p.Planes(int(c.m), int(x.width))
		return
	}
	if top >= columnCount || int(x.by) > top || c.kind != kindDict {
		p.Fail("an index by column %d", x.by)
		return
	}
	other := &p.b.columns[x.by-1]
	if other.kind != kindDict || other.index.by != 0 {
		p.Fail("an index by a column of kind %d", other.kind)
		return
	}
	choice := p.Count(0, maxChoice)
	x.table = uint32(p.Take(bits.PackedBytes(int(other.n)<<choice, int(x.width))))
	x.planes = p.Planes(int(c.m), choice)
}

// narrows lists the columns that often narrow another one down.
var narrows = [columnCount][]int{
	colActorType:    {colActor},
	colResourceType: {colAction},
	colResourceName: {colResourceID},
	colLocation:     {colResourceID, colResourceName},
	colChannel:      {colActor},
	colIP:           {colActor},
	colAgent:        {colActor, colIP},
}

// narrowed is the way to index a column by another one.
type narrowed struct {
	choice  int
	table   []uint16
	choices []uint16
}

// narrowest returns which of others, by its number in the block, gives d the smallest
// index, or -1 if none narrows it down, and the size of that index in bytes.
func (e *encoder) narrowest(d *dictionary, others []int) (by, size int) {
	width := bits.Width(len(d.values))
	by, size = -1, bits.PlanesBytes(len(d.idx), width)
	for _, other := range others {
		if e.dicts[other].narrows && e.narrow(d, other) {
			n := &e.narrowed
			if s := 1 + bits.PackedBytes(len(n.table), width) + bits.PlanesBytes(len(d.idx), n.choice); s < size {
				by, size = other, s
			}
		}
	}
	return by, size
}

// index appends the index of d, which column by narrows down, or none if it is -1.
func (e *encoder) index(d *dictionary, by int) {
	width := bits.Width(len(d.values))
	if by < 0 {
		e.out = append(e.out, 0)
		e.out = bits.AppendPlanes(e.out, d.idx, width)
		return
	}
	e.narrow(d, by)
	n := &e.narrowed
	e.out = append(e.out, byte(by+1))
	e.uvarint(n.choice)
	p := bits.Packer{Dst: e.out}
	for _, v := range n.table {
		p.Put(uint64(v), uint(width))
	}
	p.Flush()
	e.out = bits.AppendPlanes(p.Dst, n.choices, n.choice)
}

// narrow finds what choices d's elements have where column by has the same value.
// It returns false if they are too many.
func (e *encoder) narrow(d *dictionary, by int) bool {
	const most = 1 << maxChoice
	n, other := &e.narrowed, &e.dicts[by]
	var used [bits.MaxRows]uint8
	n.choices = n.choices[:0]
	e.seen = grow(e.seen, most*len(other.values))
	widest := 0
	for i, v := range other.idx {
		seen, have := e.seen[most*int(v):], int(used[v])
		k := 0
		for k < have && seen[k] != d.idx[i] {
			k++
		}
		if k == have {
			if have == most {
				return false
			}
			seen[k] = d.idx[i]
			used[v]++
			widest = max(widest, k)
		}
		n.choices = append(n.choices, uint16(k))
	}
	n.choice = bits.Width(widest + 1)
	n.table = grow(n.table, len(other.values)<<n.choice)
	for v := range other.values {
		for k := range 1 << n.choice {
			n.table[v<<n.choice|k] = 0
			if k < int(used[v]) {
				n.table[v<<n.choice|k] = e.seen[most*v+k]
			}
		}
	}
	return true
}

// grow returns a slice of length n, in s's memory if it has room.
func grow(s []uint16, n int) []uint16 {
	if cap(s) < n {
		return make([]uint16, n)
	}
	return s[:n]
}
