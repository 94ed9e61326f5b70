package block

import (
	"sync"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

var columnsRead = sync.Pool{New: func() any { return new(Column) }}

// verify returns an error with bits.ErrCorrupt in its chain unless what was gathered, in its order,
// is what b gives back. It makes no entries: it takes half the time of Entries.
func (b *Block) verify(g *gathered) error {
	if len(g.entries) != b.rows {
		return bits.Corrupt("%d rows for %d entries", b.rows, len(g.entries))
	}
	w := b.stamps()
	defer stampses.Put(w)
	for row := range g.entries {
		rank := w.rank(row)
		if w.ids[rank] != g.ids[row] || w.seqs[rank] != g.seqs[row] || w.created[row] != g.created[row] ||
			w.recorded[row] != g.recorded[row] {
			return bits.Corrupt("row %d has another id, seq or time", row)
		}
	}
	read := columnsRead.Get().(*Column)
	defer columnsRead.Put(read)
	for col := range parts {
		var err error
		if list := parts[col].list; list != nil {
			if g.names[col] > 0 || !b.columns.At(col).Empty() {
				err = b.verifyList(col, list, g.entries)
			}
		} else {
			err = b.verifyTexts(col, g.texts[col], read)
		}
		if err != nil {
			return err
		}
	}
	clear(read.Values)
	return nil
}

// verifyTexts does so for a column of strings.
func (b *Block) verifyTexts(col int, want []string, read *Column) error {
	other := func(row int) error { return bits.Corrupt("row %d has another text in column %d", row, col) }
	c := b.columns.At(col)
	made, err := b.columns.EachMade(c, func(row int, v []byte) error {
		if string(v) != want[row] {
			return other(row)
		}
		return nil
	})
	if made {
		return err
	}
	if err := b.column(c, read); err != nil {
		return err
	}
	for row, v := range want {
		i := read.Of[row]
		if read.Values[i] != v {
			return other(row)
		}
		read.Values[i] = v // which is found equal at once by those that are the same string in memory
	}
	return nil
}

// verifyList does so for a column of names and values.
func (b *Block) verifyList(col int, l *list, entries []*audit.Entry) error {
	counts := make([]int, b.rows)
	wrong := -1
	err := b.columns.EachNameOfAll(col, func(row int, name, first, second string, _ int) {
		if !l.same(entries[row], counts[row], name, first, second) {
			wrong = row
		}
		counts[row]++
	})
	if err != nil {
		return err
	}
	for row, e := range entries {
		if counts[row] != l.count(e) {
			wrong = row
		}
	}
	if wrong >= 0 {
		return bits.Corrupt("row %d has other names or values in column %d", wrong, col)
	}
	return nil
}
