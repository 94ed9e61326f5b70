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

// piece is some text of a template, and the column of the slot behind it, if there is one.
type piece struct {
	text string
	slot *Column
}

// pieces appends those of template t to dst.
func (s *Set) pieces(dst []piece, c *Column, t int) ([]piece, error) {
	template, err := s.Text(int(c.text) + t)
	if err != nil {
		return dst, err
	}
	slot, end := s.SlotsOf(c, t)
	for start, k := 0, 0; start < len(template); start = k {
		for k < len(template) && !lex.IsMark(template[k]) {
			k++
		}
		p := piece{text: template[start:k]}
		switch {
		case k == len(template):
		case lex.IsEscape(template[k]):
			dst = append(dst, p)
			p.text = template[k+1 : min(k+2, len(template))]
			k = min(k+2, len(template))
		case slot == end:
			return dst, bits.Corrupt("template %d has more than %d slots", t, slot)
		default:
			p.slot = s.Kid(c, slot)
			slot, k = slot+1, k+1
		}
		dst = append(dst, p)
	}
	return dst, nil
}

// appendPieces appends the rank'th element of a template.
func (s *Set) appendPieces(dst []byte, pieces []piece, rank int) (_ []byte, err error) {
	for i := range pieces {
		p := &pieces[i]
		if dst = append(dst, p.text...); p.slot == nil {
			continue
		}
		if rank >= int(p.slot.m) {
			return dst, bits.Corrupt("value %d of a template is missing", rank)
		}
		if dst, err = s.appendValue(dst, p.slot, rank); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendTemplate appends the rank'th element of template t.
func (s *Set) appendTemplate(dst []byte, c *Column, t, rank int) ([]byte, error) {
	var few [16]piece
	pieces, err := s.pieces(few[:0], c, t)
	if err != nil {
		return dst, err
	}
	return s.appendPieces(dst, pieces, rank)
}

func (templateKind) each(s *Set, c *Column, fn func(i int, element []byte) error) (err error) {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	w.pieces = w.pieces[:0] // of all templates
	defer func() { clear(w.pieces) }()
	for t := range int(c.n) {
		w.ends[t] = len(w.pieces)
		if w.pieces, err = s.pieces(w.pieces, c, t); err != nil {
			return err
		}
	}
	s.all(&c.index, &w.of)
	clear(w.ranks[:c.n])
	for i, t := range w.of[:c.m] {
		if t >= c.n {
			return bits.Corrupt("index %d of %d templates", t, c.n)
		}
		pieces := w.pieces[w.ends[t]:]
		if t+1 < c.n {
			pieces = pieces[:w.ends[t+1]-w.ends[t]]
		}
		if w.coded, err = s.appendPieces(w.coded[:0], pieces, int(w.ranks[t])); err != nil {
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
