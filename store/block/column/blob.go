package column

import (
	"encoding/binary"

	"auditlog/store/block/bits"
)

// blobKind is of columns of lists of names where shapes are many: each list, names and values,
// is one string.
type blobKind struct{}

func (blobKind) scan(p *Parser, c *Column, _, _ int) { p.kid(c, int(c.m), inWords) }

func (blobKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	return s.appendValue(dst, s.Kid(c, 0), i)
}

func (blobKind) eachName(s *Set, c *Column, i, per int, fn NameFunc) error {
	blob, err := s.Value(s.Kid(c, 0), i)
	if err != nil {
		return err
	}
	return splitBlob(blob, per, fn)
}

func (k blobKind) eachNameOfAll(s *Set, c *Column, per int, fn RowNameFunc) error {
	for i := range int(c.m) {
		err := k.eachName(s, c, i, per, func(name, first, second string, n int) { fn(i, name, first, second, n) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (k blobKind) eachOfName(s *Set, c *Column, per int, name string, fn func(int, string)) error {
	return k.eachNameOfAll(s, c, per, func(i int, has, first, _ string, _ int) {
		if has == name {
			fn(i, first)
		}
	})
}

func (k blobKind) eachText(s *Set, c *Column, fn func(string)) error {
	for i := range int(c.m) {
		blob, err := s.Value(s.Kid(c, 0), i)
		if err != nil {
			return err
		}
		if err := eachTextOfBlob(blob, fn); err != nil {
			return err
		}
	}
	return nil
}

// splitBlob takes apart what joinBlob made: a shape behind its length, then each
// value behind its own.
func splitBlob(blob string, per int, fn NameFunc) error {
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

// eachTextOfBlob calls fn with the names and the values of a blob.
func eachTextOfBlob(blob string, fn func(string)) error {
	if blob == "" {
		return nil
	}
	shape, rest, ok := cutText(blob)
	if !ok {
		return bits.Corrupt("a blob is cut short")
	}
	if err := SplitShape(shape, fn); err != nil {
		return err
	}
	for rest != "" {
		var value string
		if value, rest, ok = cutText(rest); !ok {
			return bits.Corrupt("a blob is cut short")
		}
		fn(value)
	}
	return nil
}

func joinBlob(shape string, values []string) string {
	if shape == "" {
		return ""
	}
	b := binary.AppendUvarint(nil, uint64(len(shape)))
	b = append(b, shape...)
	for _, v := range values {
		b = binary.AppendUvarint(b, uint64(len(v)))
		b = append(b, v...)
	}
	return string(b)
}

// blobs appends the lists as a string each.
func (e *Encoder) blobs(shapes []string) {
	l := &e.lists
	e.out = append(e.out, kindBlob)
	e.kids++
	column := l.column[:0]
	for i, shape := range shapes {
		column = append(column, joinBlob(shape, l.valuesOf(i)))
	}
	l.column = column
	e.build(&l.slot, column)
	e.strings(&l.slot, column, plan{})
}
