package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/memory"
	"auditlog/store/queue"
)

// On an engine that several nodes share, each has a memory of its own. It is brought up to what
// the others have committed before an Update decides anything by it, and before a reader takes
// anything from it: so all nodes give the answers that one would.

// delta returns what a transaction sees that was committed since the memory was of a state.
func (s *Store) delta(tx kv.Tx, mark memory.Mark) (*memory.Delta, error) {
	d, err := memory.ReadDelta(tx, mark, func(changed []memory.Changed) bool {
		s.mem.Mu.RLock()
		defer s.mem.Mu.RUnlock()
		return slices.ContainsFunc(changed, func(c memory.Changed) bool {
			p := s.mem.Projects[c.Name]
			return p != nil && p.ID == c.Rec.ID && p.Rec.Keys.Moved != c.Rec.Keys.Moved
		})
	})
	if err != nil {
		return nil, fmt.Errorf("catch up with other nodes: %w", err)
	}
	return d, nil
}

// catchUp brings the memory to the state of a transaction. The caller holds Store.writing.
func (s *Store) catchUp(tx kv.Tx) error {
	d, err := s.delta(tx, s.mem.Mark())
	if err != nil {
		return err
	}
	return s.takeIn(d)
}

// current runs fn in a read transaction, and take before it, with State.Mu held for reading: fn
// sees what take saw, or what was committed since. Both see what any node had committed before
// the call. expected tells what fn will read. Each may be called more than once: what the last
// call did counts.
func (s *Store) current(take func(), expected func() []kv.Expected, fn func(kv.Tx) error) error {
	mark := s.take(take)
	if !s.db.Shared() {
		return s.read(fn)
	}
	var d *memory.Delta
	err := s.readExpecting(expected(), func(tx kv.Tx) (err error) {
		if d = nil; tx.Version() == mark.Version {
			return fn(tx)
		}
		d, err = s.delta(tx, mark)
		return err
	})
	if err != nil || d == nil {
		return err
	}
	if err := s.takeInAlone(d); err != nil {
		return err
	}
	s.take(take)
	return s.readExpecting(expected(), fn)
}

// Fresh brings the memory to what any node had committed before the call. Calls that come while
// the database is asked share the next question.
func (s *Store) Fresh() error {
	if !s.db.Shared() {
		return nil
	}
	s.asking.Lock()
	q := s.next
	if q == nil {
		q = &question{done: make(chan struct{})}
		s.next = q
	}
	s.asking.Unlock()
	s.asked.Lock() // when who asked before has the answer
	defer s.asked.Unlock()
	select {
	case <-q.done:
		return q.err
	default:
	}
	s.asking.Lock()
	s.next = nil
	s.asking.Unlock()
	q.err = s.current(func() {}, func() []kv.Expected { return nil }, func(kv.Tx) error { return nil })
	close(q.done)
	return q.err
}

// question is one to the database, what others have committed, by all who wait for its answer.
type question struct {
	done chan struct{} // closed once err says how it ended
	err  error
}

// settle returns once the memory knows of what any transaction can have seen that has ended.
func (s *Store) settle() error {
	s.writing.Lock() // whoever writes here has told it by then
	s.writing.Unlock()
	return s.Fresh()
}

func (s *Store) take(take func()) memory.Mark {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	take()
	return s.mem.Mark()
}

func (s *Store) takeInAlone(d *memory.Delta) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.takeIn(d)
}

// takeIn brings the memory to the state of d. The caller holds Store.writing.
func (s *Store) takeIn(d *memory.Delta) error {
	s.mem.Mu.Lock()
	defer s.mem.Mu.Unlock()
	if d.Version <= s.mem.Version {
		return nil
	}
	c := &catchUp{
		s: s, d: d, next: s.mem.Tail.Next(), gap: d.First > s.mem.Tail.Next(),
		changed: make(map[*memory.Project]bool), added: make(map[*memory.Project][]*audit.Entry),
	}
	if err := c.check(); err != nil {
		return err
	}
	s.group.Reset() // of a commit that is not going to be
	c.projects()
	c.tail()
	c.settle()
	s.mem.Version, s.mem.BlockSeq = d.Version, d.BlockSeq
	s.epoch.Store(d.Epoch)
	if d.Tokens != nil && d.Revision != s.mem.Tokens {
		s.mem.Tokens = d.Revision
		s.tokens(d.Revision, d.Tokens)
	}
	if ahead := d.Passed - s.passed(); ahead > 0 {
		s.passedBefore += ahead
	}
	s.committed.broadcast()
	s.sealed.broadcast()
	return nil
}

// catchUp takes a delta into the memory.
type catchUp struct {
	s    *Store
	d    *memory.Delta
	next int64 // the id up to which the memory knows entries
	gap  bool  // the delta does not tell of all behind that
	// changed are the projects that have changed, added what came to their tails.
	changed     map[*memory.Project]bool
	added       map[*memory.Project][]*audit.Entry
	held, freed queue.Shares
}

// check refuses a delta that is not whole, before anything is changed.
func (c *catchUp) check() error {
	known := make(map[format.ProjectID]bool)
	for _, p := range c.d.Projects {
		known[p.Rec.ID] = true
	}
	for i := range c.d.Entries {
		if id := c.d.Entries[i].Project; !known[id] && c.s.mem.ByID[id] == nil {
			return fmt.Errorf("tail: %w: entry %d of unknown project %d", format.ErrCorrupt, c.d.Entries[i].Entry.ID, id)
		}
	}
	return nil
}

// projects takes in records that were put.
func (c *catchUp) projects() {
	mem := c.s.mem
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
		c.s.keys.Became(p.ID, &p.Rec.Keys, &is.Rec.Keys)
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
func (c *catchUp) purged(p *memory.Project, rec *format.Project) {
	mem := c.s.mem
	c.s.keys.Purged(p.ID, &p.Rec.Keys)
	c.s.sealer.Gone(p)
	c.s.meter.Forget(p.Name)
	delete(mem.ByID, p.ID)
	delete(mem.Purging, p)
	mem.Purges++
	p.Rec = *rec // whoever holds p sees that it is no more
}

// tail takes in entries, and that some are sealed.
func (c *catchUp) tail() {
	r := &c.s.mem.Tail
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
func (c *catchUp) append(e *memory.Committed) {
	r := &c.s.mem.Tail
	p := c.s.mem.ByID[e.Project]
	t := memory.Slot{Owner: p, Seq: e.Entry.Seq, Size: e.Size}
	if !c.gap {
		var one queue.Shares
		one.Add(e.Entry.RecordedBy, p.Name, e.Size)
		c.s.meter.Add(one.Parts, e.Entry.RecordedAt)
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
func (c *catchUp) settle() {
	for p := range c.changed {
		p.Add(c.added[p])
		c.s.sealer.Changed(p)
	}
	c.s.queue.Hold(c.held.Parts...)
	c.s.queue.Free(c.freed.Parts...)
	if !c.gap {
		return
	}
	c.s.meter.Reset()
	for _, u := range c.d.Usages {
		c.s.setUsage(u.Project, u.Token, u.Usage)
	}
	for _, t := range c.s.mem.Tail.Slots {
		if t.Entry != nil {
			var one queue.Shares
			one.Add(t.Entry.RecordedBy, t.Owner.Name, t.Size)
			c.s.meter.Add(one.Parts, t.Entry.RecordedAt)
		}
	}
}

// errStale says that what an update was to write was worked out from a state that others have
// changed since: it is to be worked out anew.
var errStale = errors.New("another node was faster")
