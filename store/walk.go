package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/found"
	"auditlog/store/kv"
)

// view is one consistent state of a project: its blocks as a transaction sees
// them, and of the tail what is in none of these blocks.
type view struct {
	s       *Store
	tx      kv.Tx
	project *project
	tail    []*audit.Entry
	sealed  []*audit.Entry // the tail with what of it is in blocks
	rec     format.Project // of now or, once the tail is taken, before
}

// view calls fn with the present state of a project, if it has one.
//
// The tail is taken before the transaction begins. So whatever was sealed in
// between is in both, and is left out of the tail by the transaction's own word
// on how far the project is sealed; nothing can be in neither.
func (s *Store) view(name string, fn func(*view) error) error {
	s.mu.RLock()
	p := s.projects[name]
	visible := p.visible()
	v := &view{s: s, project: p}
	if visible {
		v.tail = p.tail
		v.rec = p.rec
	}
	known := s.blockSeq
	s.mu.RUnlock()
	if !visible {
		return nil
	}
	return s.read(func(tx kv.Tx) error {
		v.tx = tx
		if err := v.unsealed(known); err != nil {
			return err
		}
		return fn(v)
	})
}

// visible reports whether p is listed at all. The caller holds Store.mu.
func (p *project) visible() bool { return p != nil && p.rec.State != audit.Purging }

// unsealed leaves out of the tail what is in the blocks of the transaction. known is the
// newest sequence of a block when the tail was taken.
func (v *view) unsealed(known uint64) error {
	if len(v.tail) == 0 {
		return nil
	}
	v.sealed = v.tail
	rec := &v.rec
	if format.ReadUint64(v.tx.Bucket(format.Meta).Get(format.MetaBlockSeq)) != known {
		var err error
		if rec, err = readProject(v.tx, v.project.name); err != nil {
			return err
		}
		if rec == nil || rec.ID != v.project.id {
			v.tail = nil // it was purged meanwhile
			return nil
		}
	}
	sealed := func(e *audit.Entry) bool { return rec.Sealed(e.Seq, e.Position()) }
	if slices.ContainsFunc(v.tail, sealed) {
		v.tail = slices.DeleteFunc(slices.Clone(v.tail), sealed)
	}
	return nil
}

// stretch is a part of a project's listing: the positions at or above low, below
// high.
type stretch struct{ low, high audit.Position }

// directBlocks is how many blocks a search looks into before it asks the index: a
// common word has filled a page by then.
const directBlocks = 2

// entryOf reads the entry of a row of a block: Block.Kept for what is likely to be
// asked for again, Block.Entry for what is not.
type entryOf func(b *block.Block, row int, project string) (*audit.Entry, error)

// walk calls fn with the entries of a stretch that are selected, newest first, until
// fn returns false, and returns what is missing between them.
func (q *prepared) walk(ctx context.Context, st stretch, entry entryOf, fn func(*audit.Entry) bool) (gaps []audit.Gap, err error) {
	more := true
	err = q.stretches(ctx, st, func(w *walker) (bool, error) {
		err := w.walk(entry, func(e *audit.Entry) bool {
			more = fn(e)
			return more
		})
		gaps = append(gaps, w.gaps...)
		return more, err
	})
	return gaps, err
}

// stretches calls fn with walkers that together cover a stretch, newest first, until fn
// returns false.
//
// Where the index is not asked that is one stretch of all blocks. Else the newest blocks
// are looked into first, and into those that the index names only when that was not
// enough. The index is asked before the view of its stretch is opened: what has
// changed since its answer is then known to the view, and looked into as well.
func (q *prepared) stretches(ctx context.Context, all stretch, fn func(*walker) (more bool, err error)) error {
	if len(q.narrowings) == 0 {
		_, err := q.inStretch(ctx, all, nil, fn)
		return err
	}
	floor, err := q.s.floor(q.query.Project, all)
	if err != nil {
		return err
	}
	more, err := q.inStretch(ctx, stretch{floor, all.high}, nil, fn)
	if err != nil || !more || floor == all.low {
		return err
	}
	hits, err := q.search(ctx, stretch{all.low, floor})
	if err != nil {
		return err
	}
	_, err = q.inStretch(ctx, stretch{all.low, floor}, hits, fn)
	return err
}

// floor returns where the blocks begin that a search looks into directly.
func (s *Store) floor(project string, st stretch) (audit.Position, error) {
	floor := st.low
	err := s.view(project, func(v *view) error {
		c := blocks.NewCursor(v.tx, v.project.id)
		ok, err := c.Seek(st.high)
		for range directBlocks - 1 {
			if !ok || err != nil {
				return err
			}
			ok, err = c.Prev()
		}
		if ok && c.Key.Position.Compare(st.low) > 0 {
			floor = c.Key.Position
		}
		return err
	})
	if blocks.IsDamage(err) {
		return st.low, nil // all of them are looked into, around what is damaged
	}
	return floor, err
}

// inStretch calls fn with a walker over one stretch, in a view of its own.
func (q *prepared) inStretch(ctx context.Context, st stretch, named *blocks.Named, fn func(*walker) (more bool, err error)) (more bool, err error) {
	err = q.s.view(q.query.Project, func(v *view) error {
		w := &walker{view: v, q: q, stretch: st, turn: admit.TurnOf(ctx)}
		if q.text != nil {
			w.text = found.NewCondition(q.text, w.turn)
		}
		if w.blocks, err = w.source(named); err != nil {
			return err
		}
		more, err = fn(w)
		return err
	})
	return more, err
}

// source returns the blocks to look into: those that an index named, where it was asked, and
// else all, as where damage keeps from knowing which it could not name.
func (w *walker) source(named *blocks.Named) (blocks.Source, error) {
	v, q := w.view, w.q
	if named != nil {
		s, err := blocks.Found(v.tx, v.project.id, &v.rec.Extent, q.filter, w.high, named)
		if v.tx.Pass() == nil && !blocks.IsDamage(err) {
			return s, err
		}
	}
	return blocks.All(v.tx, v.project.id, &v.rec.Extent, q.filter, w.high), nil
}

// walker finds what a query selects in one stretch of a view.
type walker struct {
	*view
	stretch
	q      *prepared
	turn   *admit.Turn
	text   *found.Condition // nil where q has none
	blocks blocks.Source
	gaps   []audit.Gap // what is missing, because blocks are damaged
}

// walk calls fn with the entries that match, newest first, until fn returns false.
func (w *walker) walk(entry entryOf, fn func(*audit.Entry) bool) error {
	tail := w.tailPart()
	more := true
	// rest calls fn with the tail's entries above a position.
	rest := func(above audit.Position) error {
		for ; more && len(tail) > 0; tail = tail[:len(tail)-1] {
			e := tail[len(tail)-1]
			if e.Position().Compare(above) < 0 {
				break
			}
			if err := w.turn.Step(); err != nil {
				return err
			}
			more = !w.q.matches(e) || fn(e)
		}
		return nil
	}
	err := w.eachBlock(func(b *block.Block, rows *bits.Rows) (bool, error) {
		for row := rows.Prev(b.Rows() - 1); row >= 0; row = rows.Prev(row - 1) {
			e, err := entry(b, row, w.project.name)
			if err == nil {
				err = w.turn.Step()
			}
			if err == nil && len(tail) > 0 {
				err = rest(e.Position())
			}
			if more = more && err == nil && fn(e); !more {
				return false, err
			}
		}
		return true, nil
	})
	if err == nil && more {
		err = rest(w.low)
	}
	return err
}

// tailPart returns the part of the tail that lies in the stretch.
func (w *walker) tailPart() []*audit.Entry {
	at := func(p audit.Position) int {
		return sort.Search(len(w.tail), func(i int) bool { return w.tail[i].Position().Compare(p) >= 0 })
	}
	return w.tail[at(w.low):at(w.high)]
}

// eachBlock calls fn with the blocks of the stretch that hold matches and their
// matching rows, newest block first, until fn returns false.
func (w *walker) eachBlock(fn func(*block.Block, *bits.Rows) (bool, error)) error {
	for {
		if err := w.turn.Look(); err != nil {
			return err
		}
		key, value, err := w.blocks.Next()
		var hidden *kv.Hidden
		if errors.As(err, &hidden) {
			if err := w.pass(hidden); err != nil {
				return err
			}
			continue
		}
		if err != nil || value == nil {
			return err
		}
		b, rows, err := w.look(key, value)
		if w.text != nil && w.text.Err != nil {
			return w.text.Err
		}
		if hidden := blocks.Hidden(key, err); hidden != nil {
			if err := w.pass(hidden); err != nil {
				return err
			}
			continue
		}
		if err != nil || b.Last().Compare(w.low) < 0 {
			return err
		}
		if rows.Empty() {
			continue
		}
		if more, err := fn(b, &rows); err != nil || !more {
			return err
		}
	}
}

// look opens a block, and finds the rows of it that lie in the stretch and match.
func (w *walker) look(key format.BlockKey, value []byte) (b *block.Block, rows bits.Rows, err error) {
	if b, err = w.s.blocks.Open(key, value); err != nil || b.Last().Compare(w.low) < 0 {
		return b, rows, err
	}
	if rows, err = w.rows(b); err != nil {
		err = fmt.Errorf("%v of %s: %w", key, w.s.db.Name(), err)
	}
	return b, rows, err
}

// rows returns the rows of b that lie in the stretch and match.
func (w *walker) rows(b *block.Block) (rows bits.Rows, err error) {
	lo, hi := 0, b.Rows()
	if b.First().Compare(w.low) < 0 {
		lo = b.Search(w.low)
	}
	if b.Last().Compare(w.high) >= 0 {
		hi = b.Search(w.high)
	}
	rows = bits.Between(lo, hi)
	if err := w.q.filter.Match(b, &rows); err != nil || w.q.text == nil || rows.Empty() {
		return rows, err
	}
	err = b.MatchText(w.text, &rows)
	return rows, err
}
