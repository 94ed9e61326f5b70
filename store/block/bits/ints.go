package bits

// How a list of integers is packed.
const (
	intsFlat   = iota // one base and one width for all
	intsFramed        // a base and a width for every 64
	intsLinear        // as framed, each value relative to a line through its frame, or rising
)

// frameRows is how many integers share a base and a width in a framed list.
const frameRows = 64

// Ints is a packed list of int64, read where it lies. All arithmetic wraps, so every
// int64 survives. The frames of all lists of a block lie in one slice, which is why
// reading takes both: the bytes that the list was scanned from, and those frames.
type Ints struct {
	base  int64  // flat
	off   uint32 // flat: of the packed values; else which of the frames is the list's first
	n     uint16
	mode  uint8
	width uint8 // flat
}

// Frame holds what the values of one frame are relative to.
type Frame struct {
	base  int64
	slope int64 // how much the line rises over the frame
	off   uint32
	width uint8 // with risingFrame set: of the low bits
	rows  uint8
}

// Len returns how many integers x has.
func (x *Ints) Len() int { return int(x.n) }

// At returns value i of x, which must be within the list.
func (x *Ints) At(data []byte, frames []Frame, i int) int64 {
	if x.mode == intsFlat {
		return x.base + int64(Load(data, int(x.off), i, uint(x.width)))
	}
	f := &frames[int(x.off)+i/frameRows]
	i %= frameRows
	if f.width&risingFrame != 0 {
		return f.base + int64(f.rising(data, i))
	}
	v := Load(data, int(f.off), i, uint(f.width))
	if x.mode == intsLinear {
		// The residual is signed.
		sh := 64 - uint(f.width)
		return f.base + f.line(i) + int64(v<<sh)>>sh
	}
	return f.base + int64(v)
}

// AppendAll appends all values of x to dst, which takes a quarter of the time of At for each.
func (x *Ints) AppendAll(dst []int64, data []byte, frames []Frame) []int64 {
	n := int(x.n)
	if x.mode == intsFlat {
		for i := range n {
			dst = append(dst, x.base+int64(Load(data, int(x.off), i, uint(x.width))))
		}
		return dst
	}
	for k := range frameCount(n) {
		f := &frames[int(x.off)+k]
		switch {
		case f.width&risingFrame != 0:
			dst = f.appendAll(dst, data)
		case x.mode == intsLinear:
			sh := 64 - uint(f.width)
			for i := range int(f.rows) {
				v := Load(data, int(f.off), i, uint(f.width))
				dst = append(dst, f.base+f.line(i)+int64(v<<sh)>>sh)
			}
		default:
			for i := range int(f.rows) {
				dst = append(dst, f.base+int64(Load(data, int(f.off), i, uint(f.width))))
			}
		}
	}
	return dst
}

func (f *Frame) line(i int) int64 { return f.slope * int64(i) >> 6 }

// Within adds the elements of x to set whose values are one of those from least on, n of them.
func (x *Ints) Within(data []byte, frames []Frame, least, n int64, set *Rows) {
	if x.mode == intsFlat && x.width < 63 && (least+n <= x.base || least > x.base+(1<<x.width-1)) {
		return
	}
	for i := range int(x.n) {
		if v := x.At(data, frames, i) - least; 0 <= v && v < n {
			set.Set(i)
		}
	}
}

// frameCount returns how many frames n integers have.
func frameCount(n int) int { return (n + frameRows - 1) / frameRows }
