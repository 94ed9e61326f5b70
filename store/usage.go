package store

import (
	"auditlog/audit"
	"auditlog/store/queue"
)

// Unsealed returns how many entries are in the tail.
func (s *Store) Unsealed() int {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return s.mem.Tail.Unsealed
}

// Congestion tells how those stand who record.
func (s *Store) Congestion() audit.Congestion {
	q := s.queue.State()
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return audit.Congestion{
		WaitingCalls: q.Items, WaitingEntries: q.Waiting.Entries, HeldCalls: q.Held, TailBytes: q.Tail.Bytes,
		ProjectShare: q.Most[queue.Project], TokenShare: q.Most[queue.Token], Stepwise: s.sealer.Stepwise(),
	}
}
