package block

import (
	"encoding/binary"

	"auditlog/store/block/bits"
)

// Changes and metadata are columns of shapes: a row's shape is the list of its
// names, and each of them has as many slots as slotsPer says.

// slotsPer returns how many values a name has in column col: a change has its old and its new one.
func slotsPer(col int) int {
	if col == colChanges {
		return 2
	}
	return 1
}

// splitShape calls fn with each name that shape s is made of. A shape is its
// names, each behind its length.
func splitShape(s string, fn func(name string)) error {
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

// eachName calls fn with each of the n names of the row's shape in column col, and
// its values.
func (b *Block) eachName(col, row int, fn func(name, first, second string, n int)) error {
	c := &b.columns[col]
	switch c.kind {
	case kindEmpty:
		return nil
	case kindBlob:
		blob, err := b.value(b.kid(c, 0), row)
		if err != nil {
			return err
		}
		return splitBlob(blob, slotsPer(col), fn)
	}
	s := b.at(&c.index, row)
	if s >= int(c.n) {
		return bits.Corrupt("index %d of %d shapes", s, c.n)
	}
	shape, err := b.text(int(c.text) + s)
	if err != nil || shape == "" {
		return err
	}
	return b.eachSlot(c, s, b.rank(&c.index, row, s), slotsPer(col), shape, fn)
}

// eachSlot calls fn with the names of shape s and the values of the rank'th row
// that has it.
func (b *Block) eachSlot(c *column, s, rank, per int, shape string, fn func(name, first, second string, n int)) error {
	slot, end := b.slotsOf(c, s)
	n := (end - slot) / per
	for range n {
		name, rest, ok := cutText(shape)
		if !ok {
			break
		}
		shape = rest
		first, err := b.slot(c, slot, rank)
		if err != nil {
			return err
		}
		second := ""
		if per == 2 {
			if second, err = b.slot(c, slot+1, rank); err != nil {
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
func (b *Block) slot(c *column, k, rank int) (string, error) {
	kid := b.kid(c, k)
	if rank >= int(kid.m) {
		return "", bits.Corrupt("row %d of %d with a shape", rank, kid.m)
	}
	return b.value(kid, rank)
}

// splitBlob takes apart what joinBlob made: a shape behind its length, then each
// value behind its own.
func splitBlob(blob string, per int, fn func(name, first, second string, n int)) error {
	if blob == "" {
		return nil
	}
	shape, rest, ok := cutText(blob)
	n := 0
	for more := shape; ok && more != ""; n++ {
		_, more, ok = cutText(more)
	}
	for k := 0; k < n && ok; k++ {
		var name, first, second string
		name, shape, _ = cutText(shape)
		first, rest, ok = cutText(rest)
		if ok && per == 2 {
			second, rest, ok = cutText(rest)
		}
		if ok {
			fn(name, first, second, n)
		}
	}
	if !ok || rest != "" {
		return bits.Corrupt("a blob is cut short, or too long")
	}
	return nil
}

// eachNameOfAll calls fn as eachName does, for all rows, but not in their order.
func (b *Block) eachNameOfAll(col int, fn func(row int, name, first, second string, n int)) error {
	c := &b.columns[col]
	switch c.kind {
	case kindEmpty:
		return nil
	case kindBlob:
		for row := range b.rows {
			err := b.eachName(col, row, func(name, first, second string, n int) { fn(row, name, first, second, n) })
			if err != nil {
				return err
			}
		}
		return nil
	}
	for s := range int(c.n) {
		if err := b.eachNameOfShape(c, s, slotsPer(col), fn); err != nil {
			return err
		}
	}
	return nil
}

// eachNameOfShape does so for the rows with shape s.
func (b *Block) eachNameOfShape(c *column, s, per int, fn func(row int, name, first, second string, n int)) error {
	shape, err := b.text(int(c.text) + s)
	if err != nil || shape == "" {
		return err
	}
	having := b.havingOne(&c.index, s)
	m := having.Count()
	slot, end := b.slotsOf(c, s)
	var columns [2][]string
	n := (end - slot) / per
	for ; slot+per <= end; slot += per {
		name, rest, ok := cutText(shape)
		if !ok {
			break
		}
		shape = rest
		for k := range per {
			kid := b.kid(c, slot+k)
			if int(kid.m) != m {
				return bits.Corrupt("%d rows of %d with a shape", m, kid.m)
			}
			if columns[k], err = b.values(kid, columns[k]); err != nil {
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
