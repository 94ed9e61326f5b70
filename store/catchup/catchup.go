package catchup

import (
	"fmt"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/memory"
	"auditlog/store/queue"
	"auditlog/store/quota"
	"auditlog/store/seal"
)

// Memory is all that a store keeps in memory of its database, and who watch over it.
type Memory struct {
	*memory.State
	Keys   *keys.Index
	Sealer *seal.Sealer
	Queue  Queue
	Meter  *quota.Meter
}

// Committed is an entry of a commit with what the memory needs of it.
type Committed struct {
	Project *memory.Project
	Entry   *audit.Entry
	Size    int // of its row
}

// Queue is told what came into the tail, and what left it.
type Queue interface {
	Hold(parts ...queue.Part)
	Free(parts ...queue.Part)
}

// TakeIn brings m to the state of d. Where it fails, m is as it was.
func (m *Memory) TakeIn(d *memory.Delta) error {
	next := m.Tail.Next()
	c := &taking{
		Memory: m, d: d, next: next, gap: d.First > next,
		changed: make(map[*memory.Project]bool), came: arrivals{added: make(map[*memory.Project][]*audit.Entry)},
	}
	if err := c.check(); err != nil {
		return err
	}
	c.projects()
	c.tail()
	c.settle()
	m.Version, m.BlockSeq = d.Version, d.BlockSeq
	return nil
}

// taking takes a delta into a memory.
type taking struct {
	*Memory
	d       *memory.Delta
	next    int64                    // the id up to which the memory knows entries
	gap     bool                     // the delta does not tell of all behind that
	changed map[*memory.Project]bool // projects
	came    arrivals
	freed   queue.Shares
}

// check refuses a delta that is not whole, before anything is changed.
func (c *taking) check() error {
	known := make(map[format.ProjectID]bool)
	for _, p := range c.d.Projects {
		known[p.Rec.ID] = true
	}
	for i := range c.d.Entries {
		if id := c.d.Entries[i].Project; !known[id] && c.State.ByID[id] == nil {
			return fmt.Errorf("tail: %w: entry %d of unknown project %d", format.ErrCorrupt, c.d.Entries[i].Entry.ID, id)
		}
	}
	return nil
}

// projects takes in records that were put.
func (c *taking) projects() {
	mem := c.State
	for _, is := range c.d.Projects {
		p := mem.Projects[is.Name]
		if p != nil && p.ID != is.Rec.ID {
			c.purged(p, is.Rec)
			p = nil
		}
		if p == nil {
			p = memory.NewProject(is.Name, is.Rec)
			mem.Projects[p.Name], mem.ByID[p.ID] = p, p
		}
		if is.Rec.State == audit.Purging && !mem.Purging[p] {
			mem.Purging[p] = true
			mem.Purges++
		}
		c.Keys.Became(p.ID, &p.Rec.Keys, &is.Rec.Keys)
		fresh := slices.DeleteFunc(c.d.Fresh[p.ID], func(k format.FreshKey) bool {
			return p.Rec.Keys.Moved == is.Rec.Keys.Moved && k.ID < c.next
		})
		p.Keys.CatchUp(p.Rec.Keys.Moved != is.Rec.Keys.Moved, fresh, is.Rec.Seq)
		p.Rec = *is.Rec
		p.Tail = slices.DeleteFunc(slices.Clone(p.Tail), func(e *audit.Entry) bool { return e.Seq <= p.Rec.Seq })
		c.changed[p] = true
	}
}

// purged takes in that a purge has ended, and that a project of the name has begun anew.
func (c *taking) purged(p *memory.Project, rec *format.Project) {
	mem := c.State
	c.Keys.Purged(p.ID, &p.Rec.Keys)
	c.Sealer.Gone(p)
	c.Meter.Forget(p.Name)
	delete(mem.ByID, p.ID)
	delete(mem.Purging, p)
	mem.Purges++
	p.Rec = *rec // whoever holds p sees that it is no more
}

// tail takes in entries, and that some are sealed.
func (c *taking) tail() {
	r := &c.State.Tail
	if r.Unsealed == 0 {
		r.Since = time.Now()
	}
	var sealed []int64
	for i, e := range r.Entries {
		t := &r.Slots[i]
		if e == nil || e.ID >= c.d.First && t.Seq > t.Owner.Rec.Seq {
			continue
		}
		c.freed.Add(e.RecordedBy, t.Owner.Name, t.Size)
		r.Unsealed--
		r.Bytes -= t.Size
		sealed = append(sealed, e.ID)
	}
	if c.gap {
		r.Slots, r.Entries, r.First = nil, nil, c.d.First
	} else {
		r.Cut(c.d.First, slices.Values(sealed))
	}
	for i := range c.d.Entries {
		if e := &c.d.Entries[i]; e.Entry.ID >= r.Next() {
			c.append(e)
		}
	}
}

// append adds an entry to the tail.
func (c *taking) append(e *memory.Committed) {
	p := c.State.ByID[e.Project]
	if !c.gap {
		c.count(p, e.Entry, e.Size)
	}
	if c.arrive(&c.came, p, e.Entry, e.Input, e.Size) {
		c.changed[p] = true
	}
}

// arrivals is what came to the tails of projects, and the room that it takes there.
type arrivals struct {
	added map[*memory.Project][]*audit.Entry
	held  queue.Shares
}

// arrive adds an entry of a row to the tail, of one that is sealed only the room that it has there. It
// reports whether it is unsealed.
func (m *Memory) arrive(a *arrivals, p *memory.Project, e *audit.Entry, input string, size int) (unsealed bool) {
	r := &m.Tail
	var entry *audit.Entry
	if unsealed = e.Seq > p.Rec.Seq; unsealed {
		entry = e
		e.Project = p.Name
		r.Unsealed++
		r.Bytes += size
		a.held.Add(e.RecordedBy, p.Name, size)
		a.added[p] = append(a.added[p], e)
		if e.Key != "" {
			mark := p.Hasher.Mark(e.Key, []byte(input))
			p.Keys.Add(mark.Hash, keys.Known{ID: e.ID, Seq: e.Seq, Sum: mark.Sum})
		}
	}
	r.Append(memory.Slot{Owner: p, Seq: e.Seq, Size: size}, entry)
	return unsealed
}

// count has the meter count an entry.
func (m *Memory) count(p *memory.Project, e *audit.Entry, size int) {
	var one queue.Shares
	one.Add(e.RecordedBy, p.Name, size)
	m.Meter.Add(one.Parts, e.RecordedAt)
}

// settle tells those of the changes who count and seal.
func (c *taking) settle() {
	for p := range c.changed {
		p.Add(c.came.added[p])
		c.Sealer.Changed(p)
	}
	c.Queue.Hold(c.came.held.Parts...)
	c.Queue.Free(c.freed.Parts...)
	if !c.gap {
		return
	}
	c.Meter.Reset()
	for _, u := range c.d.Usages {
		setUsage(c.Meter, c.State, u.Project, u.Token, u.Usage)
	}
	r := &c.State.Tail
	for i, e := range r.Entries {
		if e != nil {
			c.count(r.Slots[i].Owner, e, r.Slots[i].Size)
		}
	}
}

// setUsage has a token, or a project where that has no name, have used so much.
func setUsage(m *quota.Meter, s *memory.State, id format.ProjectID, token string, u format.Usage) {
	party := queue.Party{Kind: queue.Token, Name: token}
	if token == "" {
		p := s.ByID[id]
		if p == nil {
			return
		}
		party = queue.Party{Kind: queue.Project, Name: p.Name}
	}
	m.Set(party, u)
}
