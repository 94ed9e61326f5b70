package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
)

// keyMemory bounds the filters of idempotency keys: those of about twenty million.
const keyMemory = 32 << 20

// errMoved says that keys were moved between the look-up of a call's and its commit, which
// is begun anew then. Nobody else is told.
var errMoved error = &audit.Fault{Kind: audit.Unavailable, Message: "the log was busy with its keys; nothing was stored"}

// keyLog is what the look-up of keys has of the log.
func (s *Store) keyLog() keys.Log {
	return keys.Log{
		Err:  s.Err,
		View: s.read,
		Project: func(name string) (format.ProjectID, *keys.Hasher, format.KeyRuns) {
			s.mu.RLock()
			defer s.mu.RUnlock()
			p := s.projects[name]
			if p == nil {
				return 0, nil, format.KeyRuns{}
			}
			return p.id, &p.hasher, p.rec.Keys
		},
		Record: readProject,
		Entry: func(tx kv.Tx, rec *format.Project, name string, seq int64) (*audit.Entry, error) {
			q := blocks.NewSequence(tx, rec)
			at, ok, err := q.At(seq)
			if err == nil && !ok {
				err = q.Missing(seq)
			}
			if err != nil {
				return nil, err
			}
			b, row, err := s.blocks.Locate(tx, rec.ID, at)
			if err != nil {
				return nil, err
			}
			return b.Entry(row, name)
		},
	}
}

// moved reports whether what was found out about the keys of a submission holds no more.
func (w *commitWriter) moved(sub *submission) bool {
	if sub.marks == nil {
		return false
	}
	for i, e := range sub.entries {
		p := w.s.projects[e.Project]
		if e.Key != "" && p != nil && !sub.marks.Holds(i, p.id, p.rec.Keys.Moved) {
			return true
		}
	}
	return false
}

// loadKeys reads the keys that are in no run yet.
func (s *Store) loadKeys(tx kv.Tx) error {
	for k, v := range kv.Prefix(tx.Bucket(format.Keys), format.FreshPrefix()) {
		err := format.DecodeFreshKeys(k, v, func(id format.ProjectID, key format.FreshKey) error {
			p := s.byID[id]
			if p == nil {
				return fmt.Errorf("keys %x: %w: a key of unknown project %d", k, format.ErrCorrupt, id)
			}
			p.keys.Load(key)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// putKeys writes the keys of what is sealed, up to the entry last.
func (w *sealWriter) putKeys(tx kv.Tx, last int64) error {
	var all []format.FreshKeys
	for _, plan := range w.plans {
		if k := plan.project.keys.Unsealed(last); len(k) > 0 {
			all = append(all, format.FreshKeys{Project: plan.project.id, Keys: k})
		}
	}
	if len(all) == 0 {
		return nil
	}
	key := format.FreshKeysKey(last)
	if err := tx.Bucket(format.Keys).Put(key, format.EncodeFreshKeys(key, all)); err != nil {
		return fmt.Errorf("put keys: %w", err)
	}
	return nil
}

// tidyKeys moves the keys of sealed entries to runs when there are many, and merges runs: so
// much of it at a time that it keeps up with what is recorded. The caller holds maintenance.
func (s *Store) tidyKeys() error {
	n := s.sealedKeys()
	if n < s.opts.keySizes.MoveAt {
		return nil
	}
	if err := s.moveKeys(); err != nil {
		return fmt.Errorf("move keys: %w", err)
	}
	// Every key is merged once a level, of which there are few.
	for left := 8 * max(n, s.opts.keySizes.StepKeys); left > 0; {
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

// sealedKeys counts the keys of sealed entries that are in no run.
func (s *Store) sealedKeys() (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.projects {
		n += p.keys.Sealed()
	}
	return n
}

// byNumber returns the projects that want something, by number. The caller holds Store.mu or
// Store.writing.
func (s *Store) byNumber(wants func(*project) bool) (of []*project) {
	for _, p := range s.byID {
		if wants(p) {
			of = append(of, p)
		}
	}
	slices.SortFunc(of, func(a, b *project) int { return cmp.Compare(a.id, b.id) })
	return of
}

// moveKeys moves the keys of sealed entries to a run of each project. A crash leaves them
// where they were, or there. The caller holds maintenance.
func (s *Store) moveKeys() error {
	var of []*project
	var recs []format.Project
	return s.update("keys", func(tx kv.Tx) error {
		of = s.byNumber(func(p *project) bool { return p.keys.Sealed() > 0 })
		recs = nil
		if len(of) == 0 {
			return errNothing
		}
		for _, p := range of {
			rec, err := p.rec, error(nil)
			if rec.Keys, err = keys.Move(tx, &s.opts.keySizes, p.id, rec.Keys, &p.keys); err != nil {
				return err
			}
			if err := p.put(tx, &rec); err != nil {
				return err
			}
			recs = append(recs, rec)
		}
		return dropFresh(tx)
	}, func() {
		for i, p := range of {
			p.rec = recs[i]
			keys.Forget(&p.keys)
		}
	})
}

// dropFresh deletes the rows of keys that are in runs now.
func dropFresh(tx kv.Tx) error {
	from := format.FreshPrefix()
	for {
		n, err := tx.Bucket(format.Keys).DeleteRange(from, kv.Next(from), 1000)
		if err != nil || n < 1000 {
			return err
		}
	}
}

// mergeKeys does a step of the merges that are due, of several projects where theirs are
// small, and returns how many keys it has moved. The steps are worked out beside the writer,
// and written in one transaction. The caller holds maintenance.
func (s *Store) mergeKeys() (done int, err error) {
	z := &s.opts.keySizes
	s.mu.RLock()
	due := s.byNumber(func(p *project) bool { return p.rec.State != audit.Purging && keys.Due(z, &p.rec.Keys) })
	s.mu.RUnlock()
	var steps []*keys.Step
	err = s.read(func(tx kv.Tx) error {
		steps, done = nil, 0
		for _, p := range due {
			if done >= z.StepKeys {
				break
			}
			step, err := keys.Plan(tx, z, p.id, s.record(p).Keys, z.StepKeys-done)
			if err != nil {
				return err
			}
			steps = append(steps, step)
			done += max(step.Keys, 1)
		}
		return nil
	})
	if err != nil || len(steps) == 0 {
		return 0, err
	}
	return done, s.update("keys", func(tx kv.Tx) error {
		for i, step := range steps {
			rec := due[i].rec
			rec.Keys = step.Runs
			if err := errors.Join(step.Write(tx), due[i].put(tx, &rec)); err != nil {
				return err
			}
		}
		return nil
	}, func() {
		for i, step := range steps {
			due[i].rec.Keys = step.Runs
			s.keys.Merged(step)
		}
	})
}
