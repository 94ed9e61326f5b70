// Package slowest keeps the slowest calls of the last day: a few of each hour, in bounded memory, and
// nothing of all others. What it keeps holds no content of entries and no secret, and is forgotten
// when the process ends.
//
// Whoever answers calls notes them; package status tells of them.
package slowest

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Call is a call that was answered.
type Call struct {
	// Method is the method of the API, or the verb and path of a page.
	Method  string
	Project string
	// At is when it began, Took how long the answer took.
	At     time.Time
	Took   time.Duration
	Status int
	// RequestID is what the server's log has of it.
	RequestID string
}

const (
	// hours is for how long calls are kept, each how many of an hour.
	hours = 24
	each  = 10
)

// Calls keeps the slowest calls. Its zero value is ready; its methods may be called by several
// goroutines at once.
type Calls struct {
	// hour and least let Note leave out most calls without a lock: the hour under way since 1970,
	// and how long a call of it has to take to be kept.
	hour, least atomic.Int64

	mu   sync.Mutex // guards kept
	kept []Call     // of the last hours, the oldest hour first
}

// Note keeps a call if it is among the slowest of its hour.
func (c *Calls) Note(call Call) {
	hour := hourOf(call.At)
	if hour == c.hour.Load() && int64(call.Took) <= c.least.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = slices.DeleteFunc(c.kept, func(k Call) bool { return hourOf(k.At) <= hour-hours })
	var fastest, same int
	for i, k := range c.kept {
		if hourOf(k.At) != hour {
			continue
		}
		if same++; same == 1 || k.Took < c.kept[fastest].Took {
			fastest = i
		}
	}
	switch {
	case same < each:
		c.kept = append(c.kept, call)
	case c.kept[fastest].Took < call.Took:
		c.kept[fastest] = call
	}
	// In this order: who sees the new hour must not hold its calls against those of the one before.
	c.least.Store(c.fastestOf(hour))
	c.hour.Store(hour)
}

// fastestOf returns how long the fastest call of an hour took that has as many as are kept, else -1.
// The caller holds mu.
func (c *Calls) fastestOf(hour int64) int64 {
	least, same := int64(-1), 0
	for _, k := range c.kept {
		if hourOf(k.At) == hour {
			if same++; least < 0 || int64(k.Took) < least {
				least = int64(k.Took)
			}
		}
	}
	if same < each {
		return -1
	}
	return least
}

// Slowest returns the slowest calls of the day that ends now, the slowest first.
func (c *Calls) Slowest(now time.Time, most int) []Call {
	c.mu.Lock()
	list := slices.DeleteFunc(slices.Clone(c.kept), func(k Call) bool { return k.At.Before(now.Add(-hours * time.Hour)) })
	c.mu.Unlock()
	slices.SortStableFunc(list, func(a, b Call) int { return cmp.Compare(b.Took, a.Took) })
	return list[:min(most, len(list))]
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }
