package store

import (
	"fmt"

	"auditlog/audit"
	"auditlog/store/catchup"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/queue"
)

// loadUsage reads how much projects and tokens have recorded that is in blocks. What is in
// the tail is added as that is read.
func (s *Store) loadUsage(tx kv.Tx) error {
	return s.mem.Hurt.Around(tx, format.Usages, nil, func(k, v []byte) error {
		id, token, err := format.ParseUsageKey(k)
		if err != nil {
			return err
		}
		u, err := format.DecodeUsage(k, v)
		if err != nil {
			return err
		}
		if token == "" && s.mem.ByID[id] == nil {
			return fmt.Errorf("usage %x: %w: of unknown project %d", k, format.ErrCorrupt, id)
		}
		catchup.SetUsage(s.meter, s.mem, id, token, u)
		return nil
	})
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
