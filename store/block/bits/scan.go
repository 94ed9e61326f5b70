package bits

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Slack is how many zero bytes must follow what is scanned, so that every packed value can be
// read as a whole word.
const Slack = 8

// ErrCorrupt is in the chain of every error about a block's bytes.
var ErrCorrupt = errors.New("corrupt block")

// Corrupt returns an error with ErrCorrupt in its chain.
func Corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Scanner walks over bytes once. The first error stays; what is read after it is zero.
type Scanner struct {
	Data   []byte
	Pos    int
	Err    error
	Frames []Frame // of all lists of integers so far
}

// Fail keeps the first error, which says what is corrupt.
func (s *Scanner) Fail(format string, args ...any) {
	if s.Err == nil {
		s.Err = Corrupt(format, args...)
	}
}

// Take returns where the next n bytes start, and skips them.
func (s *Scanner) Take(n int) int {
	off := s.Pos
	if n < 0 || n > len(s.Data)-off {
		s.Fail("%d bytes are needed, %d are left", n, len(s.Data)-off)
		return 0
	}
	s.Pos += n
	return off
}

// Byte reads a byte.
func (s *Scanner) Byte() byte {
	if off := s.Take(1); s.Err == nil {
		return s.Data[off]
	}
	return 0
}

// Count reads a uvarint from lo to hi.
func (s *Scanner) Count(lo, hi int) int { return int(s.Number(uint64(lo), uint64(hi))) }

// Number is Count for what an int may not hold.
func (s *Scanner) Number(lo, hi uint64) uint64 {
	v, size := binary.Uvarint(s.Data[s.Pos:])
	if size <= 0 || v < lo || v > hi {
		s.Fail("a count is not from %d to %d", lo, hi)
		return lo
	}
	s.Pos += size
	return v
}

func (s *Scanner) varint() int64 {
	v, size := binary.Varint(s.Data[s.Pos:])
	if size <= 0 {
		s.Fail("a number is cut short")
		return 0
	}
	s.Pos += size
	return v
}

// Ints reads a packed list of n integers.
func (s *Scanner) Ints(n int) Ints {
	x := Ints{mode: s.Byte(), n: uint16(n)}
	switch x.mode {
	case intsFlat:
		s.flat(&x, n)
	case intsFramed:
		s.framed(&x, n, frameCount(n))
	case intsLinear:
		s.framed(&x, n, frameCount(n)+1)
	default:
		s.Fail("integers of mode %d", x.mode)
	}
	return x
}

func (s *Scanner) flat(x *Ints, n int) {
	x.width = s.Byte()
	if x.width > 64 {
		s.Fail("integers of %d bits", x.width)
	}
	x.base = s.varint()
	x.off = uint32(s.Take(PackedBytes(n, int(x.width))))
}

// framed reads the frames of x, which have so many bases together.
func (s *Scanner) framed(x *Ints, n, bases int) {
	var base Ints
	s.flat(&base, bases)
	count := frameCount(n)
	widths := s.Take(count)
	if s.Err != nil {
		return
	}
	x.off = uint32(len(s.Frames))
	for k := range count {
		f := Frame{base: base.At(s.Data, nil, k), width: s.Data[widths+k], rows: uint8(min(frameRows, n-k*frameRows))}
		if k+1 < bases {
			f.slope = base.At(s.Data, nil, k+1) - f.base
		}
		f.off = uint32(s.Take(s.frameBytes(&f, x.mode)))
		if s.Err != nil {
			return
		}
		s.Frames = append(s.Frames, f)
	}
}

// frameBytes returns the size of a frame's values.
func (s *Scanner) frameBytes(f *Frame, mode uint8) int {
	width := int(f.width)
	if mode == intsLinear && f.width&risingFrame != 0 {
		width &^= risingFrame
		if f.slope < 0 || width > 62 || f.slope>>width > 8*int64(len(s.Data)) {
			s.Fail("a frame that rises by %d, of %d bits", f.slope, width)
			return 0
		}
		return risingBytes(f.slope, int(f.rows), width)
	}
	if width > 64 {
		s.Fail("integers of %d bits", width)
		return 0
	}
	return PackedBytes(int(f.rows), width)
}

// Planes reads the planes of m indexes of width bits.
func (s *Scanner) Planes(m, width int) Planes {
	return Planes{off: uint32(s.Take(width * planeBytes(m))), m: uint16(m), Width: uint8(width)}
}
