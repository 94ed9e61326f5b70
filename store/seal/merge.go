package seal

import (
	"cmp"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
)

// What one step of a merge rewrites at most.
const (
	mergeBlocks = 128
	mergeBytes  = 4 << 20
)

// A Merge is a step of the merging of a project's layers of late entries: into each other, the
// smallest first, so that they stay few, or into the first layer once they have as much as it has
// of the times that they are of. So an entry is rewritten a few times, however many there are. A
// step moves the oldest entries, and leaves nothing that says how far it has come but where they
// are: it can be done with at any time.
type Merge struct {
	sealer  *Sealer
	project *memory.Project
	rec     format.Project // as it was when the step began; its layers are brought up to date
	move    *blocks.Move
	seq     uint64 // the newest of the blocks that are planned, and of all
	newest  uint64
	chosen  uint64 // the newest of all when the step was chosen
}

// Seq is that of a Step.
func (m *Merge) Seq() uint64 { return m.chosen }

// Grown says that the layers of a project have changed.
func (s *Sealer) Grown(p *memory.Project) {
	if delete(s.merging, p); s.unmerged[p] == nil && s.toMerge(&p.Rec) {
		s.merging[p] = true
	}
}

// toMerge reports whether layers of late entries are to be merged, or may be.
func (s *Sealer) toMerge(rec *format.Project) bool {
	if rec.State == audit.Purging || len(rec.Late) == 0 {
		return false
	}
	return len(rec.Merging) > 0 || len(rec.Late) > s.Sizes.Layers || lateEntries(rec) >= rec.Entries
}

// Merging returns how many projects have layers to be merged.
func (s *Sealer) Merging() int { return len(s.merging) }

// LeaveLayers has the layers of a project stay as they are, because of damage.
func (s *Sealer) LeaveLayers(p *memory.Project, why error) {
	s.unmerged[p] = why
	delete(s.merging, p)
}

func lateEntries(rec *format.Project) (n int64) {
	for i := range rec.Late {
		n += rec.Late[i].Entries
	}
	return n
}

// crowded reports whether what a project has in the tail waits until there are fewer layers.
func (s *Sealer) crowded(p *memory.Project) bool {
	return s.merging[p] && s.aside[p] == nil && len(p.Rec.Late) >= crowd
}

// ChooseMerge returns a step for the project whose turn it is, nil where there is none. seq is the
// newest sequence of a block.
func (s *Sealer) ChooseMerge(seq uint64) *Merge {
	turns := newTurns(s.lastMerged)
	for p := range s.merging {
		turns.add(p)
	}
	next, _ := turns.next(1)
	if len(next) == 0 {
		return nil
	}
	m := &Merge{sealer: s, project: next[0], rec: next[0].Rec, seq: seq, chosen: seq}
	m.rec.Late, m.rec.Merging = slices.Clone(m.rec.Late), slices.Clone(m.rec.Merging)
	return m
}

// Plan works out which entries are moved, from what a transaction sees.
func (m *Merge) Plan(tx kv.Tx) (err error) {
	if err = m.plan(tx); err != nil || tx.Err() != nil {
		return &ProjectError{m.project, cmp.Or(tx.Err(), err)}
	}
	return nil
}

func (m *Merge) plan(tx kv.Tx) error {
	if m.rec.State == audit.Purging {
		return nil
	}
	if err := m.begin(tx); err != nil || len(m.rec.Merging) == 0 {
		return err
	}
	id := m.project.ID
	last := len(m.rec.Merging) - 1
	now := m.rec.Merging[last]
	var fronts []*blocks.Front
	for _, n := range now.From {
		if l := m.rec.LayerAt(n); l != nil {
			fronts = append(fronts, &blocks.Front{ID: format.LayerID(id, n), Layer: *l})
		}
	}
	s, l := m.sealer, m.rec.LayerAt(now.Into)
	var err error
	m.move, err = s.blocks.PlanMove(s.Sizes, tx, m.project.Name, fronts, format.LayerID(id, now.Into), l,
		blocks.Budget{Blocks: mergeBlocks, Bytes: mergeBytes}, &m.seq)
	if err != nil {
		return err
	}
	if entries := m.move.Entries; len(entries) > 0 {
		l.Take(len(entries), entries[0].Position(), entries[len(entries)-1].Position())
	}
	l.Extent = m.move.Into.Spans.Extent
	for i := range m.rec.Late {
		for _, f := range fronts {
			if f.ID == format.LayerID(id, m.rec.Late[i].Number) {
				m.rec.Late[i].Layer = f.Then
			}
		}
	}
	m.rec.Late = slices.DeleteFunc(m.rec.Late, func(l format.LateLayer) bool { return l.Entries == 0 })
	now.From = slices.DeleteFunc(slices.Clone(now.From), func(n int) bool { return m.rec.LayerAt(n) == nil })
	if m.rec.Merging[last] = now; len(now.From) == 0 {
		m.rec.Merging = m.rec.Merging[:last]
	}
	return nil
}

// begin begins a merge, if there is one to be begun.
func (m *Merge) begin(tx kv.Tx) error {
	late := settled(&m.rec)
	if len(m.rec.Merging) > 0 {
		if len(late) >= beside {
			m.rec.Merging = append(m.rec.Merging, together(late))
		}
		return nil
	}
	few := len(late) <= m.sealer.Sizes.Layers
	all := lateEntries(&m.rec) >= m.rec.Entries
	if !all && !few {
		var err error
		if all, err = m.dense(tx); err != nil {
			return err
		}
	}
	switch {
	case all || !few && len(late) == 1:
		m.rec.Merging = []format.Merging{{From: numbers(late)}}
	case !few:
		m.rec.Merging = []format.Merging{together(late)}
	}
	return nil
}

// beside is how many layers that have come since a merge began are merged before it goes on: one
// that is large takes long.
const beside = 3

// together returns the merge of the smallest of some layers, which are sorted: of as many as have
// together no fewer entries than the next.
func together(late []format.LateLayer) format.Merging {
	n, sum := 2, late[0].Entries+late[1].Entries
	for ; n < len(late) && late[n].Entries <= sum; n++ {
		sum += late[n].Entries
	}
	return format.Merging{From: numbers(late[:n-1]), Into: late[n-1].Number}
}

func numbers(late []format.LateLayer) (all []int) {
	for i := range late {
		all = append(all, late[i].Number)
	}
	return all
}

// dense reports whether the late entries are as many as those of the first layer from the oldest
// of them to the newest, by the number of its blocks.
func (m *Merge) dense(tx kv.Tx) (bool, error) {
	var bounds format.Layer
	for i := range m.rec.Late {
		l := &m.rec.Late[i]
		bounds.Take(int(l.Entries), l.First, l.Last)
	}
	c := blocks.NewCursor(tx, m.project.ID)
	ok, err := c.Reach(bounds.First)
	left := bounds.Entries
	for ; ok && err == nil && left > 0 && c.Key.Compare(bounds.Last) <= 0; ok, err = c.Next() {
		left -= int64(m.sealer.Sizes.BlockRows)
	}
	return left >= 0, err
}

// Write does what was planned. It may be called anew where its transaction fails.
func (m *Merge) Write(tx kv.Tx) error {
	rec := m.record()
	if m.move == nil {
		return nil
	}
	w := &blocks.Writer{Tx: tx, Sizes: m.sealer.Sizes, Seq: m.seq}
	plans := []*blocks.Plan{m.move.Into}
	for _, f := range m.move.Fronts {
		plans = append(plans, f.Plan)
	}
	w.Expect(plans...)
	for _, f := range m.move.Fronts {
		if err := w.Write(f.Plan); err != nil {
			return err
		}
	}
	if err := w.Write(m.move.Into); err != nil {
		return err
	}
	if err := w.Finish(); err != nil {
		return err
	}
	m.newest = w.Seq
	return m.project.Put(tx, &rec)
}

// record returns the project's record as it will be.
func (m *Merge) record() format.Project {
	rec := m.project.Rec
	rec.Layer, rec.Late, rec.Merging = m.rec.Layer, m.rec.Late, m.rec.Merging
	return rec
}

// Idle reports whether there is nothing to be done.
func (m *Merge) Idle() bool { return m.move == nil }

// Apply brings the memory up to date once the step is on disk, and returns the sequence of the
// newest block. Whoever calls it holds the lock that guards the memory.
func (m *Merge) Apply() (newest uint64) {
	m.sealer.lastMerged = m.project
	m.project.Rec = m.record()
	m.sealer.Grown(m.project)
	return m.newest
}

// Drop has the project wait until its layers have changed. Whoever calls it holds that lock.
func (m *Merge) Drop() { delete(m.sealer.merging, m.project) }
