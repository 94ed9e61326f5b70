package chunk

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"
)

// Writer collects the strings of a block. It can be used again after Reset.
type Writer struct {
	classes [Classes]classWriter
	zstd    *zstd.Encoder
}

// NewWriter returns a writer without strings.
func NewWriter() *Writer {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(128<<10))
	if err != nil {
		panic(err) // the options are constant
	}
	return &Writer{zstd: z}
}

// Reset drops all strings.
func (w *Writer) Reset() {
	for class := range w.classes {
		w.classes[class].reset()
	}
}

// Add adds a string to a class, behind those that it has.
func (w *Writer) Add(class int, s string) { w.classes[class].add(w.zstd, class, s) }

// AppendTable appends the table of the chunks. No string may be added after it.
func (w *Writer) AppendTable(dst []byte) []byte {
	for class := range w.classes {
		w.classes[class].seal(w.zstd, class)
		dst = w.classes[class].appendTable(dst)
	}
	return dst
}

// AppendChunks appends the chunks, of which AppendTable has appended the table.
func (w *Writer) AppendChunks(dst []byte) []byte {
	for class := range w.classes {
		dst = append(dst, w.classes[class].stored...)
	}
	return dst
}

// classWriter collects the strings of one class into chunks.
type classWriter struct {
	lengths, text []byte // of the chunk at hand
	n             int
	chunks        []chunkSize
	chunk, stored []byte
}

type chunkSize struct{ n, raw, stored int }

func (w *classWriter) reset() {
	w.lengths, w.text, w.n = w.lengths[:0], w.text[:0], 0
	w.chunks, w.stored = w.chunks[:0], w.stored[:0]
}

// add appends a string.
func (w *classWriter) add(z *zstd.Encoder, class int, s string) {
	w.lengths = binary.AppendUvarint(w.lengths, uint64(len(s)))
	w.text = append(w.text, s...)
	w.n++
	if class != Raw && len(w.text) >= chunkTarget {
		w.seal(z, class)
	}
}

// seal ends the chunk at hand.
func (w *classWriter) seal(z *zstd.Encoder, class int) {
	if w.n == 0 {
		return
	}
	w.chunk = append(append(w.chunk[:0], w.lengths...), w.text...)
	size := chunkSize{n: w.n, raw: len(w.chunk)}
	before := len(w.stored)
	if class != Raw {
		w.stored = z.EncodeAll(w.chunk, w.stored)
		size.stored = len(w.stored) - before
	}
	if class == Raw || size.stored >= size.raw {
		w.stored, size.stored = append(w.stored[:before], w.chunk...), 0
	}
	w.chunks = append(w.chunks, size)
	w.lengths, w.text, w.n = w.lengths[:0], w.text[:0], 0
}

// appendTable appends the sizes of the chunks. A stored size of 0 stands for the
// raw one: the chunk is not compressed.
func (w *classWriter) appendTable(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(w.chunks)))
	for _, f := range w.chunks {
		dst = binary.AppendUvarint(dst, uint64(f.n))
		dst = binary.AppendUvarint(dst, uint64(f.raw))
		dst = binary.AppendUvarint(dst, uint64(f.stored))
	}
	return dst
}
