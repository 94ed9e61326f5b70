package store

import (
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/walk"
)

// view is one consistent state of a project: its blocks as a transaction sees
// them, and of the tail what is in none of these blocks.
type view struct {
	project *project
	tail    []*audit.Entry
	rec     format.Project // of now or, once the tail is taken, before
}

// view calls fn with the present state of the projects that a query looks into, of those that
// there are.
//
// The tails are taken before the transaction begins. So whatever was sealed in
// between is in both, and is left out of the tail by the transaction's own word
// on how far the project is sealed; nothing can be in neither.
func (s *Store) view(q *audit.Query, fn func(tx kv.Tx, views []view) error) error {
	s.mu.RLock()
	views := s.viewsOf(q)
	known := s.blockSeq
	s.mu.RUnlock()
	if len(views) == 0 {
		return nil
	}
	return s.read(func(tx kv.Tx) error {
		changed := format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaBlockSeq)) != known
		for i := range views {
			v := &views[i]
			if changed {
				if err := v.renew(tx); err != nil {
					return err
				}
			}
			v.unseal()
		}
		return fn(tx, views)
	})
}

// viewsOf returns what is in memory of the projects that a query looks into. The caller holds
// Store.mu.
func (s *Store) viewsOf(q *audit.Query) (views []view) {
	add := func(p *project) {
		if p.visible() {
			views = append(views, view{p, p.tail, p.rec})
		}
	}
	if q.Project != "" {
		add(s.projects[q.Project])
		return views
	}
	names, all := q.Within.Names()
	if !all {
		for _, name := range names {
			add(s.projects[name])
		}
		return views
	}
	views = make([]view, 0, len(s.projects))
	for name, p := range s.projects {
		if q.Within.Has(name) {
			add(p)
		}
	}
	return views
}

// visible reports whether p is listed at all. The caller holds Store.mu.
func (p *project) visible() bool { return p != nil && p.rec.State != audit.Purging }

// renew has a view's record be the transaction's, in which blocks have changed since. Of a
// project that was purged meanwhile nothing is left.
func (v *view) renew(tx kv.Tx) error {
	rec, err := readProject(tx, v.project.name)
	if err != nil {
		return err
	}
	if rec == nil || rec.ID != v.project.id {
		v.tail, v.rec.Entries = nil, 0
		return nil
	}
	v.rec = *rec
	return nil
}

// unseal leaves out of the tail what is in blocks.
func (v *view) unseal() {
	sealed := func(e *audit.Entry) bool { return v.rec.Sealed(e.Seq, e.Position()) }
	if slices.ContainsFunc(v.tail, sealed) {
		v.tail = slices.DeleteFunc(slices.Clone(v.tail), sealed)
	}
}

// in returns what a walker has to know of the project in a transaction.
func (v *view) in(tx kv.Tx, s *Store) walk.Project {
	return walk.Project{
		Tx: tx, Blocks: s.blocks, Name: v.project.name, ID: v.project.id, Record: &v.rec, Tail: v.tail,
	}
}
