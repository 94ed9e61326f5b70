package block

import (
	"sync/atomic"
	"unsafe"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// keptRows are the entries of rows that were asked for before, a group of rows at a
// time. Those who look at a log look at the same few pages again and again.
type keptRows [bits.MaxRows / keptGroup]atomic.Pointer[[keptGroup]atomic.Pointer[audit.Entry]]

const keptGroup = 32

// Kept is Entry for rows that are likely to be asked for again: the block keeps
// the entry, which everybody shares and nobody changes, as long as it lives
// itself. The project is the same in every call.
func (b *Block) Kept(row int, project string) (*audit.Entry, error) {
	group := b.kept[row/keptGroup].Load()
	if group == nil {
		group = b.keptGroup(row / keptGroup)
	}
	kept := &group[row%keptGroup]
	if e := kept.Load(); e != nil {
		return e, nil
	}
	e, err := b.Entry(row, project)
	if err != nil {
		return nil, err
	}
	if !kept.CompareAndSwap(nil, e) {
		return kept.Load(), nil
	}
	b.memory.Add(footprint(e))
	return e, nil
}

// keptGroup returns where the kept entries of group i are, which it makes.
func (b *Block) keptGroup(i int) *[keptGroup]atomic.Pointer[audit.Entry] {
	group := new([keptGroup]atomic.Pointer[audit.Entry])
	if b.kept[i].CompareAndSwap(nil, group) {
		b.memory.Add(int64(unsafe.Sizeof(*group)))
	}
	return b.kept[i].Load()
}

// footprint returns about how much memory an entry takes, as if it shared none.
func footprint(e *audit.Entry) int64 {
	n := int64(unsafe.Sizeof(*e)) + int64(len(e.Changes))*int64(unsafe.Sizeof(audit.Change{}))
	if e.Metadata != nil {
		n += 64 + int64(len(e.Metadata))*48 // about what a map takes
	}
	return n + int64(SizeOf(e))
}
