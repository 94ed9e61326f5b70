package block

import (
	"encoding/binary"
	"hash/crc32"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"auditlog/audit"
)

// encoder holds what the making of a block needs, so that the next one need not
// allocate it.
type encoder struct {
	plain bool   // without templates
	out   []byte // the columns
	kids  int    // columns below the top ones
	texts [classCount]textWriter
	zstd  *zstd.Encoder
	seed  maphash.Seed // for tables in memory only

	created, ids, seqs, at, numbers []int64
	stepIDs, stepAt                 []int64
	order                           []uint16

	values      []string
	dicts       [columnCount]dictionary // of the top columns, for those that they determine
	sub         dictionary              // of the words of a template's slot
	present     []string                // of a sparse column
	presence    dictionary
	filled      dictionary
	table       table
	shapes      shapes
	miner       miner
	narrowed    narrowed
	seen        []uint16
	naturals    []uint16
	templatesOf []uint16
	arena       []byte // details with references
	ends        []int
	coded       []string
}

var encoders = sync.Pool{New: func() any {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(128<<10))
	if err != nil {
		panic(err) // the options are constant
	}
	return &encoder{zstd: z, seed: maphash.MakeSeed()}
}}

// Append appends the block of entries to dst. They are sorted by position, of one
// project, and 1 to MaxRows.
func Append(dst []byte, seq uint64, entries []*audit.Entry) []byte {
	return appendBlock(dst, seq, entries, false)
}

// AppendPlain does so without templates, the most intricate of the codings: what a
// block cannot be opened with is stored all the same, in more bytes.
func AppendPlain(dst []byte, seq uint64, entries []*audit.Entry) []byte {
	return appendBlock(dst, seq, entries, true)
}

func appendBlock(dst []byte, seq uint64, entries []*audit.Entry, plain bool) []byte {
	if len(entries) < 1 || len(entries) > MaxRows {
		panic("block: a block has 1 to 1024 entries")
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.reset()
	e.plain = plain
	e.appendTimes(entries)
	for col := range colChanges {
		e.column(col, entries)
	}
	e.changes(entries)
	e.metadata(entries)
	dst = e.finish(dst, seq, entries)
	e.forget()
	return dst
}

func (e *encoder) reset() {
	e.out, e.kids = e.out[:0], 0
	for class := range e.texts {
		e.texts[class].reset()
	}
}

// forget drops the entries' strings, which the pool must not keep alive.
func (e *encoder) forget() {
	clear(e.values)
	clear(e.sub.values)
	clear(e.present)
	clear(e.coded)
	clear(e.filled.values)
	e.miner.forget()
	for i := range e.dicts {
		clear(e.dicts[i].values)
	}
	e.shapes.forget()
}

func (e *encoder) uvarint(n int) { e.out = binary.AppendUvarint(e.out, uint64(n)) }

func (e *encoder) appendTimes(entries []*audit.Entry) {
	created, ids, seqs, at := e.created[:0], e.ids[:0], e.seqs[:0], e.at[:0]
	for _, x := range entries {
		created = append(created, x.CreatedAt.UnixMicro())
		ids = append(ids, x.ID)
		seqs = append(seqs, x.Seq)
		at = append(at, x.RecordedAt.UnixMicro())
	}
	e.created, e.ids, e.seqs, e.at = created, ids, seqs, at
	e.out = appendInts(e.out, created)
	e.out = appendInts(e.out, ids)
	e.out = appendInts(e.out, seqs)
	e.appendRecorded(created, ids, at)
}

// finish puts header, text frames' table, columns and text frames together.
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
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.kids))
	for class := range e.texts {
		e.texts[class].seal(e.zstd, class)
		dst = e.texts[class].appendTable(dst)
	}
	dst = append(dst, e.out...)
	for class := range e.texts {
		dst = append(dst, e.texts[class].stored...)
	}
	dst = append(dst, make([]byte, slackBytes)...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// textWriter collects the strings of one class into frames.
type textWriter struct {
	lengths, text []byte // of the frame at hand
	n             int
	frames        []textFrameSize
	frame, stored []byte
}

type textFrameSize struct{ n, raw, stored int }

func (w *textWriter) reset() {
	w.lengths, w.text, w.n = w.lengths[:0], w.text[:0], 0
	w.frames, w.stored = w.frames[:0], w.stored[:0]
}

// add appends a string to one of the classes.
func (e *encoder) add(class int, s string) {
	w := &e.texts[class]
	w.lengths = binary.AppendUvarint(w.lengths, uint64(len(s)))
	w.text = append(w.text, s...)
	w.n++
	if class != classRaw && len(w.text) >= frameTarget {
		w.seal(e.zstd, class)
	}
}

// seal ends the frame at hand.
func (w *textWriter) seal(z *zstd.Encoder, class int) {
	if w.n == 0 {
		return
	}
	w.frame = append(append(w.frame[:0], w.lengths...), w.text...)
	size := textFrameSize{n: w.n, raw: len(w.frame)}
	before := len(w.stored)
	if class != classRaw {
		w.stored = z.EncodeAll(w.frame, w.stored)
		size.stored = len(w.stored) - before
	}
	if class == classRaw || size.stored >= size.raw {
		w.stored, size.stored = append(w.stored[:before], w.frame...), 0
	}
	w.frames = append(w.frames, size)
	w.lengths, w.text, w.n = w.lengths[:0], w.text[:0], 0
}

// appendTable appends the sizes of the frames. A stored size of 0 stands for the
// raw one: the frame is not compressed.
func (w *textWriter) appendTable(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(w.frames)))
	for _, f := range w.frames {
		dst = binary.AppendUvarint(dst, uint64(f.n))
		dst = binary.AppendUvarint(dst, uint64(f.raw))
		dst = binary.AppendUvarint(dst, uint64(f.stored))
	}
	return dst
}
