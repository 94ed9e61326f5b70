package lexicon

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter appends bits to bytes, the lowest one first.
type bitWriter struct {
	b   []byte
	acc uint64
	n   uint // bits of acc, below 8
}

// put appends the lowest n bits of v, at most 56. The others are 0.
func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
	}
}

// rice appends v as v>>k zeros, a one, and k bits.
func (w *bitWriter) rice(v uint64, k uint) {
	q := v >> k
	for ; q >= 32; q -= 32 {
		w.put(0, 32)
	}
	w.put(1<<q, uint(q)+1)
	w.put(v&(1<<k-1), k)
}

// end fills the last byte and returns all of them.
func (w *bitWriter) end() []byte {
	if w.n > 0 {
		w.put(0, 8-w.n)
	}
	return w.b
}

// bitReader reads what a bitWriter wrote. Behind the end there are zeros.
type bitReader struct {
	b   []byte
	pos uint64 // in bits
}

// window returns the next bits, 57 at least.
func (r *bitReader) window() uint64 {
	i := r.pos / 8
	if i+8 <= uint64(len(r.b)) {
		return binary.LittleEndian.Uint64(r.b[i:]) >> (r.pos % 8)
	}
	var last [8]byte
	if i < uint64(len(r.b)) {
		copy(last[:], r.b[i:])
	}
	return binary.LittleEndian.Uint64(last[:]) >> (r.pos % 8)
}

// rice reads a number. ok is false behind the end.
func (r *bitReader) rice(k uint) (v uint64, ok bool) {
	var q uint64
	for {
		w := r.window()
		if z := uint64(bits.TrailingZeros64(w)); z < 56 {
			q += z
			r.pos += z + 1
			break
		}
		q += 56
		if r.pos += 56; r.pos >= 8*uint64(len(r.b)) {
			return 0, false
		}
	}
	v = q<<k | r.window()&(1<<k-1)
	r.pos += uint64(k)
	return v, r.pos <= 8*uint64(len(r.b))
}

// bestRice returns the k with which n numbers take the fewest bits that are about as
// likely to be anything, and are below limit together.
func bestRice(limit uint64, n int) uint {
	// The mean times ln 2 is what halves the likelihood of a distance.
	half := limit / uint64(n) * 7 / 10
	if half == 0 {
		return 0
	}
	return min(uint(bits.Len64(half)-1), maxRice)
}

// maxRice bounds k, so that a number's bits fit a window.
const maxRice = 48
