package column

import (
	"slices"

	"auditlog/store/block/bits"
)

// templates appends the mined column. Its elements are those of values that idx
// names.
func (e *Encoder) templates(values []string, idx []uint16, class int) {
	m := &e.miner
	e.out = append(e.out, kindTemplate|byte(class)<<4)
	e.Uvarint(len(m.mined))
	for _, t := range m.templates.values {
		e.texts.Add(class, t)
	}
	of := e.templatesOf[:0]
	counts := make([]int, len(m.mined)+1)
	for _, v := range idx {
		of = append(of, m.of[v])
		counts[m.of[v]+1]++
	}
	e.templatesOf = of
	e.out = append(e.out, 0)
	e.out = bits.AppendPlanes(e.out, of, bits.Width(len(m.mined)))
	e.Uvarint(len(m.samples))
	e.kids += len(m.samples)
	for t := range m.mined {
		counts[t+1] += counts[t]
	}
	m.order = slices.Grow(m.order[:0], len(idx))[:len(idx)]
	next := slices.Clone(counts)
	for i, t := range of {
		m.order[next[t]] = idx[i]
		next[t]++
	}
	for t, f := range m.mined {
		order := m.order[counts[t]:counts[t+1]]
		e.Uvarint(f.slots)
		if f.slots > 0 {
			e.Uvarint(len(order))
		}
		for k := range f.slots {
			e.slot(&m.samples[f.first+k], values, order, k)
		}
	}
}

// slot appends the column of one slot: blank k of the given values.
func (e *Encoder) slot(s *sample, values []string, order []uint16, k int) {
	m := &e.miner
	m.strings = m.strings[:0]
	for _, v := range order {
		m.strings = append(m.strings, m.Blanks[m.starts[v]+k].Of(values[v]))
	}
	if w := s.writer(); w != nil {
		w.write(e, s, m.strings)
		return
	}
	e.words(m.strings)
}

// words appends a column of strings in which there are no templates.
func (e *Encoder) words(values []string) {
	e.build(&e.sub, values)
	e.strings(&e.sub, values, plan{})
}
