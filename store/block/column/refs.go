package column

import (
	"strings"

	"auditlog/store/block/bits"
	"auditlog/store/block/lex"
)

// Details often name what the entry has elsewhere: the resource, the actor, the
// action. In a column of references such a name is a mark: the layout's first, second and
// so on.
const (
	refFirst = 5
	maxMarks = 4
	refLast  = refFirst + maxMarks - 1
)

// IsRef reports whether c is a mark that stands for another column.
func IsRef(c byte) bool { return c-refFirst <= refLast-refFirst }

// refsKind is of a column of strings in which marks stand for other columns.
type refsKind struct{}

func (refsKind) scan(p *Parser, c *Column, _, top int) {
	c.n = uint16(top) // whose marks they are
	p.kid(c, int(c.m), inText)
}

func (refsKind) append(dst []byte, s *Set, c *Column, row int) ([]byte, error) {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	var err error
	if w.coded, err = s.appendValue(w.coded[:0], s.Kid(c, 0), row); err != nil {
		return dst, err
	}
	return s.appendRefs(dst, c, w.coded, row)
}

// Marked returns the columns that the marks in c, of nature Marked, stand for.
func (s *Set) Marked(c *Column) []int { return s.layout[c.n].Marks }

// appendRefs appends coded, of a row, with what its marks stand for.
func (s *Set) appendRefs(dst []byte, c *Column, coded []byte, row int) ([]byte, error) {
	start, marks := 0, s.Marked(c)
	for i, ch := range coded {
		if !IsRef(ch) {
			continue
		}
		dst = append(dst, coded[start:i]...)
		start = i + 1
		if int(ch-refFirst) >= len(marks) {
			return dst, bits.Corrupt("a mark for column %d of %d", ch-refFirst, len(marks))
		}
		var err error
		if dst, err = s.appendValue(dst, s.At(marks[ch-refFirst]), row); err != nil {
			return dst, err
		}
	}
	return append(dst, coded[start:]...), nil
}

func (k refsKind) values(s *Set, c *Column, dst []string) ([]string, error) {
	return s.makeAll(k, c, dst)
}

func (refsKind) each(s *Set, c *Column, fn func(i int, element []byte) error) error {
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	add := func(row int, coded []byte) (err error) {
		if w.text, err = s.appendRefs(w.text[:0], c, coded, row); err != nil {
			return err
		}
		return fn(row, w.text)
	}
	kid := s.Kid(c, 0)
	if made, err := s.EachMade(kid, add); made {
		return err
	}
	var err error
	if w.values, err = s.Values(kid, w.values); err != nil {
		return err
	}
	for row, v := range w.values {
		w.coded = append(w.coded[:0], v...)
		if err := add(row, w.coded); err != nil {
			return err
		}
	}
	return nil
}

// refs appends the start of a column of references; the column of the coded values follows.
func (e *Encoder) refs() {
	e.out = append(e.out, kindRefs)
	e.kids++
}

// references returns the values of a column with marks for what they name of their own rows
// in the columns that have one. It returns false if that is not worth it, or the values hold
// bytes that are marks.
func (e *Encoder) references(values []string, columns []int) ([]string, bool) {
	e.arena, e.ends = e.arena[:0], e.ends[:0]
	marked := 0
	for row, s := range values {
		var names [maxMarks]string
		for i, col := range columns {
			d := &e.dicts[col]
			names[i] = d.values[d.idx[row]]
		}
		before := len(e.arena)
		if !e.refer(s, &names) {
			return nil, false
		}
		if len(e.arena)-before < len(s) {
			marked++
		}
		e.ends = append(e.ends, len(e.arena))
	}
	if marked*8 < len(values) {
		return nil, false
	}
	e.coded = cut(e.coded[:0], string(e.arena), e.ends)
	return e.coded, true
}

// refer appends s with marks for the names that stand in it by themselves. It
// returns false if s holds bytes that are marks.
func (e *Encoder) refer(s string, names *[maxMarks]string) bool {
	start := 0
	for i := 0; i < len(s); i++ { // before which no word ends
		if IsRef(s[i]) {
			return false
		}
		if ref, n := nameAt(s[i:], names); n > 0 {
			e.arena = append(append(e.arena, s[start:i]...), ref)
			start = i + n
			if i = start; lex.ClassOf(s[i-1]) == 0 {
				i--
				continue
			}
		}
		if i = lex.WordEnd(s, i); i < len(s) && IsRef(s[i]) {
			return false
		}
	}
	e.arena = append(e.arena, s[start:]...)
	return true
}

// nameAt returns the mark and the length of the name with which s starts.
func nameAt(s string, names *[maxMarks]string) (ref byte, n int) {
	for i, name := range names {
		if len(name) < 3 || s[0] != name[0] || !strings.HasPrefix(s, name) {
			continue
		}
		if len(s) == len(name) || lex.ClassOf(s[len(name)]) == 0 {
			return refFirst + byte(i), len(name)
		}
	}
	return 0, 0
}
