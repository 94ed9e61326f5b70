package bits

import (
	"encoding/binary"
	"math/bits"
)

// SizeOfInts returns about how many bytes v, which is not empty, takes.
func SizeOfInts(v []int64) int {
	_, size := smallest(v)
	return size
}

// smallest returns the smallest mode for v, and about how many bytes it takes.
func smallest(v []int64) (mode, size int) {
	_, width := reach(v)
	size = 4 + PackedBytes(len(v), width)
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

// AppendInts appends v, 1 to MaxRows integers, in the smallest mode.
func AppendInts(dst []byte, v []int64) []byte {
	mode, _ := smallest(v)
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
	lo, width := reach(v)
	dst = append(dst, byte(width))
	dst = binary.AppendVarint(dst, lo)
	return appendPacked(dst, v, lo, width)
}

// appendPacked appends v relative to base.
func appendPacked(dst []byte, v []int64, base int64, width int) []byte {
	p := Packer{Dst: dst}
	for _, x := range v {
		p.Put(uint64(x-base), uint(width))
	}
	p.Flush()
	return p.Dst
}

// reach returns the least of v and the width of the greatest relative to it.
func reach(v []int64) (lo int64, width int) {
	lo, hi := v[0], v[0]
	for _, x := range v[1:] {
		lo, hi = min(lo, x), max(hi, x)
	}
	return lo, bits.Len64(uint64(hi - lo))
}

// frameOf returns the values of frame k.
func frameOf(v []int64, k int) []int64 { return v[k*frameRows : min(len(v), (k+1)*frameRows)] }

func framedBytes(v []int64) int {
	n := 12
	var bases [MaxRows / frameRows]int64
	frames := frameCount(len(v))
	for k := range frames {
		f := frameOf(v, k)
		lo, width := reach(f)
		bases[k] = lo
		n += 1 + PackedBytes(len(f), width)
	}
	_, width := reach(bases[:frames])
	return n + PackedBytes(frames, width)
}

// appendFramed appends the frames' bases as a flat list, their widths, then
// their values.
func appendFramed(dst []byte, v []int64) []byte {
	var bases [MaxRows / frameRows]int64
	var widths [MaxRows / frameRows]int
	frames := frameCount(len(v))
	for k := range frames {
		bases[k], widths[k] = reach(frameOf(v, k))
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
func lineOf(v []int64, k int) Frame {
	f := Frame{base: v[k*frameRows]}
	if next := (k + 1) * frameRows; next < len(v) {
		f.slope = v[next] - f.base
	} else if n := int64(len(v) - 1 - k*frameRows); n > 0 {
		rise := v[len(v)-1] - f.base
		f.slope = max(rise/n*frameRows, rise)
	}
	return f
}

// residualWidth returns the width of frame k's signed distances from its line.
func residualWidth(v []int64, k int, f *Frame) int {
	var all uint64
	for i, x := range frameOf(v, k) {
		r := x - f.base - f.line(i)
		all |= uint64(r<<1 ^ r>>63) // its sign is a bit too
	}
	return bits.Len64(all)
}

// linear chooses how frame k is stored, and returns its line, its width byte and its size.
func linear(v []int64, k int) (f Frame, width, size int) {
	f = lineOf(v, k)
	rows := frameOf(v, k)
	width = residualWidth(v, k, &f)
	size = PackedBytes(len(rows), width)
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
	_, width := reach(anchors[:frames+1])
	return n + PackedBytes(frames+1, width)
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
		f := Frame{base: anchors[k], slope: anchors[k+1] - anchors[k]}
		if widths[k]&risingFrame != 0 {
			dst = appendRising(dst, frameOf(v, k), f.base, f.slope, widths[k]&^risingFrame)
			continue
		}
		p := Packer{Dst: dst}
		mask := ^uint64(0) >> (64 - uint(widths[k]))
		for i, x := range frameOf(v, k) {
			p.Put(uint64(x-f.base-f.line(i))&mask, uint(widths[k]))
		}
		p.Flush()
		dst = p.Dst
	}
	return dst
}
