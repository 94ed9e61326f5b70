package column

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"
)

// textWriter collects the strings of one class into chunks.
type textWriter struct {
	lengths, text []byte // of the chunk at hand
	n             int
	chunks        []chunkSize
	chunk, stored []byte
}

type chunkSize struct{ n, raw, stored int }

func (w *textWriter) reset() {
	w.lengths, w.text, w.n = w.lengths[:0], w.text[:0], 0
	w.chunks, w.stored = w.chunks[:0], w.stored[:0]
}

// add appends a string to one of the classes.
func (e *Encoder) add(class int, s string) {
	w := &e.texts[class]
	w.lengths = binary.AppendUvarint(w.lengths, uint64(len(s)))
	w.text = append(w.text, s...)
	w.n++
	if class != classRaw && len(w.text) >= chunkTarget {
		w.seal(e.zstd, class)
	}
}

// seal ends the chunk at hand.
func (w *textWriter) seal(z *zstd.Encoder, class int) {
	if w.n == 0 {
		return
	}
	w.chunk = append(append(w.chunk[:0], w.lengths...), w.text...)
	size := chunkSize{n: w.n, raw: len(w.chunk)}
	before := len(w.stored)
	if class != classRaw {
		w.stored = z.EncodeAll(w.chunk, w.stored)
		size.stored = len(w.stored) - before
	}
	if class == classRaw || size.stored >= size.raw {
		w.stored, size.stored = append(w.stored[:before], w.chunk...), 0
	}
	w.chunks = append(w.chunks, size)
	w.lengths, w.text, w.n = w.lengths[:0], w.text[:0], 0
}

// appendTable appends the sizes of the chunks. A stored size of 0 stands for the
// raw one: the chunk is not compressed.
func (w *textWriter) appendTable(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(w.chunks)))
	for _, f := range w.chunks {
		dst = binary.AppendUvarint(dst, uint64(f.n))
		dst = binary.AppendUvarint(dst, uint64(f.raw))
		dst = binary.AppendUvarint(dst, uint64(f.stored))
	}
	return dst
}
