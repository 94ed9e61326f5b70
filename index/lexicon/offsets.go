package lexicon

import (
	"encoding/binary"
	"math"
)

// offsets are where the pieces of something begin, read where they lie: its index.
type offsets struct {
	n    int
	wide bool
	b    []byte
}

// isWide reports whether an index of so many bytes needs 8 for each offset.
func isWide(bytes uint64) bool { return bytes > math.MaxUint32 }

// appendOffsets appends an index of what has so many bytes.
func appendOffsets(b []byte, starts []uint64, bytes uint64) []byte {
	for _, at := range starts {
		if isWide(bytes) {
			b = binary.LittleEndian.AppendUint64(b, at)
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(at))
		}
	}
	return b
}

// offsetsSize returns the length of an index of n pieces of what has so many bytes.
func offsetsSize(n, bytes uint64) uint64 {
	if isWide(bytes) {
		return 8 * n
	}
	return 4 * n
}

// at returns where piece i begins. ok is false if there is none.
func (o *offsets) at(i int) (at uint64, ok bool) {
	switch {
	case i < 0 || i >= o.n:
		return 0, false
	case o.wide:
		return binary.LittleEndian.Uint64(o.b[8*i:]), true
	}
	return uint64(binary.LittleEndian.Uint32(o.b[4*i:])), true
}
