package column

import "auditlog/store/block/bits"

// narrowed is the way to index a column by another one.
type narrowed struct {
	choice  int
	table   []uint16
	choices []uint16
}

// narrowest returns which of others, by its number in the block, gives d the smallest
// index, or -1 if none narrows it down, and the size of that index in bytes.
func (e *Encoder) narrowest(d *dictionary, others []int) (by, size int) {
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

// appendIndex appends the index of d, which column by narrows down, or none if it is -1.
func (e *Encoder) appendIndex(d *dictionary, by int) {
	width := bits.Width(len(d.values))
	if by < 0 {
		e.out = append(e.out, 0)
		e.out = bits.AppendPlanes(e.out, d.idx, width)
		return
	}
	e.narrow(d, by)
	n := &e.narrowed
	e.out = append(e.out, byte(by+1))
	e.Uvarint(n.choice)
	p := bits.Packer{Dst: e.out}
	for _, v := range n.table {
		p.Put(uint64(v), uint(width))
	}
	p.Flush()
	e.out = bits.AppendPlanes(p.Dst, n.choices, n.choice)
}

// narrow finds what choices d's elements have where column by has the same value.
// It returns false if they are too many.
func (e *Encoder) narrow(d *dictionary, by int) bool {
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
