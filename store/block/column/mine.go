package column

import (
	"auditlog/store/block/lex"
)

// miner finds the templates of a list of strings.
type miner struct {
	lex.Splitter
	templates dictionary
	of        []uint16 // of each string its template
	starts    []int    // of each string its first blank
	mined     []mined
	samples   []sample

	rows    []int    // by template
	order   []uint16 // elements by template
	strings []string // of one slot
}

// mined is what is known of a template.
type mined struct {
	rows, first, slots int // first: of its samples
}

// mine finds the templates of values. It returns false, and gives up early, when
// there is not one for several values.
func (e *Encoder) mine(values []string) bool {
	m := &e.miner
	m.reset()
	e.table.Reset()
	for i, v := range values {
		if len(m.templates.values) > 24+i/2 || len(m.samples) > maxSlots/2 {
			return false
		}
		first := len(m.Blanks)
		m.starts = append(m.starts, first)
		m.Split(v)
		t := int(e.table.IndexBytes(&m.templates.values, m.Template))
		m.of = append(m.of, uint16(t))
		if t == len(m.mined) {
			m.mined = append(m.mined, mined{first: len(m.samples), slots: len(m.Blanks) - first})
			for range m.Blanks[first:] {
				m.samples = append(m.samples, sample{shortest: len(v)})
			}
		}
		f := &m.mined[t]
		for k, at := range m.Blanks[first:] {
			m.samples[f.first+k].add(at.Of(v), f.rows == 0)
		}
		f.rows++
	}
	return len(m.samples) <= maxSlots && 2*len(m.mined) <= len(values)
}

func (m *miner) reset() {
	m.templates.idx, m.templates.values = m.templates.idx[:0], m.templates.values[:0]
	m.of, m.Blanks, m.starts = m.of[:0], m.Blanks[:0], m.starts[:0]
	m.mined, m.samples = m.mined[:0], m.samples[:0]
}

func (m *miner) forget() { clear(m.strings[:cap(m.strings)]) }
