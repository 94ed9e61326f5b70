package queue

import (
	"cmp"
	"container/heap"
)

// clock tells of each party of one kind how much was taken for it, against the others.
type clock struct {
	// now is where the party stood that was served last before the present Take. Whoever
	// is behind it is there as well: it waited for nothing, and has nothing to catch up.
	now int64
	// next is what now will be. During a Take now stands still, so that a turn only
	// ever moves back.
	next int64
	of   map[string]int64
}

// ahead returns how far ahead of the others a party is.
func (c *clock) ahead(name string) int64 { return max(0, c.of[name]-c.now) }

// serve moves a party's clock on.
func (c *clock) serve(name string, work int64) {
	at := max(c.of[name], c.now)
	c.next = max(c.next, at)
	c.of[name] = at + work
}

// maxClocks is from how many parties on those are forgotten that are not ahead.
const maxClocks = 4096

// end ends a Take.
func (c *clock) end() {
	c.now = c.next
	if len(c.of) < maxClocks {
		return
	}
	for name, at := range c.of {
		if at <= c.now {
			delete(c.of, name)
		}
	}
}

// turn says when an item's turn is: the party of it that is the furthest ahead decides, and
// among equals its projects.
type turn struct{ ahead, project int64 }

func (t turn) compare(u turn) int {
	return cmp.Or(cmp.Compare(t.ahead, u.ahead), cmp.Compare(t.project, u.project))
}

// turnOf returns the turn of an item. The caller holds q.mu.
func (q *Queue[T]) turnOf(it *Item[T]) (t turn) {
	for _, p := range it.Parts {
		ahead := q.clocks[p.Kind].ahead(p.Name)
		t.ahead = max(t.ahead, ahead)
		if p.Kind == Project {
			t.project = max(t.project, ahead)
		}
	}
	return t
}

// mayGo reports whether there is room for an item beside what was taken before it. The
// caller holds q.mu.
func (q *Queue[T]) mayGo(it *Item[T]) bool {
	total := q.total
	total.Add(q.sum)
	full := !total.under(q.room.Total)
	if full && !total.under(q.room.Total.times(2)) {
		return false
	}
	for _, p := range it.Parts {
		have := q.held[p.Party]
		have.Add(q.along[p.Party])
		if !have.under(q.room.of(p.Kind)) || full && !have.under(q.room.Reserve) {
			return false
		}
	}
	return true
}

// Take takes out the items that may go, those first whose turn it is, until they are a load
// of most: at least one if any may. They count as held until Settle. Those that are First are among them
// whatever the load. more reports whether others may go as well.
func (q *Queue[T]) Take(most Load) (items []*Item[T], more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.items == 0 {
		return nil, false
	}
	var sum Load
	for e := q.first.Front(); e != nil; e = q.first.Front() {
		it := e.Value.(*Item[T])
		q.remove(it)
		items = append(items, it)
	}
	defer func() {
		for k := range q.clocks {
			q.clocks[k].end()
		}
	}()
	t := taking[T]{q: q}
	for _, l := range q.lanes {
		t.add(l)
	}
	heap.Init(&t)
	for len(t.lanes) > 0 {
		l := t.lanes[0]
		it := l.items.Front().Value.(*Item[T])
		if now := q.turnOf(it); now != l.turn {
			l.turn = now // others have been served for its parties meanwhile
			heap.Fix(&t, 0)
			continue
		}
		if !q.mayGo(it) {
			heap.Pop(&t)
			continue
		}
		if !sum.under(most) {
			return items, true
		}
		items = append(items, it)
		sum.Add(it.load)
		t.take(l, it)
	}
	return items, false
}

// Settle ends what Take began: what was taken is held by now, or will not be.
func (q *Queue[T]) Settle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.along)
	q.sum = Load{}
	q.signal()
}

// TakeHeld takes out every item that may not go.
func (q *Queue[T]) TakeHeld() (items []*Item[T]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lanes {
		for e := l.items.Front(); e != nil; {
			it := e.Value.(*Item[T])
			e = e.Next()
			if !q.mayGo(it) {
				q.remove(it)
				items = append(items, it)
			}
		}
	}
	return items
}

// taking is the heap of lanes of one Take, that on top whose turn it is.
type taking[T any] struct {
	q     *Queue[T]
	lanes []*lane
}

func (t *taking[T]) add(l *lane) {
	l.turn = t.q.turnOf(l.items.Front().Value.(*Item[T]))
	t.lanes = append(t.lanes, l)
}

// take takes the first item of the lane on top.
func (t *taking[T]) take(l *lane, it *Item[T]) {
	for _, p := range it.Parts {
		t.q.clocks[p.Kind].serve(p.Name, p.work())
		have := t.q.along[p.Party]
		have.Add(p.Load)
		t.q.along[p.Party] = have
	}
	t.q.sum.Add(it.load)
	t.q.remove(it)
	if l.items.Len() == 0 {
		heap.Pop(t)
		return
	}
	l.turn = t.q.turnOf(l.items.Front().Value.(*Item[T]))
	heap.Fix(t, 0)
}

func (t *taking[T]) Len() int           { return len(t.lanes) }
func (t *taking[T]) Less(i, j int) bool { return t.lanes[i].turn.compare(t.lanes[j].turn) < 0 }
func (t *taking[T]) Swap(i, j int)      { t.lanes[i], t.lanes[j] = t.lanes[j], t.lanes[i] }
func (t *taking[T]) Push(l any)         { t.lanes = append(t.lanes, l.(*lane)) }

func (t *taking[T]) Pop() any {
	last := len(t.lanes) - 1
	l := t.lanes[last]
	t.lanes = t.lanes[:last]
	return l
}
