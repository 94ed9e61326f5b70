package address

import (
	"net/netip"
	"sync"
	"time"
)

// Seen are addresses that were seen not long ago: those that connections were made from over
// which an admin of all projects called. What bounds connections keeps a few for them. The zero
// value is empty. Its methods may be called by several goroutines at once.
type Seen struct {
	mu sync.Mutex // guards at
	at map[netip.Addr]time.Time
}

// How long an address is remembered, how often it is noted again, and of how many.
const (
	seenFor   = 24 * time.Hour
	seenEvery = time.Hour
	maxSeen   = 1000
)

// Note notes that an address was seen.
func (s *Seen) Note(peer netip.Addr, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.at[peer]; ok && now.Sub(last) < seenEvery {
		return
	}
	if s.at == nil {
		s.at = make(map[netip.Addr]time.Time)
	}
	var oldest netip.Addr
	for a, last := range s.at {
		if now.Sub(last) >= seenFor {
			delete(s.at, a)
		} else if !oldest.IsValid() || last.Before(s.at[oldest]) {
			oldest = a
		}
	}
	if len(s.at) >= maxSeen {
		delete(s.at, oldest)
	}
	s.at[peer] = now
}

// Lately reports whether an address was seen in the last day.
func (s *Seen) Lately(peer netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.at[peer]
	return ok && now.Sub(last) < seenFor
}
