package column

import (
	"auditlog/store/block/bits"
	"auditlog/store/block/lex"
)

// templateKind is of columns that are an index into templates, with a column for each slot.
type templateKind struct{}

func (templateKind) scan(p *Parser, c *Column, class, top int) {
	c.n = uint16(p.Count(1, int(c.m)))
	p.strings(c, class, int(c.n))
	p.scanIndex(c, top)
	p.scanSlots(c, inSlot)
}

func (templateKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	t := s.at(&c.index, i)
	if t >= int(c.n) {
		return dst, bits.Corrupt("index %d of %d templates", t, c.n)
	}
	return s.appendTemplate(dst, c, t, s.rank(&c.index, i, t))
}

func (k templateKind) values(s *Set, c *Column, dst []string) ([]string, error) {
	return s.makeAll(k, c, dst)
}

func (templateKind) lift(s *Set, c *Column, set bits.Rows) bits.Rows { return s.having(&c.index, &set) }

// appendTemplate appends the rank'th element of template t.
func (s *Set) appendTemplate(dst []byte, c *Column, t, rank int) ([]byte, error) {
	template, err := s.Text(int(c.text) + t)
	if err != nil {
		return dst, err
	}
	slot, end := s.SlotsOf(c, t)
	for k := 0; k < len(template); k++ {
		start := k
		for k < len(template) && !lex.IsMark(template[k]) {
			k++
		}
		dst = append(dst, template[start:k]...)
		switch {
		case k == len(template):
		case lex.IsEscape(template[k]):
			if k++; k < len(template) {
				dst = append(dst, template[k])
			}
		default:
			if slot >= end || rank >= int(s.Kid(c, slot).m) {
				return dst, bits.Corrupt("value %d of a template is missing", rank)
			}
			if dst, err = s.appendValue(dst, s.Kid(c, slot), rank); err != nil {
				return dst, err
			}
			slot++
		}
	}
	return dst, nil
}

func (templateKind) each(s *Set, c *Column, fn func(i int, element []byte) error) error {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	s.all(&c.index, &w.of)
	clear(w.ranks[:c.n])
	for i, t := range w.of[:c.m] {
		if t >= c.n {
			return bits.Corrupt("index %d of %d templates", t, c.n)
		}
		var err error
		if w.coded, err = s.appendTemplate(w.coded[:0], c, int(t), int(w.ranks[t])); err != nil {
			return err
		}
		w.ranks[t]++
		if err := fn(i, w.coded); err != nil {
			return err
		}
	}
	return nil
}

// makeAll appends all elements of a column of kind k, which are cut from one string.
func (s *Set) makeAll(k maker, c *Column, dst []string) ([]string, error) {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	w.text = w.text[:0]
	err := k.each(s, c, func(i int, element []byte) error {
		w.text = append(w.text, element...)
		w.ends[i] = len(w.text)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return cut(dst, string(w.text), w.ends[:c.m]), nil
}

// cut appends the pieces of all that end at ends.
func cut(dst []string, all string, ends []int) []string {
	start := 0
	for _, end := range ends {
		dst = append(dst, all[start:end])
		start = end
	}
	return dst
}
