package lexicon

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A document that lacks a hash seems to have it with a probability of 1 in 2^wrongBits.
const wrongBits = 8

// leastBits is the least number of bits of a hash, which does for documents of a thousand.
// Those of small documents take a few bits more each than they must, but do not hold down the hashes
// of larger ones when they are merged.
const leastBits = 18

// chunkCells is about how many cells are in a chunk: what a look-up reads.
const chunkCells = 256

// hashBits returns how many bits of a hash are kept for so many cells of n documents.
func hashBits(cells uint64, n int) uint {
	each := cells/uint64(n) + 1
	return min(max(uint(bits.Len64(each))+wrongBits, leastBits), 32)
}

// chunkBits returns how many bits of a hash, of so many, are within a chunk.
func chunkBits(cells uint64, hash uint) uint {
	return hash - min(uint(bits.Len64(cells/chunkCells)), hash)
}

// cellWriter appends cells.
type cellWriter struct {
	n           uint64 // documents of the section
	hash, chunk uint   // bits of a hash, and within a chunk
	count       uint64
	starts      []uint64 // of the chunks, but for the last one's end
	at          uint64   // bytes so far
	pending     []uint64 // cells of the chunk at hand, from its beginning
}

// append appends the cell of a hash, cut to its bits, and a document to b, behind those so far.
func (w *cellWriter) append(b []byte, hash uint32, doc uint32) []byte {
	for uint64(len(w.starts)) < uint64(hash>>w.chunk) {
		b = w.endChunk(b)
	}
	w.pending = append(w.pending, uint64(hash&(1<<w.chunk-1))*w.n+uint64(doc))
	w.count++
	return b
}

// endChunk appends the chunk at hand.
func (w *cellWriter) endChunk(b []byte) []byte {
	w.starts = append(w.starts, w.at)
	if len(w.pending) == 0 {
		return b
	}
	from := len(b)
	k := bestRice(w.n<<w.chunk, len(w.pending))
	bw := bitWriter{b: append(binary.AppendUvarint(b, uint64(len(w.pending))), byte(k))}
	next := uint64(0)
	for _, c := range w.pending {
		bw.rice(c-next, k)
		next = c + 1
	}
	b = bw.end()
	w.at += uint64(len(b) - from)
	w.pending = w.pending[:0]
	return b
}

// end appends the chunks up to the last one.
func (w *cellWriter) end(b []byte) []byte {
	if w.count == 0 {
		return b
	}
	for uint64(len(w.starts)) < 1<<(w.hash-w.chunk) {
		b = w.endChunk(b)
	}
	w.starts = append(w.starts, w.at)
	return b
}

// chunkReader reads the cells of one chunk.
type chunkReader struct {
	bits  bitReader
	k     uint
	left  uint64
	next  uint64 // the least cell that can follow
	limit uint64
	wrong bool
}

// chunk returns the cells of a chunk.
func (s *Section) chunk(i int) (r chunkReader) {
	from, ok := s.chunks.at(i)
	to, ok2 := s.chunks.at(i + 1)
	if !ok || !ok2 || from > to || to > uint64(len(s.cells)) {
		r.wrong = true
		return r
	}
	b := s.cells[from:to]
	if len(b) == 0 {
		return r
	}
	left, k := binary.Uvarint(b)
	if k <= 0 || k == len(b) || b[k] > maxRice || left > 8*uint64(len(b)) {
		r.wrong = true
		return r
	}
	r.left, r.k, r.limit = left, uint(b[k]), uint64(s.n)<<s.chunkBits
	r.bits.b = b[k+1:]
	return r
}

// cell reads the next cell.
func (r *chunkReader) cell() (c uint64, ok bool) {
	if r.left == 0 || r.wrong {
		return 0, false
	}
	gap, ok := r.bits.rice(r.k)
	if !ok || gap >= r.limit-r.next {
		r.wrong = true
		return 0, false
	}
	c = r.next + gap
	r.next, r.left = c+1, r.left-1
	return c, true
}

// Hash returns the documents that have a hash, few others besides, and how many cells were
// looked at for them.
func (s *Section) Hash(hash uint32) (docs Set, seen int, err error) {
	docs = NewSet(s.n)
	if s.cellCount == 0 {
		return docs, 0, nil
	}
	hash = s.Cut(hash)
	r := s.chunk(int(hash >> s.chunkBits))
	from := uint64(hash&(1<<s.chunkBits-1)) * uint64(s.n)
	for {
		c, ok := r.cell()
		if !ok {
			break
		}
		if seen++; c >= from+uint64(s.n) {
			break
		}
		if c >= from {
			docs.Add(int(c - from))
		}
	}
	if r.wrong {
		return nil, seen, errDamaged
	}
	return docs, seen, nil
}

// Cut cuts a hash to the bits that are kept of it.
func (s *Section) Cut(hash uint32) uint32 { return uint32(uint64(hash) >> (32 - s.hashBits)) }

// Cells are the cells of a section, in their order.
type Cells struct {
	s     *Section
	i     int // the next chunk
	r     chunkReader
	wrong bool
}

// Cells returns the cells of s.
func (s *Section) Cells() *Cells { return &Cells{s: s} }

// Next returns the next cell: a hash, cut to its bits, and a document. ok is false behind the
// last one, and where the section is damaged, which Err tells.
func (c *Cells) Next() (hash, doc uint32, ok bool) {
	for !c.wrong {
		cell, ok := c.r.cell()
		if ok {
			n := uint64(c.s.n)
			return uint32(uint64(c.i-1)<<c.s.chunkBits | cell/n), uint32(cell % n), true
		}
		c.wrong = c.r.wrong
		if c.s.cellCount == 0 || c.i >= c.s.chunks.n-1 {
			break
		}
		c.r = c.s.chunk(c.i)
		c.i++
	}
	return 0, 0, false
}

// Err returns what kept Next from reading on.
func (c *Cells) Err() error {
	if c.wrong {
		return errDamaged
	}
	return nil
}

// compactSorted sorts documents, and leaves each once.
func compactSorted(docs []uint32) []uint32 {
	if len(docs) > 1 {
		slices.Sort(docs)
		docs = slices.Compact(docs)
	}
	return docs
}
