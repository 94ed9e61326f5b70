package block

import (
	"time"

	"auditlog/audit"
)

// Entry returns the entry of a row. Its strings may share memory with those of
// other rows. The block does not know its project.
func (b *Block) Entry(row int, project string) (*audit.Entry, error) {
	e := &audit.Entry{}
	b.setNumbers(e, row, project)
	for col := range parts {
		p, c := &parts[col], b.columns.At(col)
		if c.Empty() {
			continue
		}
		if p.list != nil {
			err := b.columns.EachName(col, row, func(name, first, second string, n int) {
				p.list.add(e, name, first, second, n)
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		v, err := b.columns.Value(c, row)
		if err != nil {
			return nil, err
		}
		p.set(e, v)
	}
	return e, nil
}

// Entries returns all entries in order. It is how blocks are merged: a column at
// a time, which is faster than row by row. The entries share one piece of memory.
func (b *Block) Entries(project string) ([]*audit.Entry, error) {
	slab := make([]audit.Entry, b.rows)
	entries := make([]*audit.Entry, b.rows)
	w := b.stamps()
	defer stampses.Put(w)
	for row := range slab {
		e, rank := &slab[row], w.rank(row)
		e.ID, e.Seq, e.Project = w.ids[rank], w.seqs[rank], project
		e.CreatedAt = time.UnixMicro(w.created[row]).UTC()
		e.RecordedAt = time.UnixMicro(w.recorded[row]).UTC()
		entries[row] = e
	}
	var values []string
	for col := range parts {
		p, c := &parts[col], b.columns.At(col)
		if c.Empty() {
			continue
		}
		if p.list != nil {
			err := b.columns.EachNameOfAll(col, func(row int, name, first, second string, n int) {
				p.list.add(&slab[row], name, first, second, n)
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		var err error
		if values, err = b.columns.Values(c, values); err != nil {
			return nil, err
		}
		for row, v := range values {
			p.set(&slab[row], v)
		}
	}
	return entries, nil
}

// setNumbers gives e what its row has in columns of integers.
func (b *Block) setNumbers(e *audit.Entry, row int, project string) {
	rank := b.rank(row)
	e.ID, e.Seq = b.columns.Int(&b.numbers.ids, rank), b.columns.Int(&b.numbers.seqs, rank)
	e.Project = project
	e.CreatedAt = time.UnixMicro(b.CreatedAt(row)).UTC()
	e.RecordedAt = time.UnixMicro(b.recordedAt(row)).UTC()
}

// EachText calls fn with every value that full-text search looks into for words, and
// whole with every one that it finds whole, or that filters do, each at least once.
func (b *Block) EachText(fn, whole func(value string)) error {
	for col, spec := range layout {
		see := fn
		switch {
		case spec.Whole:
			see = whole
		case !spec.Searched:
			continue
		}
		err := b.columns.EachText(b.columns.At(col), func(s string) {
			if s == "" {
				return
			}
			see(s)
			if spec.Indexed {
				whole(s)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
