package store

import (
	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
)

// marked is the mark of an entry's key, made with the secret of an incarnation of its
// project, or of none when the project was not there.
type marked struct {
	keys.Mark
	project format.ProjectID
}

// marker makes marks in a caller's goroutine, so that the committer need not.
type marker struct {
	s *Store
	// What was asked for last: entries of a project mostly come together.
	name   string
	id     format.ProjectID
	hasher keys.Hasher
}

func (s *Store) newMarker() marker { return marker{s: s} }

// mark returns the mark of e, whose input package format has made.
func (m *marker) mark(e *audit.Entry, input []byte) marked {
	if e.Project != m.name {
		m.name, m.id = e.Project, 0
		m.s.mu.RLock()
		if p := m.s.projects[e.Project]; p != nil {
			m.id, m.hasher = p.id, p.hasher
		}
		m.s.mu.RUnlock()
	}
	if m.id == 0 {
		return marked{}
	}
	return marked{m.hasher.Mark(e.Key, input), m.id}
}

// mark keeps the mark of the entry i.
func (sub *submission) mark(i int, m marked) {
	if sub.marks == nil {
		sub.marks = make([]marked, len(sub.entries))
	}
	sub.marks[i] = m
}

// markOf returns the mark of the entry i, which has a key, in p. It is made here when p has
// begun since the submission was prepared.
func (sub *submission) markOf(i int, p *project) keys.Mark {
	if m := sub.marks[i]; m.project == p.id {
		return m.Mark
	}
	e := sub.entries[i]
	return p.hasher.Mark(e.Key, format.Input(sub.rows[i], e))
}

// known returns what the log knows of a key of p, if it does: the first entry that had it. Else
// the entry that comes next is the first.
func (w *commitWriter) known(p *project, key string, m keys.Mark) (keys.Known, bool) {
	if first, ok := p.keys[m.Hash]; ok {
		return first, true
	}
	k := format.Key(p.id, key)
	if first, ok := w.keys[string(k)]; ok {
		return first, true
	}
	first := keys.Known{ID: w.next, Sum: m.Sum}
	w.keys[string(k)] = first
	w.fresh[p] = append(w.fresh[p], freshKey{m.Hash, first})
	return keys.Known{}, false
}

// freshKey is a key that a commit adds to what is known.
type freshKey struct {
	hash  keys.Hash
	first keys.Known
}

// know adds keys to those of the tail. The caller holds Store.mu and Store.writing.
func (p *project) know(fresh []freshKey) {
	if p.keys == nil {
		p.keys = make(map[keys.Hash]keys.Known)
	}
	for _, k := range fresh {
		p.keys[k.hash] = k.first
	}
}

// lookUp finds out which keys of a group are those of sealed entries, all at once. A
// project that this commit makes has none.
func (w *commitWriter) lookUp(group []*submission) {
	var wanted [][]byte
	for _, sub := range group {
		for _, e := range sub.entries {
			if p := w.s.projects[e.Project]; p != nil && e.Key != "" {
				wanted = append(wanted, format.Key(p.id, e.Key))
			}
		}
	}
	if len(wanted) == 0 {
		return
	}
	w.tx.Bucket(format.Keys).GetMany(wanted, func(k, v []byte) {
		if id, sum, ok := format.ParseKeyOwner(v); ok {
			w.keys[string(k)] = keys.Known{ID: id, Sum: sum}
		}
	})
}
