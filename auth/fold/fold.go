// Package fold makes few reports of many events: of a flood, an entry each would fill
// the disk, and none at all would hide it. It counts, and knows when somebody is to be told.
//
// Events of one Kind are counted together. The first of a kind is to be told of at once.
// Those that follow are counted, and their count is told of with the first and last time
// after a minute, then ten, then each hour; a kind of which nothing was heard for ten
// minutes is forgotten, so that the next is a first again. A caller has a bounded number
// of kinds; those beyond, as from one who tries every name, are counted together. So one
// caller makes a bounded number of reports a day, and the memory is bounded by the number
// of callers.
//
// Tell has an entry say how many events it tells of. The package records nothing, has no clock,
// and begins no goroutine.
package fold

import (
	"sync"
	"time"
)

// Kind is what events have in common that are counted together. What is told of those
// that are beyond their caller's share has Caller alone.
type Kind struct {
	Caller string
	What   string // never empty
	Where  string
	Which  string
}

// Others reports whether the kind is that of all events beyond their caller's share.
func (k Kind) Others() bool { return k.What == "" }

// Report is what is to be told of a kind, by whoever took it.
type Report[T any] struct {
	Kind Kind
	// Latest was given with the latest event.
	Latest T
	// Count is of the events that no report told of before, First and Last the times of
	// the first and the last one.
	Count       int64
	First, Last time.Time
	// Amount adds up what was given with them.
	Amount int64

	of *state[T]
}

// Tally counts events. Its methods may be called by several goroutines at once.
type Tally[T any] struct {
	most int
	wake chan struct{} // of one: a report is due at once

	mu      sync.Mutex // guards what follows
	kinds   map[Kind]*state[T]
	callers map[string]int // kinds by caller, that of all others left out
}

// state is the state of one kind.
type state[T any] struct {
	kind   Kind
	latest T
	// count and amount are of those that no report tells of yet, first the time of the first.
	count, amount int64
	first, last   time.Time
	reports       int // how many were made
	due           time.Time
}

// New returns a Tally in which a caller has at most so many kinds before the others are
// counted together.
func New[T any](most int) *Tally[T] {
	return &Tally[T]{
		most:    most,
		wake:    make(chan struct{}, 1),
		kinds:   make(map[Kind]*state[T]),
		callers: make(map[string]int),
	}
}

// forgetAfter is how long a kind that is silent is remembered.
const forgetAfter = 10 * time.Minute

// pauseAfter returns how long counting goes on after the n-th report of a kind.
func pauseAfter(n int) time.Duration {
	switch n {
	case 1:
		return time.Minute
	case 2:
		return 10 * time.Minute
	}
	return time.Hour
}

// Add counts so many events at once, and adds up their amount.
func (t *Tally[T]) Add(now time.Time, kind Kind, latest T, count, amount int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.state(kind)
	if s.count == 0 {
		s.first = now
	}
	if s.reports == 0 && s.count == 0 {
		s.due = now
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	s.count += count
	s.amount += amount
	s.last, s.latest = now, latest
}

// state returns the state of a kind, or of all kinds beyond its caller's share.
func (t *Tally[T]) state(kind Kind) *state[T] {
	if s := t.kinds[kind]; s != nil {
		return s
	}
	if t.callers[kind.Caller] >= t.most {
		kind = Kind{Caller: kind.Caller}
		if s := t.kinds[kind]; s != nil {
			return s
		}
	} else {
		t.callers[kind.Caller]++
	}
	s := &state[T]{kind: kind}
	t.kinds[kind] = s
	return s
}

// forget drops a kind. The caller holds t.mu.
func (t *Tally[T]) forget(s *state[T]) {
	delete(t.kinds, s.kind)
	if s.kind.Others() {
		return
	}
	if t.callers[s.kind.Caller]--; t.callers[s.kind.Caller] == 0 {
		delete(t.callers, s.kind.Caller)
	}
}

// Due is sent to when a report may be due before Wait said so.
func (t *Tally[T]) Due() <-chan struct{} { return t.wake }

// Wait returns how long it is until something is due, an hour at most.
func (t *Tally[T]) Wait(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := time.Hour
	for _, s := range t.kinds {
		wait = min(wait, s.due.Sub(now))
	}
	return max(wait, 0)
}

// Len returns how many kinds are remembered.
func (t *Tally[T]) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.kinds)
}

// Take returns what is due, and forgets the kinds that are silent.
func (t *Tally[T]) Take(now time.Time) []Report[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	var reports []Report[T]
	for _, s := range t.kinds {
		switch {
		case s.due.After(now):
		case s.count > 0:
			reports = append(reports, s.report(now))
		case now.Sub(s.last) >= forgetAfter:
			t.forget(s)
		default:
			s.due = s.last.Add(forgetAfter)
		}
	}
	return reports
}

// TakeAll returns everything that no report told of yet.
func (t *Tally[T]) TakeAll(now time.Time) []Report[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	var reports []Report[T]
	for _, s := range t.kinds {
		if s.count > 0 {
			reports = append(reports, s.report(now))
		}
	}
	return reports
}

// GiveBack undoes a report that nobody could be told; it is due again in a minute.
func (t *Tally[T]) GiveBack(rep Report[T], now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := rep.of
	s.count += rep.Count
	s.amount += rep.Amount
	s.first = rep.First
	s.reports--
	s.due = now.Add(time.Minute)
}

func (s *state[T]) report(now time.Time) Report[T] {
	rep := Report[T]{Kind: s.kind, Latest: s.latest, Count: s.count, First: s.first, Last: s.last, Amount: s.amount, of: s}
	s.count, s.amount = 0, 0
	s.reports++
	s.due = now.Add(pauseAfter(s.reports))
	return rep
}
