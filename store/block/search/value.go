package search

import (
	"slices"
	"strings"
	"unicode/utf8"

	"auditlog/audit"
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
)

// Value is the condition on one column that its value is one of some, begins in one of some ways,
// or passes a test. It is made ready for many blocks, and never changed.
type Value struct {
	col      int
	values   []string // folded if the column compares so
	folded   bool
	prefixes []string
	test     func(string) bool

	fingers []uint16
	parsed  []column.Parsed
}

// OneOf returns the condition that column col is one of values, which are folded if the
// column compares so.
func OneOf(layout column.Layout, col int, values ...string) Value {
	v := Value{col: col, values: values, folded: layout[col].Folded}
	for _, s := range values {
		if finger := layout[col].Finger; finger != nil {
			v.fingers = append(v.fingers, finger(s))
		}
		v.parsed = append(v.parsed, column.Parse(s))
	}
	return v
}

// Beginning returns the condition that column col, which is not folded, is one of values or
// begins with one of prefixes.
func Beginning(layout column.Layout, col int, values, prefixes []string) Value {
	if len(prefixes) == 0 {
		return OneOf(layout, col, values...)
	}
	return Value{col: col, values: values, prefixes: prefixes}
}

// Satisfying returns the condition that test holds for what column col has.
func Satisfying(col int, test func(value string) bool) Value { return Value{col: col, test: test} }

// Matches reports whether s is what v asks for.
func (v *Value) Matches(s string) bool {
	switch {
	case v.test != nil:
		return v.test(s)
	case v.folded:
		return slices.ContainsFunc(v.values, func(folded string) bool { return foldEqual(s, folded) })
	}
	return slices.Contains(v.values, s) || slices.ContainsFunc(v.prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// foldEqual reports whether audit.Fold(s) is folded, without making it.
func foldEqual(s, folded string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return audit.Fold(s) == folded
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if i >= len(folded) || c != folded[i] {
			return false
		}
	}
	return len(s) == len(folded)
}

// Candidates adds to set which of the distinct values of v's column may match: all
// that do, and some that do not unless exact. It decodes nothing.
func (v *Value) Candidates(s *column.Set, set *bits.Rows) (exact bool) {
	inner := s.Inner(s.At(v.col))
	raw, ok := s.Raw(inner)
	switch {
	case ok:
		for i := range raw.Len() {
			if v.Matches(raw.Get(i)) {
				set.Set(i)
			}
		}
		return true
	case len(v.parsed) > 0 && inner.Nature() == column.Templates:
		exact = true
		for i := range v.parsed {
			exact = s.FindParsed(inner, &v.parsed[i], set) && exact
		}
		return exact
	case len(v.fingers) > 0 && s.Fingered(v.col):
		for _, finger := range v.fingers {
			s.FindFingers(v.col, finger, set)
		}
	case inner.Single():
		set.Set(0)
	default:
		*set = bits.All(inner.Len())
	}
	return false
}

// Keep removes the rows from rows whose value is not in set.
func (v *Value) Keep(s *column.Set, set, rows *bits.Rows) { s.Keep(s.At(v.col), set, rows) }

// Verify removes the rows from rows whose value, one of set, does not match.
func (v *Value) Verify(s *column.Set, set, rows *bits.Rows) error {
	c := s.At(v.col)
	if !c.Shared() && !c.Single() {
		set.And(rows)
	}
	inner := s.Inner(c)
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		value, err := s.Value(inner, i)
		if err != nil {
			return err
		}
		if !v.Matches(value) {
			set.Clear(i)
		}
	}
	v.Keep(s, set, rows)
	return nil
}
