package store

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/memory"
)

// keyMemory bounds the filters of idempotency keys: those of about twenty million.
const keyMemory = 32 << 20

// keyLog is what the look-up of keys has of the log.
func (s *Store) keyLog() keys.Log {
	return keys.Log{
		Again: func() error { return cmp.Or(s.Err(), s.Fresh()) },
		View:  s.readExpecting,
		Project: func(name string) (format.ProjectID, *keys.Hasher, format.KeyRuns) {
			s.mem.Mu.RLock()
			defer s.mem.Mu.RUnlock()
			p := s.mem.Projects[name]
			if p == nil {
				return 0, nil, format.KeyRuns{}
			}
			return p.ID, &p.Hasher, p.Rec.Keys
		},
		Record: memory.ReadProject,
		Entry: func(tx kv.Tx, rec *format.Project, name string, seq int64) (*audit.Entry, error) {
			return s.blocks.Entry(tx, rec, name, seq, 0)
		},
	}
}

// tidyKeys moves the keys of sealed entries to runs when there are many, and merges runs: so
// much of it at a time that it keeps up with what is recorded. The caller holds maintenance.
func (s *Store) tidyKeys() error {
	n := 0
	s.mem.Mu.RLock()
	for _, p := range s.mem.Projects {
		n += p.Keys.Sealed()
	}
	s.mem.Mu.RUnlock()
	z := &s.opts.keySizes
	if n < z.MoveAt {
		return nil
	}
	if err := s.moveKeys(); err != nil {
		return fmt.Errorf("move keys: %w", err)
	}
	// Every key is merged once a level, of which there are few.
	for left := 8 * max(n, z.StepKeys); left > 0; {
		done, err := s.mergeKeys()
		if err != nil {
			return fmt.Errorf("merge keys: %w", err)
		}
		if done == 0 {
			return nil
		}
		left -= done
	}
	return nil
}

// keyOwners returns the projects that want something, by number. The caller holds State.Mu or
// Store.writing.
func (s *Store) keyOwners(wants func(*memory.Project) bool) (of []keys.Owner) {
	for _, p := range s.mem.ByID {
		if wants(p) {
			of = append(of, keys.Owner{Name: p.Name, Rec: p.Rec, Recent: &p.Keys})
		}
	}
	slices.SortFunc(of, func(a, b keys.Owner) int { return cmp.Compare(a.Rec.ID, b.Rec.ID) })
	return of
}

// moveKeys moves the keys of sealed entries to a run of each project. A crash leaves them
// where they were, or there. The caller holds maintenance.
func (s *Store) moveKeys() error {
	var of []keys.Owner
	return s.update("keys", func(tx kv.Tx) error {
		if of = s.keyOwners(func(p *memory.Project) bool { return p.Keys.Sealed() > 0 }); len(of) == 0 {
			return kv.ErrNothing
		}
		return keys.MoveAll(tx, &s.opts.keySizes, of)
	}, func() {
		for i := range of {
			s.mem.ByID[of[i].Rec.ID].Rec = of[i].Rec
			s.keys.Moved(&of[i])
		}
	})
}

// mergeKeys does a step of the merges that are due, of several projects where theirs are
// small, and returns how many keys it has moved. It is worked out beside the writer, and
// written in one transaction. The caller holds maintenance, without which no keys move.
func (s *Store) mergeKeys() (done int, err error) {
	z := &s.opts.keySizes
	s.mem.Mu.RLock()
	due := s.keyOwners(func(p *memory.Project) bool { return p.Rec.State != audit.Purging && keys.Due(z, &p.Rec.Keys) })
	s.mem.Mu.RUnlock()
	var steps []*keys.Step
	err = s.read(func(tx kv.Tx) (err error) {
		of := due
		steps, done, err = keys.PlanAll(tx, z, &of)
		return err
	})
	if err != nil || len(steps) == 0 {
		return 0, err
	}
	planned := slices.Clone(due[:len(steps)])
	return done, s.update("keys", func(tx kv.Tx) error {
		for i := range steps {
			p := s.mem.ByID[planned[i].Rec.ID]
			if p == nil || !reflect.DeepEqual(p.Rec.Keys, planned[i].Rec.Keys) {
				return kv.ErrNothing // another node has moved them
			}
			due[i].Rec = p.Rec // of which all else may have changed
		}
		return keys.WriteAll(tx, steps, due)
	}, func() {
		for i, step := range steps {
			s.mem.ByID[due[i].Rec.ID].Rec = due[i].Rec
			s.keys.Merged(step)
		}
	})
}
