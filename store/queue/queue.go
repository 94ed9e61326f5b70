package queue

import (
	"container/list"
	"sync"
)

// Kind is the kind of a party.
type Kind uint8

// The kinds.
const (
	Token Kind = iota
	Project
	kinds
)

// Party is who has a share: a token, by what its entries bear as recordedBy, or a project.
type Party struct {
	Kind Kind
	Name string
}

// Load is how much something is.
type Load struct{ Entries, Bytes int }

// Add adds m to l.
func (l *Load) Add(m Load) { l.Entries, l.Bytes = l.Entries+m.Entries, l.Bytes+m.Bytes }

// Sub takes m off l.
func (l *Load) Sub(m Load) { l.Entries, l.Bytes = l.Entries-m.Entries, l.Bytes-m.Bytes }

// under reports whether l is below a bound in each way.
func (l Load) under(bound Load) bool { return l.Entries < bound.Entries && l.Bytes < bound.Bytes }

// times returns n times l.
func (l Load) times(n int) Load { return Load{l.Entries * n, l.Bytes * n} }

// work returns what l costs whoever commits and seals it, in bytes: an entry costs something
// however small it is.
func (l Load) work() int64 { return int64(l.Bytes) + entryWork*int64(l.Entries) }

const entryWork = 256

// Part is what an item brings for one party.
type Part struct {
	Party
	Load
}

// Item is a call that waits.
type Item[T any] struct {
	Value T
	// First lets the item go before all others, past every bound.
	First bool
	// Parts has one part of a token and one of each project. It is not changed once
	// the item is pushed.
	Parts []Part

	load Load
	lane laneKey
	at   *list.Element // in its lane; nil when it does not wait
}

// Room bounds what is committed and not sealed yet. All of it is a load that is not to be
// reached: whoever is below it may go, and then be above it by one item.
type Room struct {
	// Total is for all parties together.
	Total Load
	// Project and Token are for one project, and for one token.
	Project, Token Load
	// Reserve is what a party may have when the tail as a whole is full.
	Reserve Load
}

func (r *Room) of(k Kind) Load {
	if k == Token {
		return r.Token
	}
	return r.Project
}

// Queue is the line. Its methods may be called by several goroutines at once.
type Queue[T any] struct {
	room Room
	wake chan struct{} // of one: something may have become possible

	mu      sync.Mutex // guards what follows
	first   list.List  // of *Item[T]
	lanes   map[laneKey]*lane
	waiting Load
	items   int
	held    map[Party]Load
	total   Load
	// along is what was taken for each party, and sum of it all, since the last Settle: it
	// is not held yet, or not at all if it was refused.
	along  map[Party]Load
	sum    Load
	clocks [kinds]clock
}

// laneKey names a lane. What brings entries for several projects has a lane of its token's.
type laneKey struct{ token, project string }

// manyProjects stands for several projects: no project has such a name.
const manyProjects = "\x00"

// lane holds items of one token and one project, oldest first.
type lane struct {
	items list.List // of *Item[T]
	turn  turn      // of the first one, when it was asked for last
}

// New returns an empty Queue.
func New[T any](room Room) *Queue[T] {
	q := &Queue[T]{
		room: room, wake: make(chan struct{}, 1),
		lanes: make(map[laneKey]*lane), held: make(map[Party]Load), along: make(map[Party]Load),
	}
	for k := range q.clocks {
		q.clocks[k].of = make(map[string]int64)
	}
	return q
}

// Wake returns what a value comes from when an item may go that could not before.
func (q *Queue[T]) Wake() <-chan struct{} { return q.wake }

func (q *Queue[T]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Push has an item wait. It is in the queue until Take returns it or Remove takes it out.
func (q *Queue[T]) Push(it *Item[T]) {
	projects := 0
	for _, p := range it.Parts {
		if p.Kind == Token {
			it.lane.token = p.Name
			continue
		}
		it.load.Add(p.Load)
		it.lane.project = p.Name
		if projects++; projects > 1 {
			it.lane.project = manyProjects
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items++
	q.waiting.Add(it.load)
	q.signal()
	if it.First {
		it.at = q.first.PushBack(it)
		return
	}
	l := q.lanes[it.lane]
	if l == nil {
		l = &lane{}
		q.lanes[it.lane] = l
	}
	it.at = l.items.PushBack(it)
}

// Remove takes an item out that nobody will wait for any more, and reports whether it was
// still there: else somebody has taken it.
func (q *Queue[T]) Remove(it *Item[T]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if it.at == nil {
		return false
	}
	q.remove(it)
	return true
}

// remove takes an item out. The caller holds q.mu.
func (q *Queue[T]) remove(it *Item[T]) {
	q.items--
	q.waiting.Sub(it.load)
	if it.First {
		q.first.Remove(it.at)
	} else {
		l := q.lanes[it.lane]
		l.items.Remove(it.at)
		if l.items.Len() == 0 {
			delete(q.lanes, it.lane)
		}
	}
	it.at = nil
}

// Hold notes that what a party had taken out of the queue is in the tail.
func (q *Queue[T]) Hold(parts ...Part) { q.move(parts, (*Load).Add) }

// Free notes that some of it is in the tail no more.
func (q *Queue[T]) Free(parts ...Part) {
	q.move(parts, (*Load).Sub)
	q.signal()
}

func (q *Queue[T]) move(parts []Part, by func(*Load, Load)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range parts {
		l := q.held[p.Party]
		by(&l, p.Load)
		if l == (Load{}) {
			delete(q.held, p.Party)
		} else {
			q.held[p.Party] = l
		}
		if p.Kind == Project {
			by(&q.total, p.Load)
		}
	}
}

// Waiting returns how many items wait, and what they bring.
func (q *Queue[T]) Waiting() (items int, load Load) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.items, q.waiting
}

// State is what a Queue holds, for those who watch over it.
type State struct {
	// Waiting is what waits, Items how many calls that is, and Held how many of these
	// wait because a party has its share of the tail or the tail is full.
	Waiting     Load
	Items, Held int
	// Tail is what is committed and not sealed, Most the largest part of a party's share
	// that one has of it: 1 is all.
	Tail Load
	Most [kinds]float64
}

// State returns what the queue holds now.
func (q *Queue[T]) State() State {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := State{Waiting: q.waiting, Items: q.items, Tail: q.total}
	for _, l := range q.lanes {
		for e := l.items.Front(); e != nil; e = e.Next() {
			if !q.mayGo(e.Value.(*Item[T])) {
				s.Held++
			}
		}
	}
	for p, l := range q.held {
		bound := q.room.of(p.Kind)
		part := max(float64(l.Entries)/float64(bound.Entries), float64(l.Bytes)/float64(bound.Bytes))
		s.Most[p.Kind] = max(s.Most[p.Kind], part)
	}
	return s
}
