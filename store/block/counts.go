package block

import (
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
)

// fewRows is what part of a block's rows is so few that each is looked up by itself.
const fewRows = 16

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
	few := set.Count() < b.rows/fewRows
	if !few {
		b.columns.Which(c, &idx)
	}
	v := b.columns.Inner(c)
	for row := set.Next(0); row >= 0; row = set.Next(row + 1) {
		i := int(idx[row])
		if few {
			i = b.columns.WhichOne(c, row)
		}
		if i >= v.Len() {
			return bits.Corrupt("index %d of %d strings", i, v.Len())
		}
		counts[i]++
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

// Column is the values of a field in a block.
type Column struct {
	// Values are those that there are. The same may be there more than once.
	Values []string
	// Of says which of them each row has.
	Of [bits.MaxRows]uint16
}

// Column reads the values of all rows in f.
func (b *Block) Column(f Field, dst *Column) error {
	return b.column(b.columns.At(fieldColumns[f]), dst)
}

// column reads those in a column of strings.
func (b *Block) column(c *column.Column, dst *Column) error {
	if c.Single() {
		s, err := b.columns.Value(c, 0)
		dst.Values = append(dst.Values[:0], s)
		clear(dst.Of[:b.rows])
		return err
	}
	var err error
	if dst.Values, err = b.columns.Values(b.columns.Inner(c), dst.Values[:0]); err != nil {
		return err
	}
	b.columns.Which(c, &dst.Of)
	for _, v := range dst.Of[:c.Len()] {
		if int(v) >= len(dst.Values) {
			return bits.Corrupt("index %d of %d strings", v, len(dst.Values))
		}
	}
	return nil
}
