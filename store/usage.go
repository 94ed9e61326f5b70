package store

import (
	"fmt"
	"maps"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/queue"
)

// loadUsage reads how much projects and tokens have recorded that is in blocks. What is in
// the tail is added as that is read.
func (s *Store) loadUsage(tx kv.Tx) error {
	for k, v := range kv.All(tx.Bucket(format.Usages)) {
		id, token, err := format.ParseUsageKey(k)
		if err != nil {
			return err
		}
		u, err := format.DecodeUsage(k, v)
		if err != nil {
			return err
		}
		party := queue.Party{Kind: queue.Token, Name: token}
		if p := s.byID[id]; token == "" && p == nil {
			return fmt.Errorf("usage %x: %w: of unknown project %d", k, format.ErrCorrupt, id)
		} else if token == "" {
			party = queue.Party{Kind: queue.Project, Name: p.name}
		}
		s.meter.Set(party, u)
	}
	return nil
}

// usage counts the entries of seals that end.
func (w *sealWriter) usage(tx kv.Tx, ended []*projectPlan) error {
	more := make(map[string]*format.Usage)
	for _, plan := range ended {
		for _, e := range plan.all {
			size, day := int64(w.tail.slots[e.ID-w.tail.first].size), format.DayOf(e.RecordedAt)
			for _, key := range [][]byte{format.ProjectUsageKey(plan.project.id), format.TokenUsageKey(e.RecordedBy)} {
				if len(key) == 1 {
					continue // nobody's, as in a store that is used without tokens
				}
				u := more[string(key)]
				if u == nil {
					was, err := format.DecodeUsage(key, tx.Bucket(format.Usages).Get(key))
					if err != nil {
						return err
					}
					u = &was
					more[string(key)] = u
				}
				u.Add(size, day)
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(more)) {
		if err := tx.Bucket(format.Usages).Put([]byte(k), format.EncodeUsage([]byte(k), *more[k])); err != nil {
			return fmt.Errorf("put usage: %w", err)
		}
	}
	return nil
}

// Congestion tells how those stand who record.
func (s *Store) Congestion() audit.Congestion {
	q := s.queue.State()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return audit.Congestion{
		WaitingCalls: q.Items, WaitingEntries: q.Waiting.Entries, HeldCalls: q.Held, TailBytes: q.Tail.Bytes,
		ProjectShare: q.Most[queue.Project], TokenShare: q.Most[queue.Token], Stepwise: len(s.stepwise),
	}
}
