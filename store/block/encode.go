package block

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"sync"

	"auditlog/audit"
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
)

// encoder holds what the making of a block needs, so that the next one need not
// allocate it.
type encoder struct {
	*column.Encoder
	sorted          []int64 // numbers in the order of the ids
	since           []int64 // record times, relative to created
	stepIDs, stepAt []int64
	order           []uint16 // the rows by id
	keys            []string // of one entry's metadata
}

var encoders = sync.Pool{New: func() any { return &encoder{Encoder: column.NewEncoder(layout)} }}

// Make returns the block of entries, which are sorted by position, of one project, and 1 to
// bits.MaxRows. It is read back before anything that it replaces goes: a fault of the coding must
// cost bytes, never an entry. What a block cannot be read back with is stored without templates, the
// most intricate of the codings.
func Make(seq uint64, entries []*audit.Entry) (*Block, error) {
	g := gather(entries)
	defer g.release()
	b, err := g.make(seq, false)
	if err != nil {
		b, err = g.make(seq, true)
	}
	return b, err
}

// make makes a block, without templates if plain, and reads it back.
func (g *gathered) make(seq uint64, plain bool) (*Block, error) {
	g.made = g.append(g.made[:0], seq, plain)
	b, err := Open(bytes.Clone(g.made))
	if err != nil {
		return nil, err
	}
	return b, b.verify(g)
}

// append appends the block to dst, without templates if plain.
func (g *gathered) append(dst []byte, seq uint64, plain bool) []byte {
	if len(g.entries) < 1 || len(g.entries) > bits.MaxRows {
		panic("block: a block has 1 to 1024 entries")
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.Reset(plain)
	e.times(g)
	for col := range parts {
		e.column(col, g)
	}
	dst = e.finish(dst, seq, g)
	e.Forget()
	clear(e.keys)
	return dst
}

// column appends what the entries have in a column.
func (e *encoder) column(col int, g *gathered) {
	list := parts[col].list
	if list == nil {
		e.AppendStrings(g.texts[col])
		return
	}
	l := e.Lists()
	if g.names[col] > 0 {
		for _, x := range g.entries {
			l.Next()
			e.keys = list.collect(x, l, e.keys)
		}
	}
	e.AppendLists()
}

// times appends the columns of integers.
func (e *encoder) times(g *gathered) {
	order := e.byID(g.ids)
	e.Ints(g.created)
	e.appendNumbers(g.ids, g.seqs, order)
	e.appendRecorded(g.created, g.ids, g.recorded, order)
}

// finish puts header, columns and checksum together.
func (e *encoder) finish(dst []byte, seq uint64, g *gathered) []byte {
	start := len(dst)
	first, last := g.entries[0].Position(), g.entries[len(g.entries)-1].Position()
	dst = append(dst, magic...)
	dst = append(dst, version, sizeByte(g.size))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(g.entries)))
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	for _, v := range []int64{first.At, first.ID, last.At, last.ID, slices.Min(g.ids), slices.Max(g.ids)} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.Kids()))
	dst = e.Finish(dst)
	dst = append(dst, make([]byte, bits.Slack)...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}
