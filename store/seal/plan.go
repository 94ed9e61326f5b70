package seal

import (
	"cmp"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
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
	rec     format.Project // as it was when the step began
	seq     int64          // up to which the seal goes that this is a step of
	all     []*audit.Entry // what that seal is of, by position
	left    []*audit.Entry // what of it is in no block yet
	entries []*audit.Entry // what of that comes into blocks in this step
	blocks  *blocks.Plan
}

// newProjectPlan returns the plan of what of p is to be sealed: its whole tail, or what
// is left of a seal that was begun.
func newProjectPlan(p *memory.Project) *projectPlan {
	plan := &projectPlan{project: p, rec: p.Rec, seq: p.LastSeq()}
	if p.Rec.Sealing != nil {
		plan.seq = p.Rec.Sealing.Seq
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

// ends reports whether the seal of the project ends with this step.
func (p *projectPlan) ends() bool { return len(p.entries) == len(p.left) }

// A Step is a part of a seal that one transaction does.
type Step struct {
	sealer  *Sealer
	tail    memory.Tail    // as it was when the step was chosen
	waiting []*projectPlan // those that may have their turn
	more    bool           // there are others
	plans   []*projectPlan // those that have it
	seq     uint64         // the newest of the blocks that are planned
	// Of the transaction: the records of the projects, the newest sequence of all, and the last
	// id that leaves the tail.
	records map[*memory.Project]*format.Project
	newest  uint64
	last    int64
}

// Plan works out the blocks of the projects that have their turn, as many as fit into the
// step, from what a transaction sees. more reports whether some did not.
func (w *Step) Plan(tx kv.Tx) (more bool, err error) {
	left := blocks.Budget{Blocks: stepBlocks, Bytes: stepBytes}
	entries := 0
	spans := w.sealer.blocks.NewSpanPlanner(w.sealer.Sizes, tx)
	for _, plan := range w.waiting {
		if left.Blocks <= 0 || left.Bytes <= 0 || entries >= stepEntries || len(w.plans) == stepProjects {
			return true, nil
		}
		most := blocks.Budget{Blocks: min(left.Blocks, projectBlocks), Bytes: min(left.Bytes, projectBytes)}
		err := w.planOne(tx, spans, plan, most)
		if err = cmp.Or(tx.Err(), err); err != nil {
			return false, &ProjectError{plan.project, err}
		}
		for _, b := range plan.blocks.Drop {
			left.Blocks--
			left.Bytes -= len(b.Bytes())
		}
		entries += len(plan.entries)
	}
	return w.more, nil
}

func (w *Step) planOne(tx kv.Tx, spans *blocks.SpanPlanner, plan *projectPlan, most blocks.Budget) error {
	p := plan.project
	var n int
	var err error
	plan.blocks, n, err = w.sealer.blocks.PlanMerge(w.sealer.Sizes, blocks.NewCursor(tx, p.ID), p.Name, plan.left, most, &w.seq)
	if err != nil {
		return err
	}
	plan.entries = plan.left[:n]
	plan.blocks.Spans, err = spans.Project(p.ID, &plan.rec.Extent, plan.blocks, plan.entries)
	w.plans = append(w.plans, plan)
	return err
}
