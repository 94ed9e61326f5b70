package block

import (
	"encoding/binary"
	"math/bits"
)

// An index column is stored as bit planes: plane p holds bit p of every row's
// index, eight rows a byte. So "which rows have index v" is a handful of word
// operations for 64 rows at once, and one row's index is width single bits.

// planeBytes returns the size of one plane over m rows.
func planeBytes(m int) int { return (m + 7) / 8 }

// load64 reads eight bytes, which every section has behind its start: a block
// ends in slack.
func load64(data []byte, off int) uint64 { return binary.LittleEndian.Uint64(data[off:]) }

// planeGet returns the index of row i.
func planeGet(data []byte, off, width, m, i int) int {
	stride := planeBytes(m)
	off += i >> 3
	v := 0
	for p := range width {
		v |= int(data[off+p*stride]>>(i&7)&1) << p
	}
	return v
}

// Where bit p of v is 0, v>>p&1 - 1 is all ones and turns plane p round, so that
// the planes' conjunction is what equals v.

// planesKeepOne removes the rows from r that do not have index v.
func planesKeepOne(data []byte, off, width, m, v int, r *Rows) {
	stride := planeBytes(m)
	for k := range (m + 63) / 64 {
		if r[k] == 0 {
			continue
		}
		eq := below(m - 64*k)
		for p := range width {
			eq &= load64(data, off+p*stride+8*k) ^ (uint64(v>>p&1) - 1)
		}
		r[k] &= eq
	}
}

// planesKeep removes the rows from r that do not have an index out of want.
func planesKeep(data []byte, off, width, m int, want, r *Rows) {
	var few [16]uint16
	values := few[:0]
	for v := want.Next(0); v >= 0; v = want.Next(v + 1) {
		values = append(values, uint16(v))
	}
	if len(values) == 1 {
		planesKeepOne(data, off, width, m, int(values[0]), r)
		return
	}
	stride := planeBytes(m)
	var planes [16]uint64 // of 64 rows
	for k := range (m + 63) / 64 {
		if r[k] == 0 {
			continue
		}
		for p := range width {
			planes[p&15] = load64(data, off+p*stride+8*k)
		}
		found := uint64(0)
		for _, v := range values {
			eq := ^uint64(0)
			for p := range width {
				eq &= planes[p&15] ^ (uint64(v>>p&1) - 1)
			}
			found |= eq
		}
		r[k] &= found & below(m-64*k)
	}
}

// planeRank returns how many rows before i have index v.
func planeRank(data []byte, off, width, m, i, v int) int {
	if width == 0 {
		return i
	}
	stride := planeBytes(m)
	n := 0
	for k := 0; 64*k < i; k++ {
		eq := below(i - 64*k)
		for p := range width {
			eq &= load64(data, off+p*stride+8*k) ^ (uint64(v>>p&1) - 1)
		}
		n += bits.OnesCount64(eq)
	}
	return n
}

// spread moves bit i of b to the lowest bit of byte i.
func spread(b byte) uint64 {
	y := uint64(b) * 0x0101010101010101 & 0x8040201008040201
	return (y + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101
}

// gather moves the lowest bit of byte i to bit i.
func gather(y uint64) byte {
	return byte(y & 0x0101010101010101 * 0x0102040810204080 >> 56)
}

// planesGet reads the indexes of all rows into dst, whose length is that of the
// column rounded up to eight rows.
func planesGet(data []byte, off, width, m int, dst []uint16) {
	stride := planeBytes(m)
	for i := range stride {
		var low, high uint64
		for p := range width {
			s := spread(data[off+p*stride+i])
			if p < 8 {
				low |= s << p
			} else {
				high |= s << (p - 8)
			}
		}
		d := dst[8*i : 8*i+8]
		for j := range d {
			d[j] = uint16(low&0xff) | uint16(high&0xff)<<8
			low, high = low>>8, high>>8
		}
	}
}

// appendPlanes appends the planes of idx.
func appendPlanes(dst []byte, idx []uint16, width int) []byte {
	stride := planeBytes(len(idx))
	off := len(dst)
	dst = append(dst, make([]byte, stride*width)...)
	for i := range stride {
		var low, high uint64
		for j, v := range idx[8*i : min(8*i+8, len(idx))] {
			low |= uint64(v&0xff) << (8 * j)
			high |= uint64(v>>8) << (8 * j)
		}
		for p := range width {
			if p < 8 {
				dst[off+p*stride+i] = gather(low >> p)
			} else {
				dst[off+p*stride+i] = gather(high >> (p - 8))
			}
		}
	}
	return dst
}
