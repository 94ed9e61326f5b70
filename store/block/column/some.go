package column

import "auditlog/store/block/bits"

// someKind is of columns of which many elements are empty: which are not, and a column of those.
type someKind struct{}

func (someKind) scan(p *Parser, c *Column, _, top int) {
	c.n = 2
	p.scanIndex(c, top)
	p.kid(c, p.Count(1, int(c.m)), inPresent)
}

func (k someKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	return appendHeld(dst, k, s, c, i)
}

func (someKind) value(s *Set, c *Column, i int) (string, error) {
	if s.at(&c.index, i) == 0 {
		return "", nil
	}
	rank, kid := s.rank(&c.index, i, 1), s.Kid(c, 0)
	if rank >= int(kid.m) {
		return "", bits.Corrupt("value %d of %d", rank, kid.m)
	}
	return s.Value(kid, rank)
}

func (someKind) values(s *Set, c *Column, dst []string) ([]string, error) {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	var err error
	if w.values, err = s.Values(s.Kid(c, 0), w.values); err != nil {
		return nil, err
	}
	s.all(&c.index, &w.of)
	present := w.values
	for _, there := range w.of[:c.m] {
		switch {
		case there == 0:
			dst = append(dst, "")
		case len(present) == 0:
			return nil, bits.Corrupt("more than %d values", s.Kid(c, 0).m)
		default:
			dst, present = append(dst, present[0]), present[1:]
		}
	}
	return dst, nil
}

func (someKind) lift(s *Set, c *Column, set bits.Rows) bits.Rows { return s.Spread(c, 1, &set) }

// some appends a column of which many elements are empty. It does nothing and returns false
// if they are not so many.
func (e *Encoder) some(d *dictionary, values []string, p plan) bool {
	present, presence := e.present[:0], &e.presence
	presence.idx = presence.idx[:0]
	for _, v := range values {
		there := uint16(0)
		if v != "" {
			there = 1
			present = append(present, v)
		}
		presence.idx = append(presence.idx, there)
	}
	e.present = present
	saved := (len(values) - len(present)) * bits.Width(len(d.values))
	if saved < 2*len(values) {
		return false
	}
	presence.values = append(presence.values[:0], "", "some")
	e.out = append(e.out, kindSome)
	e.appendIndex(presence, -1)
	e.Uvarint(len(present))
	e.kids++
	e.build(&e.filled, present)
	p.others, p.sparse = nil, false
	e.strings(&e.filled, present, p)
	return true
}
