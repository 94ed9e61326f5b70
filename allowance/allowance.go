// Package allowance bounds how often each of many callers may do what costs the log something for
// good, such as an entry: so many times at once, and one more each while.
//
// It knows nothing of what is done, has no clock, and its memory is bounded by the callers who
// have not been quiet for long. Those who record on behalf of callers may use it: auth, reading, searches.
package allowance

import (
	"sync"
	"time"
)

// Book keeps the allowances. Its methods may be called by several goroutines at once.
type Book struct {
	burst  float64
	refill time.Duration

	mu      sync.Mutex // guards what follows
	callers map[string]*allowance
}

type allowance struct {
	left float64
	at   time.Time
}

// New returns a Book in which everybody has burst at once, and one more each refill.
func New(burst int, refill time.Duration) *Book {
	return &Book{burst: float64(burst), refill: refill, callers: make(map[string]*allowance)}
}

// maxCallers bounds the memory: with more of them, those whose allowance is full again go.
const maxCallers = 1000

// Take takes one from a caller's allowance, unless nothing is left.
func (b *Book) Take(caller string, now time.Time) bool { return b.TakeEach([]string{caller}, now) }

// TakeEach takes one from the allowance of each of some callers, unless one of them has nothing left:
// then it takes nothing from any.
func (b *Book) TakeEach(callers []string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.callers)+len(callers) > maxCallers {
		for name, a := range b.callers {
			if b.filled(a, now) >= b.burst {
				delete(b.callers, name)
			}
		}
	}
	for i, caller := range callers {
		a := b.callers[caller]
		if a == nil {
			a = &allowance{left: b.burst}
			b.callers[caller] = a
		} else {
			a.left = b.filled(a, now)
		}
		a.at = now
		if a.left < 1 {
			for _, earlier := range callers[:i] {
				b.callers[earlier].left++
			}
			return false
		}
		a.left--
	}
	return true
}

// filled returns what is left of an allowance at a later time.
func (b *Book) filled(a *allowance, now time.Time) float64 {
	return min(b.burst, a.left+max(now.Sub(a.at), 0).Seconds()/b.refill.Seconds())
}
