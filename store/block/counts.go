package block

import "auditlog/store/block/bits"

// Counts calls add with each value that f has in rows, and how many of the rows
// have it. A value may come more than once.
func (b *Block) Counts(f Field, rows *bits.Rows, add func(value string, n int)) error {
	c := b.columns.At(fieldColumns[f])
	set := bits.All(b.rows)
	set.And(rows)
	if set.Empty() {
		return nil
	}
	if c.Single() {
		s, err := b.columns.Value(c, 0)
		if err == nil {
			add(s, set.Count())
		}
		return err
	}
	var idx [bits.MaxRows]uint16
	var counts [bits.MaxRows]int
	b.columns.Which(c, &idx)
	v := b.columns.Inner(c)
	for row := set.Next(0); row >= 0; row = set.Next(row + 1) {
		if int(idx[row]) >= v.Len() {
			return bits.Corrupt("index %d of %d strings", idx[row], v.Len())
		}
		counts[idx[row]]++
	}
	for i, n := range counts[:v.Len()] {
		if n == 0 {
			continue
		}
		s, err := b.columns.Value(v, i)
		if err != nil {
			return err
		}
		add(s, n)
	}
	return nil
}
