package seal

import (
	"time"

	"auditlog/store/blocks"
	"auditlog/store/memory"
	"auditlog/store/queue"
)

// maxTailBytes is the size of the tail's rows from which all of them are sealed however
// few they are.
const maxTailBytes = 16 << 20

// lateRows is how many times the rows that start a seal a project has in the tail until it is
// sealed whose entries come late: the more come into a layer at once, the fewer layers there are
// to be merged.
const lateRows = 4

// The tail may outgrow the rows that start a seal of full projects by these factors: the
// first until all of it is sealed, the second until recording waits for the sealer.
const (
	tailFull  = 8
	tailSlack = 16
)

// Options say when what is sealed.
type Options struct {
	// Rows is how many entries the projects that fill a block have in the tail until these are
	// sealed.
	Rows int
	// TailBytes is how many bytes the rows of the tail may have.
	TailBytes int
	// After is how long an entry waits at most.
	After time.Duration
	// Quiet is how long a small block has not changed when followers are told of it.
	Quiet time.Duration
	Sizes *blocks.Sizes
}

// Room returns how large the tail may be before recording waits for the sealer.
func (o *Options) Room() queue.Load {
	return queue.Load{Entries: tailSlack * o.Rows, Bytes: o.TailBytes}
}

// A Sealer chooses what is to be sealed. Whoever calls its methods holds the lock that guards the
// memory.
type Sealer struct {
	Options
	blocks *blocks.Reader
	tail   *memory.Tail
	// stepwise are the projects in the midst of a seal of several steps, and how much of
	// the tail that is of. lastFresh and lastBegun are those that had their turn last.
	stepwise             map[*memory.Project]queue.Load
	full                 map[*memory.Project]bool // that have entries enough in the tail for a block
	late                 map[*memory.Project]bool // of whom the last seal made a layer grow
	lastFresh, lastBegun *memory.Project
	aside                map[*memory.Project]error // those whose blocks are damaged, and why
	// merging are the projects with layers that are to be merged, unmerged those of whom they
	// cannot be, and why. lastMerged had its turn last.
	merging    map[*memory.Project]bool
	unmerged   map[*memory.Project]error
	lastMerged *memory.Project
	rounds     rounds
}

// New returns a Sealer of a tail.
func New(tail *memory.Tail, r *blocks.Reader, o Options) *Sealer {
	return &Sealer{
		Options: o, blocks: r, tail: tail,
		stepwise: make(map[*memory.Project]queue.Load), full: make(map[*memory.Project]bool),
		late:    make(map[*memory.Project]bool),
		aside:   make(map[*memory.Project]error),
		merging: make(map[*memory.Project]bool), unmerged: make(map[*memory.Project]error),
	}
}

// Added says that a project has got entries in the tail.
func (s *Sealer) Added(p *memory.Project) {
	enough := min(s.Sizes.BlockRows, s.Rows)
	if s.late[p] {
		enough = lateRows * s.Rows
	}
	if unsealed(p) >= enough && s.aside[p] == nil {
		s.full[p] = true
	}
}

// unsealed returns how many entries of p's tail are in no block.
func unsealed(p *memory.Project) int {
	n := len(p.Tail)
	if s := p.Rec.Sealing; s != nil {
		n -= int(s.Entries)
	}
	return n
}

// Begun says that a project is in the midst of a seal: of its entries up to a seq.
func (s *Sealer) Begun(p *memory.Project, seq int64) { s.stepwise[p] = s.loadOf(p, seq) }

// Changed says that somebody else has sealed of a project, or recorded to it.
func (s *Sealer) Changed(p *memory.Project) {
	delete(s.full, p)
	delete(s.stepwise, p)
	s.Added(p)
	s.Grown(p)
	if p.Rec.Sealing != nil && s.aside[p] == nil {
		s.Begun(p, p.Rec.Sealing.Seq)
	}
}

// Gone says that a project is no more.
func (s *Sealer) Gone(p *memory.Project) {
	delete(s.full, p)
	delete(s.stepwise, p)
	delete(s.aside, p)
	delete(s.merging, p)
	delete(s.unmerged, p)
	delete(s.late, p)
}

// Stepwise returns how many projects are in the midst of a seal.
func (s *Sealer) Stepwise() int { return len(s.stepwise) }

// Wait returns how long the tail may still wait, 0 or less when a seal is due: of the
// projects that fill a block, or of all. What a seal takes by steps is being sealed.
func (s *Sealer) Wait() time.Duration {
	if s.unsealed() == 0 {
		return time.Hour
	}
	if s.pressed() {
		return 0
	}
	if s.filling() >= s.Rows {
		return 0
	}
	return time.Until(s.tail.Since.Add(s.After))
}

// Until returns the id below which the seal that is due seals everything: only the
// projects that fill a block are sealed where it is 0.
func (s *Sealer) Until() int64 {
	if !s.pressed() && time.Since(s.tail.Since) < s.After {
		return 0
	}
	s.tail.Since = time.Now()
	return s.tail.Next()
}

// filling returns how many entries those projects have that fill a block and can be sealed.
func (s *Sealer) filling() (n int) {
	for p := range s.full {
		if !s.crowded(p) {
			n += unsealed(p)
		}
	}
	return n
}

// unsealed returns how many entries of the tail no seal has begun with.
func (s *Sealer) unsealed() int {
	n := s.tail.Unsealed
	for _, l := range s.stepwise {
		n -= l.Entries
	}
	for p := range s.aside {
		n -= len(p.Tail)
	}
	for p := range s.merging {
		if s.crowded(p) && s.stepwise[p] == (queue.Load{}) {
			n -= len(p.Tail)
		}
	}
	return n
}

// waiting reports whether something of the tail waits for more than a seal.
func (s *Sealer) waiting() bool {
	for p := range s.merging {
		if s.crowded(p) {
			return true
		}
	}
	return len(s.aside) > 0
}

// pressed reports whether the tail is so large that all of it is to be sealed. What projects have that
// fill a block does not count: where the sealer is behind, it is those that make room. What is
// sealed already counts where it cannot go, since something before it is not.
func (s *Sealer) pressed() bool {
	bytes := s.tail.Bytes
	for _, l := range s.stepwise {
		bytes -= l.Bytes
	}
	if s.unsealed()-s.filling() >= tailFull*s.Rows {
		return true
	}
	// What is set aside, or waits for a merge, stays and has others stay: sealing more often would not
	// make room.
	return !s.waiting() && (len(s.tail.Slots) >= tailSlack*s.Rows || bytes >= min(maxTailBytes, s.TailBytes/2))
}

// Choose returns a step for those of whom something is to be sealed, in the order of their
// turns: who is in the midst of a seal, who fills a block, and who has an entry below the id
// until. seq is the newest sequence of a block. It returns nil where there is none.
func (s *Sealer) Choose(until int64, seq uint64) *Step {
	fresh, begun := newTurns(s.lastFresh), newTurns(s.lastBegun)
	whole := make(map[*memory.Project]bool) // not only what fills a block
	s.due(until, func(p *memory.Project, all bool) {
		_, stepwise := s.stepwise[p]
		if all {
			whole[p] = true
		}
		switch _, aside := s.aside[p]; {
		case aside || s.crowded(p):
		case stepwise:
			begun.add(p)
		default:
			fresh.add(p)
		}
	})
	step := &Step{sealer: s, tail: *s.tail, seq: seq, chosen: seq}
	next, _ := begun.next(1)
	others, more := fresh.next(stepProjects)
	for _, p := range append(next, others...) {
		_, stepwise := s.stepwise[p]
		step.waiting = append(step.waiting, newProjectPlan(p, stepwise, !whole[p]))
	}
	if step.more = more; len(step.waiting) == 0 {
		return nil
	}
	return step
}

// due calls fn with the projects of which a step could seal something, with some up to three times,
// and whether that is all that they have.
func (s *Sealer) due(until int64, fn func(p *memory.Project, all bool)) {
	for p := range s.full {
		fn(p, false)
	}
	for p := range s.stepwise {
		fn(p, true)
	}
	seen := make(map[*memory.Project]bool)
	for i, e := range s.tail.Entries[:max(0, min(until, s.tail.Next())-s.tail.First)] {
		if p := s.tail.Slots[i].Owner; e != nil && !seen[p] {
			seen[p] = true
			fn(p, true)
		}
	}
}

// loadOf returns how much of p, up to a seq, is in the tail.
func (s *Sealer) loadOf(p *memory.Project, seq int64) (l queue.Load) {
	for i := range s.tail.Slots {
		if t := &s.tail.Slots[i]; t.Owner == p && s.tail.Entries[i] != nil && t.Seq > p.Rec.Seq && t.Seq <= seq {
			l.Add(queue.Load{Entries: 1, Bytes: t.Size})
		}
	}
	return l
}
