package column

import (
	"encoding/binary"

	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
	"auditlog/store/block/lex"
)

// How filters find values without decoding a chunk: among strings that are at hand, by
// numbers, or by fingerprints.

// isRaw reports whether c's own strings are at hand from the start.
func (s *Set) isRaw(c *Column) bool {
	switch first, n := c.Strings(); c.Nature() {
	case Nothing:
		return true
	case Plain, Templates:
		return first+n <= s.texts.Len(chunk.Raw)
	}
	return false
}

// fingered reports whether fingerprints follow a column that filters compare: where its
// values cannot be compared without decoding a chunk.
func (s *Set) fingered(c *Column) bool {
	v := s.Inner(c)
	return v.Nature() == Plain && !v.Single() && !s.isRaw(v)
}

// Raw returns the strings of v, of which each element has one or all have the only one, if
// they are at hand; else ok is false.
func (s *Set) Raw(v *Column) (r Raw, ok bool) {
	switch {
	case !s.isRaw(v):
		return r, false
	case v.Nature() == Nothing:
		return r, true
	case v.Nature() != Plain:
		return r, false
	}
	first, n := v.Strings()
	return Raw{strings: s.texts.AtHand(), first: first, n: n}, true
}

// Raw is strings that are at hand. The zero Raw is one empty string.
type Raw struct {
	strings  *chunk.Strings
	first, n int
}

// Len returns how many strings there are.
func (r *Raw) Len() int { return max(r.n, 1) }

// Get returns string i.
func (r *Raw) Get(i int) string {
	if r.strings == nil {
		return ""
	}
	return r.strings.Get(r.first + i)
}

// Fingered reports whether column number col has fingerprints.
func (s *Set) Fingered(col int) bool { return s.fingers[col] != 0 }

// FindFingers adds the distinct strings of column number col, which has fingerprints, to set
// that may be the one which has this.
func (s *Set) FindFingers(col int, finger uint16, set *bits.Rows) {
	off, n := int(s.fingers[col]), s.Inner(s.At(col)).Len()
	fingers := s.data[off : off+2*n]
	for i := range n {
		if binary.LittleEndian.Uint16(fingers[2*i:]) == finger {
			set.Set(i)
		}
	}
}

// Parsed is a string taken apart: its template and the values in its blanks. A column of
// templates finds it by comparing numbers.
type Parsed struct {
	template string
	values   []string
}

// Parse takes v apart as the encoder does.
func Parse(v string) Parsed {
	var m lex.Splitter
	m.Split(v)
	p := Parsed{template: string(m.Template)}
	for _, at := range m.Blanks {
		p.values = append(p.values, at.Of(v))
	}
	return p
}

// FindParsed adds the elements of c, which is of Templates, to set that are want, and returns
// true; or others besides, if not all its slots are of numbers or its templates cannot be read,
// and returns false.
func (s *Set) FindParsed(c *Column, want *Parsed, set *bits.Rows) (exact bool) {
	exact = true
	for t := range int(c.n) {
		template, err := s.Text(int(c.text) + t)
		slot, end := s.SlotsOf(c, t)
		if err != nil {
			*set = bits.All(c.Len())
			return false
		}
		if template != want.template || end-slot != len(want.values) {
			continue
		}
		n := s.havingOne(&c.index, t)
		equal := bits.All(n.Count()) // of the elements with this template, counted from 0
		for k, value := range want.values {
			kid := s.Kid(c, slot+k)
			numeral := kinds[kid.kind].numeral
			if exact = exact && numeral != nil && kid.Len() == n.Count(); exact {
				equal = numeral.keep(s, kid, value, equal)
			}
		}
		found := s.Spread(c, t, &equal)
		set.Or(&found)
	}
	return exact
}
