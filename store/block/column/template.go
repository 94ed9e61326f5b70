package column

import (
	"strings"

	"auditlog/store/block/bits"
)

// A template is a text with marks where its elements differ. The marks tell
// kinds of values apart while templates are found; reading, they are the same.
const (
	markCode   = 1 // digits, or hexadecimal digits
	markUUID   = 2
	markWord   = 3 // letters and digits mixed
	markEscape = 4 // the next byte stands for itself
)

// IsMark reports whether c is a mark of a template, or escapes one.
func IsMark(c byte) bool { return c-1 < markEscape }

// IsEscape reports whether c escapes a mark: the next byte stands for itself.
func IsEscape(c byte) bool { return c == markEscape }

// HasEscape reports whether a text with marks escapes any.
func HasEscape(text string) bool { return strings.IndexByte(text, markEscape) >= 0 }

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

// values returns all elements, which are cut from one string.
func (templateKind) values(s *Set, c *Column, dst []string) ([]string, error) {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	w.text = w.text[:0]
	err := s.eachTemplate(c, w, func(i int, text []byte) error {
		w.text = append(w.text, text...)
		w.ends[i] = len(w.text)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return cut(dst, string(w.text), w.ends[:c.m]), nil
}

func (templateKind) lift(s *Set, c *Column, set bits.Rows) bits.Rows { return s.having(&c.index, &set) }

// appendTemplate appends the rank'th element of template t.
func (s *Set) appendTemplate(dst []byte, c *Column, t, rank int) ([]byte, error) {
	text, err := s.Text(int(c.text) + t)
	if err != nil {
		return dst, err
	}
	slot, end := s.SlotsOf(c, t)
	for k := 0; k < len(text); k++ {
		start := k
		for k < len(text) && !IsMark(text[k]) {
			k++
		}
		dst = append(dst, text[start:k]...)
		switch {
		case k == len(text):
		case text[k] == markEscape:
			if k++; k < len(text) {
				dst = append(dst, text[k])
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

// eachTemplate calls fn with all elements of a column of templates, each valid
// until the next.
func (s *Set) eachTemplate(c *Column, w *scratch, fn func(i int, text []byte) error) error {
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

// cut appends the pieces of text that end at ends.
func cut(dst []string, text string, ends []int) []string {
	start := 0
	for _, end := range ends {
		dst = append(dst, text[start:end])
		start = end
	}
	return dst
}
