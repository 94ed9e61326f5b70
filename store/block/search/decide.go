package search

import (
	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
)

// textMatch collects which terms occur in each row.
type textMatch struct {
	set  *column.Set
	t    fulltext.Condition
	rows *bits.Rows

	whole bool // the column at hand is found whole
	held  [bits.MaxRows]uint64
}

// terms returns the terms of a value. Empty values are none.
func (m *textMatch) terms(value string) uint64 {
	if value == "" {
		return 0
	}
	if m.whole {
		return m.t.Whole(value)
	}
	return m.t.Terms(value)
}

// column adds the terms of the elements in set; rowOf tells whose row they are.
func (m *textMatch) column(c *column.Column, set *bits.Rows, rowOf func(i int) int) error {
	s := m.set
	n := set.Count()
	switch {
	case n == 0 || c.Nature() == column.Nothing:
		return nil
	case c.Single():
		return m.single(c, set, rowOf)
	case c.Shared() && n > s.Inner(c).Len():
		return m.shared(c, set, rowOf)
	case c.Nature() == column.Chosen && !c.Shared():
		return m.some(c, set, rowOf)
	}
	return s.EachValue(c, set, func(i int, value string) { m.held[rowOf(i)] |= m.terms(value) })
}

// single adds the terms of the string that all elements are.
func (m *textMatch) single(c *column.Column, set *bits.Rows, rowOf func(i int) int) error {
	value, err := m.set.Value(c, 0)
	if err != nil {
		return err
	}
	if terms := m.terms(value); terms != 0 {
		for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
			m.held[rowOf(i)] |= terms
		}
	}
	return nil
}

// shared adds the terms of shared strings to the elements that have them.
func (m *textMatch) shared(c *column.Column, set *bits.Rows, rowOf func(i int) int) error {
	values, err := m.set.Values(m.set.Inner(c), nil)
	if err != nil {
		return err
	}
	for v, s := range values {
		terms := m.terms(s)
		if terms == 0 {
			continue
		}
		having := m.set.Having(c, v)
		having.And(set)
		for i := having.Next(0); i >= 0; i = having.Next(i + 1) {
			m.held[rowOf(i)] |= terms
		}
	}
	return nil
}

// some adds the terms of a sparse column's elements.
func (m *textMatch) some(c *column.Column, set *bits.Rows, rowOf func(i int) int) error {
	of, within, n := m.set.Members(c, 1, set)
	kid := m.set.Kid(c, 0)
	if kid.Len() != n {
		return bits.Corrupt("%d elements of %d are not empty", n, kid.Len())
	}
	return m.column(kid, &within, func(i int) int { return rowOf(int(of[i])) })
}

// lists adds the terms of names and values of a column of those.
func (m *textMatch) lists(col int) error {
	c := m.set.At(col)
	switch c.Nature() {
	case column.Nothing:
		return nil
	case column.Shapes:
		_, count := c.Strings()
		for t := range count {
			if err := m.shape(c, t); err != nil {
				return err
			}
		}
		return nil
	}
	for row := m.rows.Next(0); row >= 0; row = m.rows.Next(row + 1) {
		err := m.set.EachName(col, row, func(name, first, second string, _ int) {
			m.held[row] |= m.terms(name) | m.terms(first) | m.terms(second)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shape adds the terms of the rows with shape t.
func (m *textMatch) shape(c *column.Column, t int) error {
	rowOf, set, n := m.set.Members(c, t, m.rows)
	if set.Empty() {
		return nil
	}
	first, _ := c.Strings()
	shape, err := m.set.Text(first + t)
	if err != nil {
		return err
	}
	var terms uint64
	if err := column.SplitShape(shape, func(name string) { terms |= m.terms(name) }); err != nil {
		return err
	}
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		m.held[rowOf[i]] |= terms
	}
	for k, end := m.set.SlotsOf(c, t); k < end; k++ {
		kid := m.set.Kid(c, k)
		if kid.Len() != n {
			return bits.Corrupt("%d rows of %d with a shape", n, kid.Len())
		}
		err := m.column(kid, &set, func(i int) int { return int(rowOf[i]) })
		if err != nil {
			return err
		}
	}
	return nil
}
