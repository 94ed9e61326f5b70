package block

import "auditlog/store/block/bits"

// Counts calls add with each value that f has in rows, and how many of the rows
// have it. A value may come more than once.
func (b *Block) Counts(f Field, rows *bits.Rows, add func(value string, n int)) error {
	c := &b.columns[fieldColumns[f]]
	set := bits.All(b.rows)
	set.And(rows)
	if set.Empty() {
		return nil
	}
	if c.kind == kindEmpty || c.kind == kindOne {
		s, err := b.value(c, 0)
		if err == nil {
			add(s, set.Count())
		}
		return err
	}
	var idx [bits.MaxRows]uint16
	var counts [bits.MaxRows]int
	b.ordinals(c, &idx)
	for row := set.Next(0); row >= 0; row = set.Next(row + 1) {
		if idx[row] >= b.valuesOf(c).m {
			return bits.Corrupt("index %d of %d strings", idx[row], b.valuesOf(c).m)
		}
		counts[idx[row]]++
	}
	v := b.valuesOf(c)
	for i, n := range counts[:v.m] {
		if n == 0 {
			continue
		}
		s, err := b.value(v, i)
		if err != nil {
			return err
		}
		add(s, n)
	}
	return nil
}

// ordinals reads which of its distinct strings each element of c has.
func (b *Block) ordinals(c *column, dst *[bits.MaxRows]uint16) {
	if c.kind == kindDict {
		b.all(&c.index, dst)
		return
	}
	for i := range dst[:c.m] {
		dst[i] = uint16(i)
	}
}
