package block

import (
	"bytes"
	"sync/atomic"
	"unsafe"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// keptRows are what was made of rows that were asked for before, a group of rows at a
// time. Those who look at a log look at the same few pages again and again.
type keptRows[T any] [bits.MaxRows / keptGroup]atomic.Pointer[[keptGroup]atomic.Pointer[T]]

const keptGroup = 32

// at returns where what is kept of a row is. What that takes is added to memory.
func (k *keptRows[T]) at(row int, memory *atomic.Int64) *atomic.Pointer[T] {
	in := &k[row/keptGroup]
	group := in.Load()
	if group == nil {
		made := new([keptGroup]atomic.Pointer[T])
		if in.CompareAndSwap(nil, made) {
			memory.Add(int64(unsafe.Sizeof(*made)))
		}
		group = in.Load()
	}
	return &group[row%keptGroup]
}

// Kept is Entry for rows that are likely to be asked for again: the block keeps
// the entry, which everybody shares and nobody changes, as long as it lives
// itself. The project is the same in every call.
func (b *Block) Kept(row int, project string) (*audit.Entry, error) {
	kept := b.kept.at(row, &b.memory)
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

// Line is the canonical JSON of an entry, and where that stands in its project's listing.
type Line struct {
	JSON     []byte
	Position audit.Position
}

// KeptLine is Kept for who wants no more of the entry than its line.
func (b *Block) KeptLine(row int, project string) (*Line, error) {
	kept := b.lines.at(row, &b.memory)
	if l := kept.Load(); l != nil {
		return l, nil
	}
	e, err := b.Entry(row, project)
	if err != nil {
		return nil, err
	}
	var room [1 << 10]byte
	l := &Line{JSON: bytes.Clone(e.AppendJSON(room[:0])), Position: e.Position()}
	if !kept.CompareAndSwap(nil, l) {
		return kept.Load(), nil
	}
	b.memory.Add(int64(unsafe.Sizeof(*l)) + int64(cap(l.JSON)))
	return l, nil
}

// footprint returns about how much memory an entry takes, as if it shared none.
func footprint(e *audit.Entry) int64 {
	n := int64(unsafe.Sizeof(*e)) + int64(len(e.Changes))*int64(unsafe.Sizeof(audit.Change{}))
	if e.Metadata != nil {
		n += 64 + int64(len(e.Metadata))*48 // about what a map takes
	}
	return n + int64(SizeOf(e))
}
