package read

import (
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
	"auditlog/store/walk"
)

// view is one consistent state of a project: its blocks as a transaction sees
// them, and of the tail what is in none of these blocks.
type view struct {
	project *memory.Project
	tail    []*audit.Entry
	others  []*audit.Entry // the tail with what of it is in blocks, if any is
	rec     format.Project // of now or, once the tail is taken, before
	behind  int64          // the seq that the tail, when it was taken, is all behind
}

// view calls fn with the present state of the projects that a query looks into, of those that
// there are.
//
// The tails are taken before the transaction begins. So whatever was sealed in
// between is in both, and is left out of the tail by the transaction's own word
// on how far the project is sealed; nothing can be in neither.
// The reading begins at a position, which is only said for it to be fetched at once.
func (s *Log) view(q *audit.Query, at audit.Position, fn func(tx kv.Tx, views []view) error) error {
	var views []view
	var known uint64
	take := func() { views, known = s.viewsOf(q), s.mem.BlockSeq }
	expected := func() []kv.Expected { return firstBlocks(views, at) }
	return s.opts.Current(take, expected, func(tx kv.Tx) error {
		if len(views) == 0 {
			return nil
		}
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

// mostExpected is of how many projects the first blocks are expected to be read: of more, the newest
// entries mostly are in those of a few.
const mostExpected = 32

// firstBlocks returns what is read first of blocks, from a position on.
func firstBlocks(views []view, at audit.Position) []kv.Expected {
	if len(views) > mostExpected {
		return nil
	}
	e := kv.Expected{Bucket: format.Blocks, Before: 1}
	if len(views) == 1 {
		e.Before = 2 // the last one may have a few entries only
	}
	for i := range views {
		if v := &views[i]; v.rec.Entries > 0 {
			e.Keys = append(e.Keys, format.BlockKey{Project: v.project.ID, Position: at}.Append(nil))
		}
	}
	return []kv.Expected{e}
}

// viewsOf returns what is in memory of the projects that a query looks into. The caller holds
// State.Mu.
func (s *Log) viewsOf(q *audit.Query) []view {
	var views []view
	if _, all := q.Within.Names(); all {
		views = make([]view, 0, len(s.mem.Projects))
	}
	s.each(q, func(p *memory.Project) {
		views = append(views, view{project: p, tail: p.Tail, rec: p.Rec, behind: p.Rec.Seq})
	})
	return views
}

// each calls fn with the visible projects that a query looks into, and comes by no others unless
// it looks into nearly all. The caller holds State.Mu.
func (s *Log) each(q *audit.Query, fn func(*memory.Project)) {
	names, all := q.Within.Names()
	switch {
	case q.Project != "":
		names = []string{q.Project}
	case all:
		for name, p := range s.mem.Projects {
			if q.Within.Has(name) && p.Visible() {
				fn(p)
			}
		}
		return
	}
	for _, name := range names {
		if p := s.mem.Projects[name]; p.Visible() {
			fn(p)
		}
	}
}

// Extent returns the times of the oldest and the newest entry of the projects that a query looks
// into, of those that are known while the database cannot be read; ok is false where there is none.
func (s *Log) Extent(q audit.Query) (first, last time.Time, ok bool) {
	var low, high int64
	_ = s.opts.Fresh()
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	s.each(&q, func(p *memory.Project) {
		if p.Empty() {
			return
		}
		oldest, newest := p.Bounds()
		if !ok || oldest.At < low {
			low = oldest.At
		}
		if !ok || newest.At > high {
			high = newest.At
		}
		ok = true
	})
	if !ok {
		return time.Time{}, time.Time{}, false
	}
	return time.UnixMicro(low).UTC(), time.UnixMicro(high).UTC(), true
}

// renew has a view's record be the transaction's, in which blocks have changed since. Of a
// project that was purged meanwhile nothing is left.
func (v *view) renew(tx kv.Tx) error {
	rec, err := memory.ReadProject(tx, v.project.Name)
	if err != nil {
		return err
	}
	if rec == nil || rec.ID != v.project.ID {
		v.tail, v.rec.Layer, v.rec.Late = nil, format.Layer{}, nil
		return nil
	}
	v.rec = *rec
	return nil
}

// unseal leaves out of the tail what is in blocks.
func (v *view) unseal() {
	if v.rec.Seq == v.behind && v.rec.Sealing == nil {
		return
	}
	sealed := func(e *audit.Entry) bool { return v.rec.Sealed(e.Seq, e.Position()) }
	if slices.ContainsFunc(v.tail, sealed) {
		v.others = v.tail
		v.tail = slices.DeleteFunc(slices.Clone(v.tail), sealed)
	}
}

// in calls fn with what walkers have to know of the project in a transaction, one of each of its
// layers. The tail goes with the first.
func (v *view) in(tx kv.Tx, s *Log, fn func(walk.Project)) {
	p := walk.Project{
		Tx: tx, Blocks: s.blocks, Name: v.project.Name, ID: v.project.ID, Layer: &v.rec.Layer, Tail: v.tail, Others: v.others,
	}
	fn(p)
	for i := range v.rec.Late {
		l := &v.rec.Late[i]
		p.ID, p.Layer, p.Tail = format.LayerID(v.project.ID, l.Number), &l.Layer, nil
		fn(p)
	}
}
