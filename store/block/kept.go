package block

import (
	"sync/atomic"
	"unsafe"

	"auditlog/audit"
)

// keptRows are the entries of rows that were asked for before. Those who look at
// a log look at the same few pages again and again.
type keptRows []atomic.Pointer[audit.Entry]

// Kept is Entry for rows that are likely to be asked for again: the block keeps
// the entry, which everybody shares and nobody changes, as long as it lives
// itself. The project is the same in every call.
func (b *Block) Kept(row int, project string) (*audit.Entry, error) {
	kept := b.rowsKept()
	if e := kept[row].Load(); e != nil {
		return e, nil
	}
	e, err := b.Entry(row, project)
	if err != nil {
		return nil, err
	}
	if !kept[row].CompareAndSwap(nil, e) {
		return kept[row].Load(), nil
	}
	b.memory.Add(footprint(e))
	return e, nil
}

// rowsKept returns where kept entries are.
func (b *Block) rowsKept() keptRows {
	if kept := b.kept.Load(); kept != nil {
		return *kept
	}
	kept := make(keptRows, b.rows)
	if b.kept.CompareAndSwap(nil, &kept) {
		b.memory.Add(int64(b.rows) * int64(unsafe.Sizeof(kept[0])))
	}
	return *b.kept.Load()
}

// footprint returns about how much memory an entry takes, as if it shared none.
func footprint(e *audit.Entry) int64 {
	n := int64(unsafe.Sizeof(*e)) + int64(len(e.Changes))*int64(unsafe.Sizeof(audit.Change{}))
	if e.Metadata != nil {
		n += 64 + int64(len(e.Metadata))*48 // about what a map takes
	}
	e.EachText(func(v string) { n += int64(len(v)) })
	return n + int64(len(e.Key)+len(e.Request.IP)+len(e.Request.UserAgent)+len(e.Request.ID))
}
