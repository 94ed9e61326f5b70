package column

import (
	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
)

// emptyKind is of columns whose elements are all empty, of strings or of names.
type emptyKind struct{}

func (emptyKind) scan(*Parser, *Column, int, int) {}

func (emptyKind) append(dst []byte, _ *Set, _ *Column, _ int) ([]byte, error) { return dst, nil }

func (emptyKind) value(*Set, *Column, int) (string, error) { return "", nil }

func (emptyKind) eachName(*Set, *Column, int, int, NameFunc) error { return nil }

func (emptyKind) eachNameOfAll(*Set, *Column, int, RowNameFunc) error { return nil }

func (emptyKind) eachOfName(*Set, *Column, int, string, func(int, string)) error { return nil }

func (emptyKind) eachText(*Set, *Column, func(string)) error { return nil }

// oneKind is of columns whose elements are all the same string.
type oneKind struct{}

func (oneKind) scan(p *Parser, c *Column, class, _ int) { p.strings(c, class, 1) }

func (k oneKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	return appendHeld(dst, k, s, c, i)
}

func (oneKind) value(s *Set, c *Column, _ int) (string, error) { return s.Text(int(c.text)) }

func (oneKind) lift(_ *Set, c *Column, _ bits.Rows) bits.Rows { return bits.All(int(c.m)) }

// eachKind is of columns that have a string for each element.
type eachKind struct{}

func (eachKind) scan(p *Parser, c *Column, class, _ int) { p.strings(c, class, int(c.m)) }

func (k eachKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	return appendHeld(dst, k, s, c, i)
}

func (eachKind) value(s *Set, c *Column, i int) (string, error) { return s.Text(int(c.text) + i) }

func (eachKind) values(s *Set, c *Column, dst []string) ([]string, error) {
	err := s.EachChunk(int(c.text), int(c.m), func(p *chunk.Strings, lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			dst = append(dst, p.Get(i))
		}
	})
	return dst, err
}

func (eachKind) lift(_ *Set, _ *Column, set bits.Rows) bits.Rows { return set }

// empty appends a column whose elements are all empty.
func (e *Encoder) empty() { e.out = append(e.out, kindEmpty) }

// one appends a column whose elements are all v.
func (e *Encoder) one(class int, v string) {
	e.out = append(e.out, kindOne|byte(class)<<4)
	e.texts.Add(class, v)
}

// each appends a column with a string for each element.
func (e *Encoder) each(class int, values []string) {
	e.out = append(e.out, kindEach|byte(class)<<4)
	for _, v := range values {
		e.texts.Add(class, v)
	}
}
