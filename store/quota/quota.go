// Package quota counts how much each project and each token has recorded, and refuses what is
// over the log's limits.
//
// It counts the bytes of entries as rows of the tail, which is what they are stored as before
// they are compressed. What is sealed is counted in the database, in the transaction that seals
// it; what is in the tail is counted again when that is read at a start. So the count survives a
// crash, and is exact. What is on its way counts as recorded until it is known to be or not to be.
//
// How many entries a second somebody records is known in memory alone.
package quota

import (
	"math"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/queue"
)

// Meter counts. Its methods may be called by several goroutines at once.
type Meter struct {
	limits map[queue.Kind][]audit.Limit

	mu    sync.Mutex // guards what follows
	use   map[queue.Party]*use
	share int // among how many nodes what may be recorded in a second is shared out
}

// use is what is known of a party.
type use struct {
	format.Usage
	under int64 // bytes on their way
	// ready is how many entries may be recorded at once at the time at; below 0 a batch
	// has to be made up for.
	ready float64
	at    time.Time
}

// New returns a Meter that holds projects and tokens to limits. Of those that are for one, the
// first counts.
func New(limits []audit.Limit) *Meter {
	m := &Meter{limits: make(map[queue.Kind][]audit.Limit), use: make(map[queue.Party]*use), share: 1}
	for _, l := range limits {
		kind := queue.Project
		if l.Each == audit.EachToken {
			kind = queue.Token
		}
		m.limits[kind] = append(m.limits[kind], l)
	}
	return m
}

// limit returns the limit of a party, or nil.
func (m *Meter) limit(p queue.Party) *audit.Limit {
	for i := range m.limits[p.Kind] {
		if l := &m.limits[p.Kind][i]; l.Holds(p.Name) {
			return l
		}
	}
	return nil
}

// of returns the use of a party. The caller holds m.mu.
func (m *Meter) of(p queue.Party) *use {
	u := m.use[p]
	if u == nil {
		u = &use{}
		m.use[p] = u
	}
	return u
}

// Take notes that parts are on their way, which Give takes back once they are recorded, and
// counted by Add, or are not. It returns an *audit.Exceeded, and notes nothing, where a limit
// does not allow that.
func (m *Meter) Take(parts []queue.Part, now time.Time) error {
	if len(m.limits) == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range parts {
		if l := m.limit(p.Party); l != nil {
			if err := m.of(p.Party).check(l, m.share, p, now); err != nil {
				return err
			}
		}
	}
	for _, p := range parts {
		if l := m.limit(p.Party); l != nil {
			u := m.of(p.Party)
			u.ready -= float64(p.Entries)
			u.under += int64(p.Bytes)
		}
	}
	return nil
}

// inAllAfter is after what time whoever has recorded all that he may is to ask again: it takes
// somebody to allow more.
const inAllAfter = time.Hour

// check returns why a part may not be recorded.
func (u *use) check(l *audit.Limit, share int, p queue.Part, now time.Time) error {
	exceeded := func(amount string, after time.Duration) error {
		return &audit.Exceeded{Limit: *l, Amount: amount, Name: p.Name, After: after}
	}
	if rate := float64(l.EntriesPerSecond) / float64(share); rate > 0 {
		if u.at.IsZero() {
			u.ready = max(1, rate)
		} else {
			u.ready = min(max(1, rate), u.ready+rate*max(0, now.Sub(u.at).Seconds()))
		}
		u.at = now
		if u.ready < 1 {
			return exceeded(audit.AmountPerSecond, time.Duration(math.Ceil((1-u.ready)/rate*float64(time.Second))))
		}
	}
	more := u.under + int64(p.Bytes)
	if l.BytesPerDay > 0 && u.On(now)+more > l.BytesPerDay {
		return exceeded(audit.AmountPerDay, format.DayAfter(now).Sub(now))
	}
	if l.Bytes > 0 && u.Total+more > l.Bytes {
		return exceeded(audit.AmountInAll, inAllAfter)
	}
	return nil
}

// Share has so many nodes have equal parts of what may be recorded in a second: nobody of whom one
// does not know how much the others let through has more in all than one would.
func (m *Meter) Share(nodes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.share = max(1, nodes)
}

// Give takes back what Take noted.
func (m *Meter) Give(parts []queue.Part) {
	if len(m.limits) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range parts {
		if m.limit(p.Party) != nil {
			m.of(p.Party).under -= int64(p.Bytes)
		}
	}
}

// Add counts what was committed at a time.
func (m *Meter) Add(parts []queue.Part, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range parts {
		m.of(p.Party).Usage.Add(int64(p.Bytes), format.DayOf(at))
	}
}

// Set has a party have used so much, as a database says.
func (m *Meter) Set(p queue.Party, u format.Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of(p).Usage = u
}

// Reset has nobody have used anything, but for what is on its way.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range m.use {
		u.Usage = format.Usage{}
	}
}

// Forget has a project have used nothing: it was purged.
func (m *Meter) Forget(project string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.use, queue.Party{Kind: queue.Project, Name: project})
}

// Used returns what a party has used.
func (m *Meter) Used(p queue.Party) format.Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u := m.use[p]; u != nil {
		return u.Usage
	}
	return format.Usage{}
}
