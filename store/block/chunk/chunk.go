package chunk

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

// Where a block's strings lie: a class is how a column uses them.
const (
	Raw    = iota // uncompressed, read at once: what filters compare with
	Shared        // strings that many rows share
	Own           // strings of one row each
	Classes
)

// Texts is the strings of one block, over its data, which is given to it with each read. Its
// methods may be called from several goroutines.
type Texts struct {
	chunks []chunk
	total  [Classes]int // strings a class

	memory atomic.Int64
	mu     sync.Mutex // held while a chunk is decoded
}

// Len returns how many strings a class has. The classes follow each other.
func (t *Texts) Len(class int) int { return t.total[class] }

// AtHand returns the strings of the class Raw.
func (t *Texts) AtHand() *Strings { return t.chunks[0].strings.Load() }

// Memory returns how many bytes the strings take beside the data; it grows as chunks are decoded.
func (t *Texts) Memory() int { return int(t.memory.Load()) }

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

// Get returns string number i, which is in one of the chunks.
func (t *Texts) Get(data []byte, i int) (string, error) {
	f := &t.chunks[0]
	for k := 1; k < len(t.chunks) && t.chunks[k].first <= i; k++ {
		f = &t.chunks[k]
	}
	p, err := t.strings(data, f)
	if err != nil {
		return "", err
	}
	return p.Get(i - f.first), nil
}

// strings returns f's strings.
func (t *Texts) strings(data []byte, f *chunk) (*Strings, error) {
	if p := f.strings.Load(); p != nil {
		return p, nil
	}
	return t.decode(data, f)
}

// EachChunk calls fn with each chunk that has strings among the n ones from first on: with
// which of the chunk's they are, from lo to hi, and what its string 0 would be among the n.
func (t *Texts) EachChunk(data []byte, first, n int, fn func(p *Strings, lo, hi, base int)) error {
	for k := range t.chunks {
		f := &t.chunks[k]
		lo, hi := max(first, f.first), min(first+n, f.first+f.n)
		if lo >= hi {
			continue
		}
		p, err := t.strings(data, f)
		if err != nil {
			return err
		}
		fn(p, lo-f.first, hi-f.first, f.first-first)
	}
	return nil
}

// decode reads f's strings, once.
func (t *Texts) decode(data []byte, f *chunk) (*Strings, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := f.strings.Load(); p != nil {
		return p, nil
	}
	stored := data[f.off : f.off+f.stored]
	if f.packed {
		d := decompressors.Get().(*decompressor)
		defer decompressors.Put(d)
		var err error
		if stored, err = d.decode(stored, f.raw); err != nil {
			return nil, err
		}
	}
	p, err := newStrings(stored, f.n)
	if err != nil {
		return nil, err
	}
	f.strings.Store(p)
	t.memory.Add(int64(p.memory()))
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

// Forms calls found with each way of storing strings that t has, by name.
func (t *Texts) Forms(found func(form string)) {
	for i := range t.chunks {
		f := &t.chunks[i]
		found([...]string{"strings of class 0", "strings of class 1", "strings of class 2"}[f.class])
		if f.packed {
			found("packed chunk")
		} else {
			found("chunk as it is")
		}
		if i > 0 && f.class == t.chunks[i-1].class {
			found("chunk that continues a class")
		}
	}
}
