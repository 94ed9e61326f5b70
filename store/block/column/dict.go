package column

import "auditlog/store/block/bits"

// dictKind is of columns that are an index into a column of distinct strings.
type dictKind struct{}

func (dictKind) scan(p *Parser, c *Column, _, top int) {
	c.n = uint16(p.Count(1, int(c.m)))
	p.scanIndex(c, top)
	p.kid(c, int(c.n), inDict)
}

func (k dictKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	v := s.at(&c.index, i)
	if v >= int(c.n) {
		return dst, bits.Corrupt("index %d of %d strings", v, c.n)
	}
	return s.appendValue(dst, s.Kid(c, 0), v)
}

func (dictKind) value(s *Set, c *Column, i int) (string, error) {
	v := s.at(&c.index, i)
	if v >= int(c.n) {
		return "", bits.Corrupt("index %d of %d strings", v, c.n)
	}
	list := s.Kid(c, 0)
	if list.kind == kindEach { // as most are
		return s.Text(int(list.text) + v)
	}
	return s.Value(list, v)
}

func (dictKind) values(s *Set, c *Column, dst []string) ([]string, error) {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	var err error
	if w.values, err = s.Values(s.Kid(c, 0), w.values); err != nil {
		return nil, err
	}
	s.all(&c.index, &w.of)
	for _, v := range w.of[:c.m] {
		if int(v) >= len(w.values) {
			return nil, bits.Corrupt("index %d of %d strings", v, c.n)
		}
		dst = append(dst, w.values[v])
	}
	return dst, nil
}

func (dictKind) lift(s *Set, c *Column, set bits.Rows) bits.Rows { return s.having(&c.index, &set) }

// dict appends the start of a column with a dictionary, whose index column by narrows down;
// the column of its strings follows.
func (e *Encoder) dict(d *dictionary, by int) {
	d.narrows = by < 0
	e.out = append(e.out, kindDict)
	e.Uvarint(len(d.values))
	e.appendIndex(d, by)
	e.kids++
}
