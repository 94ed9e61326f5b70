package block

import (
	"encoding/binary"
	"math/bits"
)

// How a list of integers is packed.
const (
	intsFlat   = iota // one base and one width for all
	intsFramed        // a base and a width for every 64
	intsLinear        // as framed, each value relative to a line through its frame, or rising
)

// frameRows is how many integers share a base and a width in a framed list.
const frameRows = 64

// ints is a packed list of int64, read where it lies in the block.
// All arithmetic wraps, so every int64 survives.
type ints struct {
	base  int64  // flat
	off   uint32 // flat: of the packed values; else the list's first frame in Block.frames
	n     uint16
	mode  uint8
	width uint8 // flat
}

// frame holds what the values of one frame are relative to.
type frame struct {
	base  int64
	slope int64 // how much the line rises over the frame
	off   uint32
	width uint8 // with risingFrame set: of the low bits
	rows  uint8
}

// int returns value i of x, which must be within the list.
func (b *Block) int(x *ints, i int) int64 {
	if x.mode == intsFlat {
		return x.base + int64(loadBits(b.data, int(x.off), i, uint(x.width)))
	}
	f := &b.frames[int(x.off)+i/frameRows]
	i %= frameRows
	if f.width&risingFrame != 0 {
		return f.base + int64(f.rising(b.data, i))
	}
	v := loadBits(b.data, int(f.off), i, uint(f.width))
	if x.mode == intsLinear {
		// The residual is signed.
		sh := 64 - uint(f.width)
		return f.base + f.line(i) + int64(v<<sh)>>sh
	}
	return f.base + int64(v)
}

func (f *frame) line(i int) int64 { return f.slope * int64(i) >> 6 }

// loadBits returns the i'th value of width bits behind off.
func loadBits(data []byte, off, i int, width uint) uint64 {
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

// packedBytes returns the size of n values of width bits.
func packedBytes(n, width int) int { return (n*width + 7) / 8 }

// packer appends values of any width, bit after bit.
type packer struct {
	dst  []byte
	bits uint64
	n    uint
}

func (p *packer) put(v uint64, width uint) {
	if width == 0 {
		return
	}
	p.bits |= v << p.n
	if p.n+width < 64 {
		p.n += width
		return
	}
	p.dst = binary.LittleEndian.AppendUint64(p.dst, p.bits)
	p.bits = v >> (64 - p.n) // a shift by 64 gives 0
	p.n += width - 64
}

// flush ends the values at a whole byte.
func (p *packer) flush() {
	for ; p.n > 0; p.n -= min(p.n, 8) {
		p.dst = append(p.dst, byte(p.bits))
		p.bits >>= 8
	}
	p.bits = 0
}

// intsSize returns the smallest mode for v, which is not empty, and about how
// many bytes it takes.
func intsSize(v []int64) (mode, size int) {
	_, width := span(v)
	size = 4 + packedBytes(len(v), width)
	if len(v) <= frameRows {
		return intsFlat, size
	}
	if n := framedBytes(v); n < size {
		mode, size = intsFramed, n
	}
	if n := linearBytes(v); n < size {
		mode, size = intsLinear, n
	}
	return mode, size
}

// appendInts appends v in the smallest mode.
func appendInts(dst []byte, v []int64) []byte {
	mode, _ := intsSize(v)
	dst = append(dst, byte(mode))
	switch mode {
	case intsFramed:
		return appendFramed(dst, v)
	case intsLinear:
		return appendLinear(dst, v)
	}
	return appendFlat(dst, v)
}

// appendFlat appends the width, the base, and the values relative to it.
func appendFlat(dst []byte, v []int64) []byte {
	lo, width := span(v)
	dst = append(dst, byte(width))
	dst = binary.AppendVarint(dst, lo)
	return appendPacked(dst, v, lo, width)
}

// appendPacked appends v relative to base.
func appendPacked(dst []byte, v []int64, base int64, width int) []byte {
	p := packer{dst: dst}
	for _, x := range v {
		p.put(uint64(x-base), uint(width))
	}
	p.flush()
	return p.dst
}

// span returns the least of v and the width of the greatest relative to it.
func span(v []int64) (lo int64, width int) {
	lo, hi := v[0], v[0]
	for _, x := range v[1:] {
		lo, hi = min(lo, x), max(hi, x)
	}
	return lo, bits.Len64(uint64(hi - lo))
}

// frameOf returns the values of frame k.
func frameOf(v []int64, k int) []int64 { return v[k*frameRows : min(len(v), (k+1)*frameRows)] }

func frameCount(n int) int { return (n + frameRows - 1) / frameRows }

func framedBytes(v []int64) int {
	n := 12
	var bases [MaxRows / frameRows]int64
	frames := frameCount(len(v))
	for k := range frames {
		f := frameOf(v, k)
		lo, width := span(f)
		bases[k] = lo
		n += 1 + packedBytes(len(f), width)
	}
	_, width := span(bases[:frames])
	return n + packedBytes(frames, width)
}

// appendFramed appends the frames' bases as a flat list, their widths, then
// their values.
func appendFramed(dst []byte, v []int64) []byte {
	var bases [MaxRows / frameRows]int64
	var widths [MaxRows / frameRows]int
	frames := frameCount(len(v))
	for k := range frames {
		bases[k], widths[k] = span(frameOf(v, k))
	}
	dst = appendAnchors(dst, bases[:frames], widths[:frames])
	for k := range frames {
		dst = appendPacked(dst, frameOf(v, k), bases[k], widths[k])
	}
	return dst
}

func appendAnchors(dst []byte, anchors []int64, widths []int) []byte {
	dst = appendFlat(dst, anchors)
	for _, w := range widths {
		dst = append(dst, byte(w))
	}
	return dst
}

// lineOf returns the line through frame k: from its first value to that of the
// next frame, or where the last frame would end if it were full.
func lineOf(v []int64, k int) frame {
	f := frame{base: v[k*frameRows]}
	if next := (k + 1) * frameRows; next < len(v) {
		f.slope = v[next] - f.base
	} else if n := int64(len(v) - 1 - k*frameRows); n > 0 {
		rise := v[len(v)-1] - f.base
		f.slope = max(rise/n*frameRows, rise)
	}
	return f
}

// residualWidth returns the width of frame k's signed distances from its line.
func residualWidth(v []int64, k int, f *frame) int {
	var all uint64
	for i, x := range frameOf(v, k) {
		r := x - f.base - f.line(i)
		all |= uint64(r<<1 ^ r>>63) // its sign is a bit too
	}
	return bits.Len64(all)
}

// linear chooses how frame k is stored, and returns its line, its width byte and its size.
func linear(v []int64, k int) (f frame, width, size int) {
	f = lineOf(v, k)
	rows := frameOf(v, k)
	width = residualWidth(v, k, &f)
	size = packedBytes(len(rows), width)
	if isRising(rows, f.slope) {
		low := risingLow(f.slope, len(rows))
		if n := risingBytes(f.slope, len(rows), low); n < size {
			return f, low | risingFrame, n
		}
	}
	return f, width, size
}

func linearBytes(v []int64) int {
	n := 12
	var anchors [MaxRows/frameRows + 1]int64
	frames := frameCount(len(v))
	for k := range frames {
		f, _, size := linear(v, k)
		anchors[k], anchors[k+1] = f.base, f.base+f.slope
		n += 1 + size
	}
	_, width := span(anchors[:frames+1])
	return n + packedBytes(frames+1, width)
}

// appendLinear appends the values at the frames' starts and where the last line
// ends as a flat list, the frames' widths, then the distances.
func appendLinear(dst []byte, v []int64) []byte {
	var anchors [MaxRows/frameRows + 1]int64
	var widths [MaxRows / frameRows]int
	frames := frameCount(len(v))
	for k := range frames {
		f, width, _ := linear(v, k)
		anchors[k], anchors[k+1] = f.base, f.base+f.slope
		widths[k] = width
	}
	dst = appendAnchors(dst, anchors[:frames+1], widths[:frames])
	for k := range frames {
		f := frame{base: anchors[k], slope: anchors[k+1] - anchors[k]}
		if widths[k]&risingFrame != 0 {
			dst = appendRising(dst, frameOf(v, k), f.base, f.slope, widths[k]&^risingFrame)
			continue
		}
		p := packer{dst: dst}
		mask := ^uint64(0) >> (64 - uint(widths[k]))
		for i, x := range frameOf(v, k) {
			p.put(uint64(x-f.base-f.line(i))&mask, uint(widths[k]))
		}
		p.flush()
		dst = p.dst
	}
	return dst
}
