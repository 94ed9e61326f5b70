package search

import (
	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
)

// Match removes the rows from rows, which are rows of s, that do not match t. Of the values of
// templates only those are made that may decide.
func Match(s *column.Set, t fulltext.Condition, rows *bits.Rows) error {
	clues := t.Clues()
	if clues == nil {
		return matchAll(s, t, rows)
	}
	var few [4]occurrence
	occurrences := few[:0]
	undecided := bits.Rows{}
	n := narrower{set: s, t: t, clues: clues}
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
	if err := matchAll(s, t, &undecided); err != nil {
		return err
	}
	rows.Or(&undecided)
	return nil
}

// matchSure removes the rows from rows that do not match t. In each it is sure which
// terms occur.
func matchSure(t fulltext.Condition, occurrences []occurrence, rows *bits.Rows) {
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
func matchAll(s *column.Set, t fulltext.Condition, rows *bits.Rows) error {
	switch n := rows.Count(); {
	case n == 0:
		return nil
	case n <= fewRows:
		return matchFew(s, t, rows)
	}
	m := textMatch{set: s, t: t, rows: rows}
	for col, spec := range s.Layout() {
		var err error
		m.whole = spec.Whole
		switch {
		case !spec.Searched && !spec.Whole:
		case spec.Names > 0:
			err = m.lists(col)
		default:
			err = m.column(s.At(col), rows, func(i int) int { return i })
		}
		if err != nil {
			return err
		}
	}
	for row := rows.Next(0); row >= 0; row = rows.Next(row + 1) {
		if !t.Match(m.held[row]) {
			rows.Clear(row)
		}
	}
	return nil
}

// matchFew does so row by row.
func matchFew(s *column.Set, t fulltext.Condition, rows *bits.Rows) error {
	for row := rows.Next(0); row >= 0; row = rows.Next(row + 1) {
		var terms uint64
		look := func(value string) {
			if value != "" {
				terms |= t.Terms(value)
			}
		}
		whole := func(value string) {
			if value != "" {
				terms |= t.Whole(value)
			}
		}
		if err := eachTextOf(s, row, look, whole); err != nil {
			return err
		}
		if !t.Match(terms) {
			rows.Clear(row)
		}
	}
	return nil
}

// eachTextOf calls look with each value of a row that is searched for words, and whole
// with each that is found whole.
func eachTextOf(s *column.Set, row int, look, whole func(value string)) error {
	for col, spec := range s.Layout() {
		if !spec.Searched && !spec.Whole {
			continue
		}
		if spec.Names > 0 {
			err := s.EachName(col, row, func(name, first, second string, _ int) {
				look(name)
				look(first)
				look(second)
			})
			if err != nil {
				return err
			}
			continue
		}
		value, err := s.Value(s.At(col), row)
		if err != nil {
			return err
		}
		if spec.Whole {
			whole(value)
		} else {
			look(value)
		}
	}
	return nil
}
