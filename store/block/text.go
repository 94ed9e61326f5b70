package block

import "auditlog/store/block/bits"

// Text is a full-text condition.
type Text interface {
	// Terms returns which of the condition's terms, a bit each, occur in one value.
	// Those that occur in a piece of an ASCII value between two bytes which are neither letters
	// nor digits, these included, occur in the value.
	Terms(value string) uint64
	// Match reports whether a row matches in whose values terms occur.
	Match(terms uint64) bool
	// Clues returns what is known of the terms, or nil if each value has to be looked at.
	Clues() *Clues
}

// MatchText removes the rows from rows that do not match t. Of the values of
// templates only those are made that may decide.
func (b *Block) MatchText(t Text, rows *bits.Rows) error {
	within := bits.All(b.rows)
	rows.And(&within)
	clues := t.Clues()
	if clues == nil {
		return b.matchAll(t, rows)
	}
	var few [4]occurrence
	occurrences := few[:0]
	undecided := bits.Rows{}
	n := narrower{b: b, t: t, clues: clues}
	for i := range clues.Terms {
		n.term, n.clue = i, &clues.Terms[i]
		o := n.rows()
		if n.err != nil {
			return n.err
		}
		if n.clue.Wanted {
			may := o.sure
			may.Or(&o.maybe)
			if rows.And(&may); rows.Empty() {
				return nil
			}
		}
		o.maybe.AndNot(&o.sure)
		undecided.Or(&o.maybe)
		occurrences = append(occurrences, o)
	}
	undecided.And(rows)
	rows.AndNot(&undecided)
	matchSure(t, occurrences, rows)
	if err := b.matchAll(t, &undecided); err != nil {
		return err
	}
	rows.Or(&undecided)
	return nil
}

// matchSure removes the rows from rows that do not match t. In each it is sure which
// terms occur.
func matchSure(t Text, occurrences []occurrence, rows *bits.Rows) {
	none := t.Match(0)
	for row := rows.Next(0); row >= 0; row = rows.Next(row + 1) {
		var terms uint64
		for i := range occurrences {
			terms |= occurrences[i].sure[row>>6] >> (row & 63) & 1 << i
		}
		if terms == 0 && !none || terms != 0 && !t.Match(terms) {
			rows.Clear(row)
		}
	}
}

// fewRows is of how many rows the values are rather made row by row.
const fewRows = 16

// matchAll removes the rows from rows that do not match t by looking at all their
// values, each distinct one about once.
func (b *Block) matchAll(t Text, rows *bits.Rows) error {
	switch n := rows.Count(); {
	case n == 0:
		return nil
	case n <= fewRows:
		return b.matchFew(t, rows)
	}
	m := textMatch{b: b, t: t, rows: rows}
	for _, col := range textColumns {
		c := &b.columns[col]
		if err := m.column(c, rows, func(i int) int { return i }); err != nil {
			return err
		}
	}
	for _, col := range []int{colChanges, colMetadata} {
		if err := m.shaped(col); err != nil {
			return err
		}
	}
	for row := rows.Next(0); row >= 0; row = rows.Next(row + 1) {
		if !t.Match(m.found[row]) {
			rows.Clear(row)
		}
	}
	return nil
}

// matchFew does so row by row.
func (b *Block) matchFew(t Text, rows *bits.Rows) error {
	for row := rows.Next(0); row >= 0; row = rows.Next(row + 1) {
		var terms uint64
		look := func(value string) {
			if value != "" {
				terms |= t.Terms(value)
			}
		}
		for _, col := range textColumns {
			s, err := b.value(&b.columns[col], row)
			if err != nil {
				return err
			}
			look(s)
		}
		for _, col := range []int{colChanges, colMetadata} {
			err := b.eachName(col, row, func(name, first, second string, _ int) {
				look(name)
				look(first)
				look(second)
			})
			if err != nil {
				return err
			}
		}
		if !t.Match(terms) {
			rows.Clear(row)
		}
	}
	return nil
}

// textMatch collects which terms occur in each row.
type textMatch struct {
	b     *Block
	t     Text
	rows  *bits.Rows
	found [bits.MaxRows]uint64
}

// terms returns the terms of a value. Empty values are none.
func (m *textMatch) terms(value string) uint64 {
	if value == "" {
		return 0
	}
	return m.t.Terms(value)
}

// column adds the terms of the elements in set; rowOf tells whose row they are.
func (m *textMatch) column(c *column, set *bits.Rows, rowOf func(i int) int) error {
	b := m.b
	switch {
	case set.Empty() || c.kind == kindEmpty:
		return nil
	case c.kind == kindOne:
		s, err := b.value(c, 0)
		if err != nil {
			return err
		}
		if terms := m.terms(s); terms != 0 {
			for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
				m.found[rowOf(i)] |= terms
			}
		}
		return nil
	case c.kind == kindSome:
		return m.some(c, set, rowOf)
	case c.kind == kindDict && set.Count() > int(c.n):
		return m.dict(c, set, rowOf)
	case (c.kind == kindTemplate || c.kind == kindRefs) && set.Count() > int(c.m)/8:
		s := scratches.Get().(*scratch)
		defer scratches.Put(s)
		var err error
		if s.values, err = b.values(c, s.values); err != nil {
			return err
		}
		for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
			m.found[rowOf(i)] |= m.terms(s.values[i])
		}
		return nil
	}
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		s, err := b.value(c, i)
		if err != nil {
			return err
		}
		m.found[rowOf(i)] |= m.terms(s)
	}
	return nil
}

// dict adds the terms of a dictionary's strings to the elements that have them.
func (m *textMatch) dict(c *column, set *bits.Rows, rowOf func(i int) int) error {
	values, err := m.b.values(m.b.valuesOf(c), nil)
	if err != nil {
		return err
	}
	for v, s := range values {
		terms := m.terms(s)
		if terms == 0 {
			continue
		}
		having := m.b.havingOne(&c.index, v)
		having.And(set)
		for i := having.Next(0); i >= 0; i = having.Next(i + 1) {
			m.found[rowOf(i)] |= terms
		}
	}
	return nil
}

// some adds the terms of a sparse column's elements.
func (m *textMatch) some(c *column, set *bits.Rows, rowOf func(i int) int) error {
	of, within, n := m.b.members(c, 1, set)
	kid := m.b.kid(c, 0)
	if int(kid.m) != n {
		return bits.Corrupt("%d elements of %d are not empty", n, kid.m)
	}
	return m.column(kid, &within, func(i int) int { return rowOf(int(of[i])) })
}

// members returns the elements of c with index v, how many they are, and which
// of them, counted from 0, are in set.
func (b *Block) members(c *column, v int, set *bits.Rows) (of [bits.MaxRows]uint16, within bits.Rows, n int) {
	having := b.havingOne(&c.index, v)
	for i := having.Next(0); i >= 0; i = having.Next(i + 1) {
		if set.Has(i) {
			within.Set(n)
		}
		of[n] = uint16(i)
		n++
	}
	return of, within, n
}

// shaped adds the terms of names and values of a column of shapes.
func (m *textMatch) shaped(col int) error {
	c := &m.b.columns[col]
	switch c.kind {
	case kindEmpty:
		return nil
	case kindBlob:
		return m.blobs(col)
	}
	for s := range int(c.n) {
		if err := m.shape(c, s); err != nil {
			return err
		}
	}
	return nil
}

// shape adds the terms of the rows with shape s.
func (m *textMatch) shape(c *column, s int) error {
	rowOf, set, n := m.b.members(c, s, m.rows)
	if set.Empty() {
		return nil
	}
	shape, err := m.b.text(int(c.text) + s)
	if err != nil {
		return err
	}
	var terms uint64
	if err := splitShape(shape, func(name string) { terms |= m.terms(name) }); err != nil {
		return err
	}
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		m.found[rowOf[i]] |= terms
	}
	for k, end := m.b.slotsOf(c, s); k < end; k++ {
		kid := m.b.kid(c, k)
		if int(kid.m) != n {
			return bits.Corrupt("%d rows of %d with a shape", n, kid.m)
		}
		err := m.column(kid, &set, func(i int) int { return int(rowOf[i]) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *textMatch) blobs(col int) error {
	for row := m.rows.Next(0); row >= 0; row = m.rows.Next(row + 1) {
		err := m.b.eachName(col, row, func(name, first, second string, _ int) {
			m.found[row] |= m.terms(name) | m.terms(first) | m.terms(second)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// EachText calls fn with every value that full-text search looks into, each at
// least once.
func (b *Block) EachText(fn func(value string)) error {
	emit := func(s string) {
		if s != "" {
			fn(s)
		}
	}
	for _, col := range textColumns {
		if err := b.eachText(&b.columns[col], emit); err != nil {
			return err
		}
	}
	for _, col := range []int{colChanges, colMetadata} {
		if err := b.eachShape(col, emit); err != nil {
			return err
		}
	}
	return nil
}

func (b *Block) eachText(c *column, emit func(string)) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var err error
	if s.values, err = b.distinct(c, s.values); err != nil {
		return err
	}
	for _, v := range s.values {
		emit(v)
	}
	return nil
}

func (b *Block) eachShape(col int, emit func(string)) error {
	c := &b.columns[col]
	switch c.kind {
	case kindEmpty:
		return nil
	case kindBlob:
		return b.eachNameOfAll(col, func(_ int, name, first, second string, _ int) {
			emit(name)
			emit(first)
			emit(second)
		})
	}
	for s := range int(c.n) {
		shape, err := b.text(int(c.text) + s)
		if err != nil {
			return err
		}
		if err := splitShape(shape, emit); err != nil {
			return err
		}
	}
	_, end := b.slotsOf(c, int(c.n)-1)
	for k := range end {
		if err := b.eachText(b.kid(c, k), emit); err != nil {
			return err
		}
	}
	return nil
}

// EachKey calls fn with the key and the id of each row that has a key.
func (b *Block) EachKey(fn func(key string, id int64)) error {
	c := &b.columns[colKey]
	if c.kind == kindEmpty {
		return nil
	}
	keys, err := b.values(c, nil)
	if err != nil {
		return err
	}
	for row, key := range keys {
		if key != "" {
			fn(key, b.int(&b.ids, row))
		}
	}
	return nil
}
