package repair

import (
	"bytes"
	"container/heap"
	"fmt"
	"iter"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// found is an entry that a source has.
type found struct {
	*audit.Entry
	of int // which source
}

// pending are entries that are read and may be followed by others that come before them.
type pending []found

func (p pending) Len() int      { return len(p) }
func (p pending) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p pending) Less(i, j int) bool {
	if c := byPosition(p[i].Entry, p[j].Entry); c != 0 {
		return c < 0
	}
	return p[i].of < p[j].of
}
func (p *pending) Push(x any) { *p = append(*p, x.(found)) }
func (p *pending) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = (*p)[:last]
	return x
}

// merge calls fn with the entries of a project by position, each once: that of the first source
// which has it. Two sources that disagree about an entry are told of, and the first is believed.
func (b *builder) merge(id format.ProjectID, name string, fn func(found) error) error {
	hidden := func(r *reading) func(*kv.Hidden) {
		if r.first {
			return func(h *kv.Hidden) { b.tell(fmt.Sprintf("%s: %v", r.Name, h.Err)) }
		}
		return func(*kv.Hidden) {}
	}
	m := &merger{b: b, fn: fn}
	for i, r := range b.sources {
		for _, runs := range r.layers(id, name, hidden(r)) {
			next, stop := iter.Pull(runs)
			defer stop()
			if first, ok := next(); ok {
				m.heads = append(m.heads, &head{of: i, next: next, run: first})
			}
		}
	}
	return m.all()
}

// head is the next run of a layer of a source.
type head struct {
	of   int
	next func() (run, bool)
	run  run
}

type merger struct {
	b     *builder
	fn    func(found) error
	heads []*head
	held  pending
	last  *found // given last
}

func (m *merger) all() error {
	for len(m.heads) > 0 {
		if err := m.b.ctx.Err(); err != nil {
			return err
		}
		least := 0
		for i, h := range m.heads {
			if h.run.from.Compare(m.heads[least].run.from) < 0 {
				least = i
			}
		}
		h := m.heads[least]
		if err := m.give(&h.run.from); err != nil {
			return err
		}
		entries, err := h.run.entries()
		if err != nil {
			return err
		}
		for _, e := range entries {
			heap.Push(&m.held, found{e, h.of})
		}
		var ok bool
		if h.run, ok = h.next(); !ok {
			m.heads = append(m.heads[:least], m.heads[least+1:]...)
		}
	}
	return m.give(nil)
}

// give calls fn with what is held before a position, or with all of it.
func (m *merger) give(before *audit.Position) error {
	for len(m.held) > 0 && (before == nil || m.held[0].Position().Compare(*before) < 0) {
		f := heap.Pop(&m.held).(found)
		if m.last != nil && m.last.Position() == f.Position() {
			f.Project = m.last.Project
			if !bytes.Equal(m.last.AppendJSON(nil), f.AppendJSON(nil)) {
				m.b.tell(fmt.Sprintf("entry %d of project %s is another in %s than in %s, which is believed", f.ID, f.Project,
					m.b.sources[f.of].Name, m.b.sources[m.last.of].Name))
			}
			continue
		}
		m.last = &f
		if err := m.fn(f); err != nil {
			return err
		}
	}
	return nil
}
