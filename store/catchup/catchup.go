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
		changed: make(map[*memory.Project]bool), added: make(map[*memory.Project][]*audit.Entry),
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
	d    *memory.Delta
	next int64 // the id up to which the memory knows entries
	gap  bool  // the delta does not tell of all behind that
	// changed are the projects that have changed, added what came to their tails.
	changed     map[*memory.Project]bool
	added       map[*memory.Project][]*audit.Entry
	held, freed queue.Shares
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
	var slots []memory.Slot
	if !c.gap {
		slots = slices.Clone(r.Slots[c.d.First-r.First:])
	}
	for i, t := range r.Slots {
		cut := r.First+int64(i) < c.d.First
		if t.Entry == nil || !cut && t.Seq > t.Owner.Rec.Seq {
			continue
		}
		c.freed.Add(t.Entry.RecordedBy, t.Owner.Name, t.Size)
		r.Unsealed--
		r.Bytes -= t.Size
		if !cut {
			slots[r.First+int64(i)-c.d.First].Entry = nil
		}
	}
	r.Slots, r.First = slots, c.d.First
	for i := range c.d.Entries {
		if e := &c.d.Entries[i]; e.Entry.ID >= r.Next() {
			c.append(e)
		}
	}
}

// append adds an entry to the tail, if it is not sealed only the room that it has there.
func (c *taking) append(e *memory.Committed) {
	r := &c.State.Tail
	p := c.State.ByID[e.Project]
	t := memory.Slot{Owner: p, Seq: e.Entry.Seq, Size: e.Size}
	if !c.gap {
		var one queue.Shares
		one.Add(e.Entry.RecordedBy, p.Name, e.Size)
		c.Meter.Add(one.Parts, e.Entry.RecordedAt)
	}
	if t.Seq > p.Rec.Seq {
		t.Entry = e.Entry
		e.Entry.Project = p.Name
		r.Unsealed++
		r.Bytes += e.Size
		c.held.Add(e.Entry.RecordedBy, p.Name, e.Size)
		c.added[p] = append(c.added[p], e.Entry)
		c.changed[p] = true
		if e.Entry.Key != "" {
			m := p.Hasher.Mark(e.Entry.Key, []byte(e.Input))
			p.Keys.Add(m.Hash, keys.Known{ID: e.Entry.ID, Seq: e.Entry.Seq, Sum: m.Sum})
		}
	}
	r.Slots = append(r.Slots, t)
}

// settle tells those of the changes who count and seal.
func (c *taking) settle() {
	for p := range c.changed {
		p.Add(c.added[p])
		c.Sealer.Changed(p)
	}
	c.Queue.Hold(c.held.Parts...)
	c.Queue.Free(c.freed.Parts...)
	if !c.gap {
		return
	}
	c.Meter.Reset()
	for _, u := range c.d.Usages {
		setUsage(c.Meter, c.State, u.Project, u.Token, u.Usage)
	}
	for _, t := range c.State.Tail.Slots {
		if t.Entry != nil {
			var one queue.Shares
			one.Add(t.Entry.RecordedBy, t.Owner.Name, t.Size)
			c.Meter.Add(one.Parts, t.Entry.RecordedAt)
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
