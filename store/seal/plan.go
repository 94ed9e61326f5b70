package seal

import (
	"cmp"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
	"auditlog/store/queue"
)

// What one step of a seal rewrites at most, so that its transaction does not hold up those
// who record: a few megabytes. What one project brings is not to take it all.
const (
	stepBlocks    = 128
	stepBytes     = 4 << 20
	projectBlocks = 32
	projectBytes  = 2 << 20
	stepProjects  = 128
	stepEntries   = 16 << 10
)

// projectPlan is the part of a step that concerns one project.
type projectPlan struct {
	project *memory.Project
	rec     format.Project // as it was when the step began, but for its layers
	begun   bool           // the project is in the midst of a seal
	hold    bool           // what does not fill a block stays in the tail
	seq     int64          // up to which the seal goes that this is a step of
	all     []*audit.Entry // what that seal is of, by position
	left    []*audit.Entry // what of it is in no block yet
	entries []*audit.Entry // what of that comes into blocks in this step
	spent   bool           // more would, had the step room for it
	parts   []part         // of the entries, by the layers that they come into
	// Once the step is done, all entries up to the seq through are in blocks. Of those that were not before:
	// their places, and the room that they leave, in the order of their seqs.
	through int64
	places  []format.Place
	leave   []room
}

// room is what consecutive entries of one token take of the tail, which were recorded on one day.
type room struct {
	token string
	day   int64
	queue.Load
}

// part is what comes into a layer.
type part struct {
	layer   int
	entries []*audit.Entry
	blocks  *blocks.Plan
}

// newProjectPlan returns the plan of what of p is to be sealed: its whole tail, or what
// is left of a seal that was begun.
func newProjectPlan(p *memory.Project, begun, hold bool) *projectPlan {
	plan := &projectPlan{project: p, rec: p.Rec, begun: begun, hold: hold && !begun, seq: p.LastSeq()}
	plan.rec.Late = slices.Clone(p.Rec.Late) // which are brought up to date
	s := p.Rec.Sealing
	if s == nil { // as mostly: no entry of it is looked at
		plan.all = slices.Clip(p.Tail)
		plan.left = plan.all
		return plan
	}
	if begun || lateFor(p, s) {
		plan.seq, plan.hold = s.Seq, false
	}
	for _, e := range p.Tail {
		if e.Seq > plan.seq {
			continue
		}
		plan.all = append(plan.all, e)
		if !plan.rec.Sealed(e.Seq, e.Position()) {
			plan.left = append(plan.left, e)
		}
	}
	return plan
}

// lateFor reports whether entries have come since a seal that belong before where it has come
// to: it cannot go on with those that have come since.
func lateFor(p *memory.Project, s *format.Sealing) bool {
	return slices.ContainsFunc(p.Tail, func(e *audit.Entry) bool { return e.Seq > s.Seq && e.Position().Compare(s.Before) < 0 })
}

// finish works out what is in blocks once the step is done, while the entries are in the processor's
// cache: the transaction that writes it looks at none.
func (p *projectPlan) finish(tail *memory.Tail) {
	p.through = p.seq
	for _, e := range p.left[len(p.entries):] {
		p.through = min(p.through, e.Seq-1)
	}
	done := make([]*audit.Entry, 0, len(p.all))
	for _, e := range p.all {
		if e.Seq <= p.through {
			done = append(done, e)
		}
	}
	slices.SortFunc(done, func(a, b *audit.Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	p.places = make([]format.Place, len(done))
	for i, e := range done {
		p.places[i] = format.PlaceOf(e)
		if day := format.DayOf(e.RecordedAt); len(p.leave) == 0 || !p.leave[len(p.leave)-1].holds(e.RecordedBy, day) {
			p.leave = append(p.leave, room{token: e.RecordedBy, day: day})
		}
		p.leave[len(p.leave)-1].Add(queue.Load{Entries: 1, Bytes: tail.Slots[e.ID-tail.First].Size})
	}
}

func (r *room) holds(token string, day int64) bool { return r.day == day && r.token == token }

// A Step is a part of a seal that one transaction does.
type Step struct {
	sealer  *Sealer
	tail    memory.Tail    // as it was when the step was chosen
	waiting []*projectPlan // those that may have their turn
	more    bool           // there are others
	plans   []*projectPlan // those that have it
	seq     uint64         // the newest of the blocks that are planned
	chosen  uint64         // the newest of all when the step was chosen
	// Of the transaction: the records of the projects, the newest sequence of all, the last
	// id that leaves the tail, and whose room what is sealed leaves.
	records map[*memory.Project]*format.Project
	newest  uint64
	last    int64
	freed   queue.Shares
}

// Seq returns the newest sequence of a block as of which the step was chosen. Where there are
// newer ones somebody else has sealed, and the step is not to be written.
func (w *Step) Seq() uint64 { return w.chosen }

// Plan works out the blocks of the projects that have their turn, as many as fit into the
// step, from what a transaction sees. more reports whether some did not.
func (w *Step) Plan(tx kv.Tx) (more bool, err error) {
	left := blocks.Budget{Blocks: stepBlocks, Bytes: stepBytes}
	entries := 0
	spans := w.sealer.blocks.NewSpanPlanner(w.sealer.Sizes, tx)
	kv.Expect(tx, w.places)
	for _, plan := range w.waiting {
		if left.Blocks <= 0 || left.Bytes <= 0 || entries >= stepEntries || len(w.plans) == stepProjects {
			return true, nil
		}
		most := blocks.Budget{Blocks: min(left.Blocks, projectBlocks), Bytes: min(left.Bytes, projectBytes)}
		err := w.planOne(tx, spans, plan, most)
		if err = cmp.Or(tx.Err(), err); err != nil {
			return false, &ProjectError{plan.project, err}
		}
		for _, part := range plan.parts {
			for _, b := range part.blocks.Drop {
				left.Blocks--
				left.Bytes -= len(b.Bytes())
			}
		}
		entries += len(plan.entries)
	}
	return w.more, nil
}

// places says that what lies around where the projects' entries begin will be read.
func (w *Step) places() []kv.Expected {
	var keys [][]byte
	for _, plan := range w.waiting {
		if len(plan.left) > 0 {
			keys = append(keys, format.BlockKey{Project: plan.project.ID, Position: plan.left[0].Position()}.Append(nil))
		}
	}
	return []kv.Expected{{Bucket: format.Blocks, Keys: keys, Before: 3, Behind: 1}}
}

func (w *Step) planOne(tx kv.Tx, spans *blocks.SpanPlanner, plan *projectPlan, most blocks.Budget) error {
	late, err := w.late(tx, plan)
	if err != nil {
		return err
	}
	n := 0
	if late > 0 {
		if n, err = w.planLate(tx, spans, plan, plan.left[:late], most); err != nil {
			return err
		}
	}
	if n == late {
		most.Hold = plan.hold
		more, err := w.planPart(tx, spans, plan, 0, plan.left[n:], most)
		if err != nil {
			return err
		}
		n += more
	}
	if n == 0 && plan.hold { // whatever fills a block, this does not
		plan.hold, plan.parts = false, nil
		return w.planOne(tx, spans, plan, most)
	}
	plan.entries = plan.left[:n]
	plan.spent = n < len(plan.left) && !plan.hold
	plan.finish(&w.tail)
	w.plans = append(w.plans, plan)
	return nil
}

// planPart plans how sorted entries come into a layer, and returns how many of them do.
func (w *Step) planPart(
	tx kv.Tx, spans *blocks.SpanPlanner, plan *projectPlan, layer int, entries []*audit.Entry, most blocks.Budget,
) (n int, err error) {
	if len(entries) == 0 {
		return 0, nil
	}
	id, l := format.LayerID(plan.project.ID, layer), plan.rec.LayerAt(layer)
	p := part{layer: layer}
	if p.blocks, n, err = w.sealer.blocks.PlanMerge(w.sealer.Sizes, blocks.NewCursor(tx, id), plan.project.Name, entries, most, &w.seq); err != nil {
		return 0, err
	}
	p.entries = entries[:n]
	if p.blocks.Spans, err = spans.Project(id, &l.Extent, p.blocks, p.entries); err != nil || n == 0 {
		return 0, err
	}
	l.Take(n, p.entries[0].Position(), p.entries[n-1].Position())
	l.Extent = p.blocks.Spans.Extent
	plan.parts = append(plan.parts, p)
	return n, nil
}
