package shipping

import (
	"sync"
	"time"
)

// While the log is loaded, the machine is the log's. Who is at its end shares what the tap reads,
// which costs little, and goes on. Who is behind reads blocks for himself, which costs several
// times as much: all together no more than busyReads entries a second, while more than loaded
// are recorded in one. They catch up when it is over.
const (
	loaded    = 20_000
	busyReads = 2_000
	// loadSpan is how long the rate is taken over.
	loadSpan = 250 * time.Millisecond
	maxRest  = 2 * time.Second
)

// load watches how fast is recorded, and shares out the reads of those who are behind.
type load struct {
	mu   sync.Mutex // guards what follows
	at   time.Time
	last int64
	busy bool
	next time.Time // when there is room for another read
}

// rest returns how long a runner is to rest that has read so many entries for itself, given the
// newest id.
func (l *load) rest(now time.Time, newest, read int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if took := now.Sub(l.at); took >= loadSpan {
		l.busy = l.last > 0 && took < 4*loadSpan && float64(newest-l.last) > loaded*took.Seconds()
		l.at, l.last = now, newest
	}
	if !l.busy || read == 0 {
		return 0
	}
	if l.next.Before(now) {
		l.next = now
	}
	l.next = l.next.Add(time.Duration(read) * time.Second / busyReads)
	return min(l.next.Sub(now), maxRest)
}
