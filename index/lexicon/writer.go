package lexicon

import (
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"

	"auditlog/fulltext"
)

// writer writes a segment: its sections one after the other, then the end.
type writer struct {
	w    io.Writer
	sum  hash.Hash32
	buf  []byte // what is not written yet
	at   uint64 // bytes written
	rows []byte // of the directory
	n    uint64 // rows
	err  error
}

func newWriter(w io.Writer) *writer { return &writer{w: w, sum: crc32.NewIEEE()} }

// flushFrom is how many bytes are written in one go.
const flushFrom = 64 << 10

func (w *writer) flush() {
	if w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	w.sum.Write(w.buf)
	w.at += uint64(len(w.buf))
	w.buf = w.buf[:0]
}

// flushSome flushes what is worth it.
func (w *writer) flushSome() {
	if len(w.buf) >= flushFrom {
		w.flush()
	}
}

// row appends a row of the directory.
func (w *writer) row(s *Section, words, cells uint64) {
	for _, v := range []uint64{uint64(s.Project), uint64(s.n), uint64(s.count), words,
		uint64(s.hashBits), uint64(s.chunkBits), s.cellCount, cells} {
		w.rows = binary.AppendUvarint(w.rows, v)
	}
	w.n++
}

// copy writes a section as it is.
func (w *writer) copy(s *Section) {
	w.flush()
	for b := s.raw; len(b) > 0; {
		n := min(len(b), flushFrom)
		w.buf = append(w.buf, b[:n]...)
		w.flush()
		b = b[n:]
	}
	w.row(s, uint64(len(s.words)), uint64(len(s.cells)))
}

// end writes the directory, of documents with ids, and the trailer, and returns how long
// the segment is.
func (w *writer) end(ids []ID) (size uint64, err error) {
	w.flush()
	directory := w.at
	w.buf = binary.AppendUvarint(w.buf, uint64(len(ids)))
	for _, id := range ids {
		w.buf = id.Append(w.buf)
	}
	w.buf = binary.AppendUvarint(w.buf, w.n)
	w.buf = append(w.buf, w.rows...)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, directory)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, version)
	w.buf = append(w.buf, magic...)
	w.flush()
	w.buf = binary.BigEndian.AppendUint32(w.buf, w.sum.Sum32())
	w.flush()
	return w.at, w.err
}

// sectionWriter writes one section: its words in their order, then its cells.
type sectionWriter struct {
	*writer
	project fulltext.ProjectID
	words   wordWriter
	cells   cellWriter
}

// section begins the section of a project with n documents and at most so many cells, whose
// hashes have so many bits.
func (w *writer) section(project fulltext.ProjectID, n int, cells uint64, bits uint) *sectionWriter {
	return &sectionWriter{
		writer: w, project: project, words: wordWriter{n: n},
		cells: cellWriter{n: uint64(n), hash: bits, chunk: chunkBits(cells, bits)},
	}
}

// word writes a word and its documents, in their order.
func (w *sectionWriter) word(word []byte, docs []uint32) {
	w.buf = w.words.append(w.buf, word, docs)
	w.flushSome()
}

// endWords ends the words.
func (w *sectionWriter) endWords() {
	w.buf = appendOffsets(w.buf, w.words.starts, w.words.at)
	w.flushSome()
}

// cell writes a cell: of a hash, cut to its bits.
func (w *sectionWriter) cell(hash, doc uint32) {
	w.buf = w.cells.append(w.buf, hash, doc)
	w.flushSome()
}

// end ends the section.
func (w *sectionWriter) end() {
	c := &w.cells
	w.buf = c.end(w.buf)
	w.buf = appendOffsets(w.buf, c.starts, c.at)
	w.row(&Section{Project: w.project, n: w.words.n, count: w.words.count,
		hashBits: c.hash, chunkBits: c.chunk, cellCount: c.count}, w.words.at, c.at)
}
