package block

import (
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
	created, at     []int64
	ids, seqs       []int64
	sorted          []int64 // numbers in the order of the ids
	since           []int64 // record times, relative to created
	stepIDs, stepAt []int64
	order           []uint16 // the rows by id
	keys            []string // of one entry's metadata
}

var encoders = sync.Pool{New: func() any { return &encoder{Encoder: column.NewEncoder(layout)} }}

// Append appends the block of entries to dst. They are sorted by position, of one
// project, and 1 to bits.MaxRows.
func Append(dst []byte, seq uint64, entries []*audit.Entry) []byte {
	return appendBlock(dst, seq, entries, false)
}

// AppendPlain does so without templates, the most intricate of the codings: what a
// block cannot be opened with is stored all the same, in more bytes.
func AppendPlain(dst []byte, seq uint64, entries []*audit.Entry) []byte {
	return appendBlock(dst, seq, entries, true)
}

func appendBlock(dst []byte, seq uint64, entries []*audit.Entry, plain bool) []byte {
	if len(entries) < 1 || len(entries) > bits.MaxRows {
		panic("block: a block has 1 to 1024 entries")
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.Reset(plain)
	e.times(entries)
	for col := range parts {
		e.column(&parts[col], entries)
	}
	dst = e.finish(dst, seq, entries)
	e.Forget()
	clear(e.keys)
	return dst
}

// column appends what the entries have in a column.
func (e *encoder) column(p *part, entries []*audit.Entry) {
	if p.list == nil {
		e.AppendStrings(p.appendOf(e.Strings(), entries))
		return
	}
	l := e.Lists()
	for _, x := range entries {
		l.Next()
		e.keys = p.list.collect(x, l, e.keys)
	}
	e.AppendLists()
}

// times appends the columns of integers.
func (e *encoder) times(entries []*audit.Entry) {
	created, ids, seqs, at := e.created[:0], e.ids[:0], e.seqs[:0], e.at[:0]
	for _, x := range entries {
		created = append(created, x.CreatedAt.UnixMicro())
		ids = append(ids, x.ID)
		seqs = append(seqs, x.Seq)
		at = append(at, x.RecordedAt.UnixMicro())
	}
	e.created, e.ids, e.seqs, e.at = created, ids, seqs, at
	order := e.byID(ids)
	e.Ints(created)
	e.appendNumbers(ids, seqs, order)
	e.appendRecorded(created, ids, at, order)
}

// finish puts header, columns and checksum together.
func (e *encoder) finish(dst []byte, seq uint64, entries []*audit.Entry) []byte {
	start := len(dst)
	first, last := entries[0].Position(), entries[len(entries)-1].Position()
	dst = append(dst, magic...)
	dst = append(dst, version, sizeByte(entries))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(entries)))
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	for _, v := range []int64{first.At, first.ID, last.At, last.ID, slices.Min(e.ids), slices.Max(e.ids)} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.Kids()))
	dst = e.Finish(dst)
	dst = append(dst, make([]byte, bits.Slack)...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}
