package walk

import "auditlog/audit"

// Merge gives the matches of several walkers, which must be of one query, in its order. It is a
// heap: the walker whose next match can come first is at the front.
type Merge struct {
	walkers []*Walker
	looks   Looks
}

// Looks bounds how many blocks a merge looks into. The zero Looks is no bound.
type Looks struct {
	Bounded bool
	// Left is how many are left. A block in which nothing is found takes one, and another gives Found, or
	// takes it.
	Left, Found int
}

// NewMerge returns a merge that stops when it would look into more blocks than it may.
func NewMerge(walkers []*Walker, looks Looks) *Merge {
	m := &Merge{looks: looks}
	for _, w := range walkers {
		if !w.ended {
			m.walkers = append(m.walkers, w)
		}
	}
	if len(m.walkers) == 1 {
		m.walkers[0].alone = true
	}
	for i := len(m.walkers)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return m
}

// Each has the matches taken until one is not, or the merge may look into no more
// blocks. stopped is set then, and all matches that were not given are at rest or come later.
func (m *Merge) Each(to Taker) (rest audit.Position, stopped bool, err error) {
	for len(m.walkers) > 0 {
		w := m.walkers[0]
		switch {
		case w.exact:
			if ok, err := w.give(to); err != nil || !ok {
				return audit.Position{}, false, err
			}
		case m.looks.Bounded && m.looks.Left <= 0 && w.looking():
			return w.at, true, nil
		default:
			looked := w.looking()
			if err := w.step(); err != nil {
				return audit.Position{}, false, err
			}
			if looked {
				m.looks.count(w.block != nil)
			}
		}
		if w.ended {
			last := len(m.walkers) - 1
			m.walkers[0], m.walkers[last] = m.walkers[last], nil
			m.walkers = m.walkers[:last]
		}
		m.sink(0)
	}
	return audit.Position{}, false, nil
}

// count counts a look into a block.
func (l *Looks) count(found bool) {
	if found {
		l.Left += l.Found
	} else {
		l.Left--
	}
}

// looking reports whether w has to look into a block to know more.
func (w *Walker) looking() bool { return !w.drained && w.block == nil && w.at == w.edge }

// sink moves the walker at i back to where it belongs, if it is not at the end.
func (m *Merge) sink(i int) {
	for {
		first := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(m.walkers); c++ {
			if a, b := m.walkers[c], m.walkers[first]; a.q.comes(a.at, b.at) {
				first = c
			}
		}
		if first == i {
			return
		}
		m.walkers[i], m.walkers[first] = m.walkers[first], m.walkers[i]
		i = first
	}
}
