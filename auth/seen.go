package auth

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// adminsSeen are the addresses that connections were made from over which an admin of
// all projects called. What bounds connections keeps a few for them.
type adminsSeen struct {
	mu sync.Mutex // guards at
	at map[netip.Addr]time.Time
}

// How long an address is remembered, how often it is noted again, and of how many.
const (
	seenFor      = 24 * time.Hour
	seenEvery    = time.Hour
	maxSeenAdmin = 1000
)

func (s *adminsSeen) note(peer netip.Addr, now time.Time) {
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
	if len(s.at) >= maxSeenAdmin {
		delete(s.at, oldest)
	}
	s.at[peer] = now
}

func (s *adminsSeen) seen(peer netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.at[peer]
	return ok && now.Sub(last) < seenFor
}

// peerOf returns who made the connection of a request.
func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// AdminFrom reports whether an admin of all projects called from an address in the last
// day, as far as connections tell.
func (k *Keeper) AdminFrom(peer netip.Addr) bool { return k.admins.seen(peer, k.opts.Now()) }

// Trusts reports whether an address is that of a trusted proxy.
func (k *Keeper) Trusts(a netip.Addr) bool { return k.trusts(a) }
