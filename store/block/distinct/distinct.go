package distinct

import (
	"hash/maphash"
	"unsafe"

	"auditlog/store/block/bits"
)

// Table finds the number of a string among at most bits.MaxRows by its hash, or by where it lies: values
// that many entries share are mostly one string in memory, which then is neither read nor hashed again.
type Table struct {
	seed   maphash.Seed
	cells  [2 * bits.MaxRows]uint16 // number plus one
	hashes [bits.MaxRows]uint64
	placed [1 << placeBits]placed
	round  uint32 // of those placed that count
}

const placeBits = 9

// placed is a string that was looked for, and its number.
type placed struct {
	v     string
	n     uint16
	round uint32
}

// NewTable returns a table without strings.
func NewTable() *Table { return &Table{seed: maphash.MakeSeed()} }

// Reset begins with other strings.
func (t *Table) Reset() {
	clear(t.cells[:])
	t.round++
}

// Forget drops the strings, which a table that waits for the next ones must not keep alive.
func (t *Table) Forget() {
	clear(t.placed[:])
	t.round = 0
}

// Index returns the number of v among values, to which it is appended if it is new. They are all that
// were looked for since Reset.
func (t *Table) Index(values *[]string, v string) uint16 {
	at := uint64(uintptr(unsafe.Pointer(unsafe.StringData(v))))
	p := &t.placed[at*0x9e3779b97f4a7c15>>(64-placeBits)]
	if p.round != t.round || p.v != v {
		*p = placed{v, t.find(values, v, maphash.String(t.seed, v)), t.round}
	}
	return p.n
}

// IndexBytes is Index for a string that is only made if it is new.
func (t *Table) IndexBytes(values *[]string, v []byte) uint16 {
	const mask = uint64(len(t.cells) - 1)
	h := maphash.Bytes(t.seed, v)
	for i := h & mask; ; i = (i + 1) & mask {
		cell := t.cells[i]
		if cell == 0 {
			return t.find(values, string(v), h)
		}
		if t.hashes[cell-1] == h && (*values)[cell-1] == string(v) {
			return cell - 1
		}
	}
}

func (t *Table) find(values *[]string, v string, h uint64) uint16 {
	const mask = uint64(len(t.cells) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		cell := t.cells[i]
		if cell == 0 {
			n := len(*values)
			t.cells[i], t.hashes[n] = uint16(n+1), h
			*values = append(*values, v)
			return uint16(n)
		}
		if t.hashes[cell-1] == h && (*values)[cell-1] == v {
			return cell - 1
		}
	}
}
