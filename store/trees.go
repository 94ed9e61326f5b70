package store

import (
	"maps"
	"slices"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
	"auditlog/store/trees"
)

// Histories returns every project as its tree sees it, in the order of their numbers: but for
// those that are being purged, and those without an entry. What it tells of is durable.
func (s *Store) Histories() []trees.History {
	s.seeTrees(func(*memory.Project) bool { return true })
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	var all []trees.History
	for _, id := range slices.Sorted(maps.Keys(s.mem.ByID)) {
		if h := historyOf(s.mem.ByID[id]); h.Size() > 0 {
			all = append(all, h)
		}
	}
	return all
}

// History returns one of these, or a NotFound Fault.
func (s *Store) History(name string) (trees.History, error) {
	s.seeTrees(func(p *memory.Project) bool { return p.Name == name })
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	if p := s.mem.Projects[name]; p != nil {
		if h := historyOf(p); h.Size() > 0 {
			return h, nil
		}
	}
	return trees.History{}, life.ErrNone(name)
}

// seeTrees has projects that are wanted be known to be hashed and covered as far as other nodes have
// come with that. Where the database cannot be read, what was known before is.
func (s *Store) seeTrees(wanted func(*memory.Project) bool) {
	if !s.db.Shared() {
		return
	}
	hashed, heads := make(map[format.ProjectID]int64), make(map[format.ProjectID]format.TreeState)
	err := s.current(func() {
		clear(hashed)
		for _, p := range s.mem.Projects {
			if h := historyOf(p); wanted(p) && h.Size()/proof.TileWidth > h.Hashed {
				hashed[p.ID] = 0
			}
		}
	}, nothingExpected, func(tx kv.Tx) (err error) {
		for id := range hashed {
			if hashed[id], err = trees.Hashed(tx, id); err != nil {
				return err
			}
		}
		return trees.Heads(tx, func(id format.ProjectID, t format.TreeState) error {
			heads[id] = t
			return nil
		})
	})
	if err != nil {
		return
	}
	s.mem.Mu.Lock()
	defer s.mem.Mu.Unlock()
	for id, p := range s.mem.ByID {
		p.Hashed = max(p.Hashed, hashed[id])
		if t := heads[id]; t.Size > p.Head.Size {
			p.Head = t
		}
	}
}

// historyOf returns an empty one of a project that is being purged. The caller holds State.Mu.
func historyOf(p *memory.Project) trees.History {
	if p.Rec.State == audit.Purging || len(p.Rec.Lost) > 0 { // a tree is of all entries
		return trees.History{Last: -1}
	}
	return trees.History{
		Name: p.Name, ID: p.ID, Incarnation: p.Rec.Incarnation, Base: p.Rec.Base, Last: p.LastSeq(),
		Secret: p.Rec.Secret, Hashed: p.Hashed, Head: p.Head,
	}
}

// KeepTrees runs fn in a transaction, for who makes the trees, and keeps in mind how far they
// have come. there tells of a project that it is neither purged nor being.
func (s *Store) KeepTrees(fn func(tx kv.Tx, there func(format.ProjectID) bool) (trees.Change, error)) error {
	var change trees.Change
	there := func(id format.ProjectID) bool {
		p := s.mem.ByID[id]
		return p != nil && p.Rec.State != audit.Purging
	}
	return s.update("keep trees", func(tx kv.Tx) (err error) {
		change, err = fn(tx, there)
		return err
	}, func() {
		for id, n := range change.Hashed {
			s.mem.ByID[id].Hashed = n
		}
		for id, t := range change.Heads {
			s.mem.ByID[id].Head = t
		}
	})
}
