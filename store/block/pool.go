package block

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// A block's strings are numbered, and lie in frames one after the other. A frame
// is the lengths of its strings followed by the strings, raw or as zstd. Raw
// class strings are read at Open; a compressed frame is decoded when the first of its
// strings is asked for, and kept.

const (
	// frameTarget is when the encoder starts another frame: a row of a block of
	// long texts must not cost the decoding of all of them.
	frameTarget = 32 << 10
	// maxFrame bounds what a damaged block can make Open or a read allocate.
	maxFrame = 16 << 20
)

// textFrame is one frame as stored.
type textFrame struct {
	first, n    int // its strings' numbers
	off, stored int
	raw         int  // length when decoded
	packed      bool // stored as zstd
	pool        atomic.Pointer[pool]
}

// pool is a decoded frame.
type pool struct {
	text string
	ends []uint32 // string i is text[ends[i]:ends[i+1]]
	// strange are the strings that are not ASCII.
	strange []uint32
}

// newPool splits a decoded frame of n strings.
func newPool(frame []byte, n int) (*pool, error) {
	p := &pool{ends: make([]uint32, n+1)}
	end := uint64(0)
	for i := range n {
		length, size := binary.Uvarint(frame)
		if size <= 0 || length > maxFrame {
			return nil, bits.Corrupt("the lengths of a text frame")
		}
		frame = frame[size:]
		end += length
		p.ends[i+1] = uint32(min(end, maxFrame))
	}
	if end != uint64(len(frame)) {
		return nil, bits.Corrupt("a text frame of %d bytes has strings of %d", len(frame), end)
	}
	p.text = string(frame)
	if !audit.IsASCII(p.text) {
		for i := range n {
			if !audit.IsASCII(p.get(i)) {
				p.strange = append(p.strange, uint32(i))
			}
		}
	}
	return p, nil
}

func (p *pool) get(i int) string { return p.text[p.ends[i]:p.ends[i+1]] }

func (p *pool) memory() int { return len(p.text) + 4*(len(p.ends)+cap(p.strange)) + 64 }

// text returns string number i, which the parser has checked to be in a frame.
func (b *Block) text(i int) (string, error) {
	f := &b.texts[0]
	for k := 1; k < len(b.texts) && b.texts[k].first <= i; k++ {
		f = &b.texts[k]
	}
	p, err := b.pool(f)
	if err != nil {
		return "", err
	}
	return p.get(i - f.first), nil
}

// pool returns f's strings.
func (b *Block) pool(f *textFrame) (*pool, error) {
	if p := f.pool.Load(); p != nil {
		return p, nil
	}
	return b.decode(f)
}

// decode reads f's strings, once.
func (b *Block) decode(f *textFrame) (*pool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := f.pool.Load(); p != nil {
		return p, nil
	}
	frame := b.data[f.off : f.off+f.stored]
	if f.packed {
		d := decompressors.Get().(*decompressor)
		defer decompressors.Put(d)
		var err error
		if frame, err = d.decode(frame, f.raw); err != nil {
			return nil, err
		}
	}
	p, err := newPool(frame, f.n)
	if err != nil {
		return nil, err
	}
	f.pool.Store(p)
	b.memory.Add(int64(p.memory()))
	return p, nil
}

// decompressor keeps a zstd decoder and its output together: both are dear to make.
type decompressor struct {
	zstd *zstd.Decoder
	buf  []byte
}

var decompressors = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxFrame))
	if err != nil {
		panic(err) // the options are constant
	}
	return &decompressor{zstd: d}
}}

// decode returns the raw bytes of src, valid until the next call.
func (d *decompressor) decode(src []byte, raw int) ([]byte, error) {
	out, err := d.zstd.DecodeAll(src, d.buf[:0])
	if err != nil {
		return nil, bits.Corrupt("a text frame: %v", err)
	}
	d.buf = out
	if cap(d.buf) > 4*frameTarget {
		d.buf = nil // a rare giant must not be kept
	}
	if len(out) != raw {
		return nil, bits.Corrupt("a text frame of %d bytes has %d", raw, len(out))
	}
	return out, nil
}
