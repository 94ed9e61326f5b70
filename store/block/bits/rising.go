package bits

import "math/bits"

// A frame whose values rise, and end at or before its line does, can be stored as
// Elias and Fano have it: of each value, less the frame's base, the low bits
// packed, and the high bits as a count, unary, from the value before. That takes about two
// bits more a value than the logarithm of the average step, whatever the steps, and a
// value is read without those before it.

// risingFrame is set in the width of such a frame.
const risingFrame = 0x80

// isRising reports whether rows can be stored so.
func isRising(rows []int64, slope int64) bool {
	for i, x := range rows[1:] {
		if x < rows[i] {
			return false
		}
	}
	rise := rows[len(rows)-1] - rows[0]
	return slope >= 0 && rise >= 0 && rise <= slope
}

// risingLow returns how many low bits are best.
func risingLow(slope int64, n int) int {
	return max(bits.Len64(uint64(slope)/uint64(n))-1, 0)
}

// risingHigh returns the size of the high bits: one for each value, and one for each step
// of them.
func risingHigh(slope int64, n, low int) int { return (n + int(uint64(slope)>>low) + 8) / 8 }

func risingBytes(slope int64, n, low int) int {
	return risingHigh(slope, n, low) + PackedBytes(n, low)
}

func appendRising(dst []byte, rows []int64, base, slope int64, low int) []byte {
	off := len(dst)
	dst = append(dst, make([]byte, risingHigh(slope, len(rows), low))...)
	p := Packer{Dst: dst}
	for i, x := range rows {
		v := uint64(x - base)
		bit := int(v>>low) + i
		p.Dst[off+bit/8] |= 1 << (bit % 8)
		p.Put(v&(1<<low-1), uint(low))
	}
	p.Flush()
	return p.Dst
}

// rising returns value i of a rising frame, less its base.
func (f *Frame) rising(data []byte, i int) uint64 {
	low := int(f.width &^ risingFrame)
	end := int(f.off) + risingHigh(f.slope, int(f.rows), low)
	left := i
	for off := int(f.off); off < end; off += 8 {
		w := load64(data, off)
		if n := bits.OnesCount64(w); n <= left {
			left -= n
			continue
		}
		high := 8*(off-int(f.off)) + selectBit(w, left) - i
		return uint64(high)<<low | Load(data, end, i, uint(low))
	}
	return 0 // the block is damaged
}

// selectBit returns which bit of w is the one with n set before it.
func selectBit(w uint64, n int) int {
	at := 0
	for half := 32; half >= 8; half /= 2 {
		if c := bits.OnesCount64(w & (1<<half - 1)); c <= n {
			n -= c
			w >>= half
			at += half
		}
	}
	for ; n > 0; n-- {
		w &= w - 1
	}
	return at + bits.TrailingZeros64(w)
}

// appendAll appends the values of a rising frame to dst, in one walk over the high bits.
func (f *Frame) appendAll(dst []int64, data []byte) []int64 {
	low, n := int(f.width&^risingFrame), int(f.rows)
	end := int(f.off) + risingHigh(f.slope, n, low)
	i := 0
	for off := int(f.off); off < end && i < n; off += 8 {
		for w := load64(data, off); w != 0 && i < n; w &= w - 1 {
			high := 8*(off-int(f.off)) + bits.TrailingZeros64(w) - i
			dst = append(dst, f.base+int64(uint64(high)<<low|Load(data, end, i, uint(low))))
			i++
		}
	}
	for ; i < n; i++ {
		dst = append(dst, f.base) // the block is damaged
	}
	return dst
}
