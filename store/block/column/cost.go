package column

import (
	"slices"

	"auditlog/store/block/bits"
)

// What a column takes is estimated in bits, before anything is encoded.

// bits estimates the size of so many of the values.
func (s *sample) bits(rows int) int {
	if w := s.writer(); w != nil {
		return w.bits(s, rows)
	}
	return 10*rows + 5*s.size
}

// numeric reports whether all values are numbers.
func (m *miner) numeric() bool {
	for i := range m.samples {
		if m.samples[i].writer() == nil {
			return false
		}
	}
	return true
}

// bits returns about how many bits the mined strings take, each once and as
// often as idx names them.
func (m *miner) bits(idx []uint16) (once, all int) {
	m.rows = slices.Grow(m.rows[:0], len(m.mined))[:len(m.mined)]
	clear(m.rows)
	for _, v := range idx {
		m.rows[m.of[v]]++
	}
	for t := range m.mined {
		f := &m.mined[t]
		each, fixed := bits.Width(len(m.mined)), 16+4*len(m.templates.values[t])
		for k := range f.slots {
			each += (m.samples[f.first+k].bits(f.rows) + f.rows - 1) / f.rows
			fixed += 40
		}
		once += fixed + f.rows*each
		all += fixed + m.rows[t]*each
	}
	return once, all
}

// plainBits returns about how many bits the strings take as they are: what
// varies hardly compresses, what is always the same almost vanishes.
func (m *miner) plainBits(values []string) int {
	all, blanks := 0, 0 // bytes
	for _, v := range values {
		all += len(v)
	}
	for _, at := range m.Blanks {
		blanks += at.Len()
	}
	return 10*len(values) + 5*blanks + (all - blanks)
}

// plainBits returns about how many bits strings take that zstd compresses.
func plainBits(values []string) int { return 10*len(values) + 3*rawBytes(values) }

func rawBytes(values []string) int {
	n := len(values)
	for _, v := range values {
		n += len(v)
	}
	return n
}
