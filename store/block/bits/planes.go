package bits

import (
	"encoding/binary"
	"math/bits"
)

// Planes is a list of small numbers, indexes, stored as bit planes: plane p holds bit p of
// every element's index, eight elements a byte. So "which elements have index v" is a handful of word
// operations for 64 elements at once, and one element's index is Width single bits.
type Planes struct {
	off   uint32
	m     uint16 // elements
	Width uint8  // of an index, in bits
}

// planeBytes returns the size of one plane over m elements.
func planeBytes(m int) int { return (m + 7) / 8 }

// PlanesBytes returns the size of the planes of m indexes of width bits.
func PlanesBytes(m, width int) int { return width * planeBytes(m) }

// Width returns how many bits an index below n needs.
func Width(n int) int { return bits.Len(uint(n) - 1) }

// load64 reads eight bytes, which every section has behind its start.
func load64(data []byte, off int) uint64 { return binary.LittleEndian.Uint64(data[off:]) }

// Len returns how many elements p has.
func (p *Planes) Len() int { return int(p.m) }

// At returns the index of element i.
func (p *Planes) At(data []byte, i int) int {
	stride := planeBytes(int(p.m))
	off := int(p.off) + i>>3
	v := 0
	for k := range int(p.Width) {
		v |= int(data[off+k*stride]>>(i&7)&1) << k
	}
	return v
}

// Where bit k of v is 0, v>>k&1 - 1 is all ones and turns plane k round, so that
// the planes' conjunction is what equals v.

// KeepOne removes the elements from r that do not have index v.
func (p *Planes) KeepOne(data []byte, v int, r *Rows) {
	m, off, width := int(p.m), int(p.off), int(p.Width)
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

// Keep removes the elements from r that do not have an index out of want.
func (p *Planes) Keep(data []byte, want, r *Rows) {
	var few [16]uint16
	values := few[:0]
	for v := want.Next(0); v >= 0; v = want.Next(v + 1) {
		values = append(values, uint16(v))
	}
	if len(values) == 1 {
		p.KeepOne(data, int(values[0]), r)
		return
	}
	m, off, width := int(p.m), int(p.off), int(p.Width)
	stride := planeBytes(m)
	var planes [16]uint64 // of 64 elements
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

// Rank returns how many elements before i have index v.
func (p *Planes) Rank(data []byte, i, v int) int {
	width, off := int(p.Width), int(p.off)
	if width == 0 {
		return i
	}
	stride := planeBytes(int(p.m))
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

// All reads the indexes of all elements into dst, whose length is at least that of the
// list rounded up to eight.
func (p *Planes) All(data []byte, dst []uint16) {
	off, width := int(p.off), int(p.Width)
	stride := planeBytes(int(p.m))
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

// AppendPlanes appends the planes of idx.
func AppendPlanes(dst []byte, idx []uint16, width int) []byte {
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
