package bits

import "encoding/binary"

// Load returns the i'th value of width bits behind off. Eight bytes follow every list of packed
// values, so that each can be read as a word.
func Load(data []byte, off, i int, width uint) uint64 {
	if width == 0 {
		return 0
	}
	bit := uint(i) * width
	p := data[off+int(bit>>3):]
	sh := bit & 7
	v := binary.LittleEndian.Uint64(p) >> sh
	if width+sh > 64 {
		v |= uint64(p[8]) << (64 - sh)
	}
	return v & (^uint64(0) >> (64 - width))
}

// PackedBytes returns the size of n packed values of width bits.
func PackedBytes(n, width int) int { return (n*width + 7) / 8 }

// Packer appends values of any width to Dst, bit after bit, the lowest first. Dst is whole after Flush.
type Packer struct {
	Dst  []byte
	bits uint64
	n    uint
}

// Put appends the value v, which has no more than width bits.
func (p *Packer) Put(v uint64, width uint) {
	if width == 0 {
		return
	}
	p.bits |= v << p.n
	if p.n+width < 64 {
		p.n += width
		return
	}
	p.Dst = binary.LittleEndian.AppendUint64(p.Dst, p.bits)
	p.bits = v >> (64 - p.n) // a shift by 64 gives 0
	p.n += width - 64
}

// Flush ends the values at a whole byte.
func (p *Packer) Flush() {
	for ; p.n > 0; p.n -= min(p.n, 8) {
		p.Dst = append(p.Dst, byte(p.bits))
		p.bits >>= 8
	}
	p.bits = 0
}
