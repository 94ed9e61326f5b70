package column

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// A block's strings are numbered, and lie in chunks one after the other. A chunk
// is the lengths of its strings followed by the strings, as they are or as zstd. Those of the raw
// class are read at once; any other chunk is decoded when the first of its strings is asked
// for, and kept.

const (
	// chunkTarget is when the encoder starts another chunk: a row of a block of
	// long texts must not cost the decoding of all of them.
	chunkTarget = 32 << 10
	// maxChunk bounds what a damaged block can make a reader allocate.
	maxChunk = 16 << 20
)

// chunk is one as stored.
type chunk struct {
	first, n    int // its strings' numbers
	off, stored int
	raw         int  // length when decoded
	packed      bool // stored as zstd
	class       uint8
	strings     atomic.Pointer[Strings] // once decoded
}

// Strings is the strings of a decoded chunk, one behind the other. Nobody changes it.
type Strings struct {
	Text string
	Ends []uint32 // string i is Text[Ends[i]:Ends[i+1]]
	// Strange are the strings that are not ASCII.
	Strange []uint32
}

// newStrings splits a decoded chunk of n strings.
func newStrings(data []byte, n int) (*Strings, error) {
	p := &Strings{Ends: make([]uint32, n+1)}
	end := uint64(0)
	for i := range n {
		length, size := binary.Uvarint(data)
		if size <= 0 || length > maxChunk {
			return nil, bits.Corrupt("the lengths of a chunk of texts")
		}
		data = data[size:]
		end += length
		p.Ends[i+1] = uint32(min(end, maxChunk))
	}
	if end != uint64(len(data)) {
		return nil, bits.Corrupt("a chunk of texts of %d bytes has strings of %d", len(data), end)
	}
	p.Text = string(data)
	if !audit.IsASCII(p.Text) {
		for i := range n {
			if !audit.IsASCII(p.Get(i)) {
				p.Strange = append(p.Strange, uint32(i))
			}
		}
	}
	return p, nil
}

// Get returns string i of the chunk.
func (p *Strings) Get(i int) string { return p.Text[p.Ends[i]:p.Ends[i+1]] }

func (p *Strings) memory() int { return len(p.Text) + 4*(len(p.Ends)+cap(p.Strange)) + 64 }

// Text returns string number i, which the parser has checked to be in a chunk.
func (s *Set) Text(i int) (string, error) {
	f := &s.chunks[0]
	for k := 1; k < len(s.chunks) && s.chunks[k].first <= i; k++ {
		f = &s.chunks[k]
	}
	p, err := s.strings(f)
	if err != nil {
		return "", err
	}
	return p.Get(i - f.first), nil
}

// strings returns f's strings.
func (s *Set) strings(f *chunk) (*Strings, error) {
	if p := f.strings.Load(); p != nil {
		return p, nil
	}
	return s.decode(f)
}

// EachChunk calls fn with each chunk that has strings among the n ones from first on: with
// which of the chunk's they are, from lo to hi, and what its string 0 would be among the n.
func (s *Set) EachChunk(first, n int, fn func(p *Strings, lo, hi, base int)) error {
	for k := range s.chunks {
		f := &s.chunks[k]
		lo, hi := max(first, f.first), min(first+n, f.first+f.n)
		if lo >= hi {
			continue
		}
		p, err := s.strings(f)
		if err != nil {
			return err
		}
		fn(p, lo-f.first, hi-f.first, f.first-first)
	}
	return nil
}

// decode reads f's strings, once.
func (s *Set) decode(f *chunk) (*Strings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := f.strings.Load(); p != nil {
		return p, nil
	}
	data := s.data[f.off : f.off+f.stored]
	if f.packed {
		d := decompressors.Get().(*decompressor)
		defer decompressors.Put(d)
		var err error
		if data, err = d.decode(data, f.raw); err != nil {
			return nil, err
		}
	}
	p, err := newStrings(data, f.n)
	if err != nil {
		return nil, err
	}
	f.strings.Store(p)
	s.memory.Add(int64(p.memory()))
	return p, nil
}

// decompressor keeps a zstd decoder and its output together: both are dear to make.
type decompressor struct {
	zstd *zstd.Decoder
	buf  []byte
}

var decompressors = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxChunk))
	if err != nil {
		panic(err) // the options are constant
	}
	return &decompressor{zstd: d}
}}

// decode returns the raw bytes of src, valid until the next call.
func (d *decompressor) decode(src []byte, raw int) ([]byte, error) {
	out, err := d.zstd.DecodeAll(src, d.buf[:0])
	if err != nil {
		return nil, bits.Corrupt("a chunk of texts: %v", err)
	}
	d.buf = out
	if cap(d.buf) > 4*chunkTarget {
		d.buf = nil // a rare giant must not be kept
	}
	if len(out) != raw {
		return nil, bits.Corrupt("a chunk of texts of %d bytes has %d", raw, len(out))
	}
	return out, nil
}
