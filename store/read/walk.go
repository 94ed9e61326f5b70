package read

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/found"
	"auditlog/store/kv"
	"auditlog/store/walk"
)

// directBlocks is how many blocks a search looks into before it asks the index, and
// directBlocksOfMany how many where it is over several projects: a common word has filled a
// page by then.
const (
	directBlocks       = 2
	directBlocksOfMany = 32
)

// In several projects, values of fields are looked for in a block about as fast as the index tells of a few
// projects. So it is asked where they are in none of so many blocks, and later where they are in fewer than
// one of four.
const (
	directBlocksOfValues = 128
	directBlocksFound    = 3
)

// walk adds the entries of a stretch that are selected to a page, in the query's order, while it
// has room.
//
// Where the index is to be asked some blocks are looked into first, and into those that the
// index names only when that was not enough. The index is asked before the view is opened that
// its answer is for: what has changed since is then known to the view, and looked into as well.
func (q *prepared) walk(ctx context.Context, st walk.Stretch, into *found.Page) error {
	rest, stopped, err := q.merge(ctx, st, nil, q.looks(), into)
	if err != nil || !stopped {
		return err
	}
	st = st.From(rest, q.query.Oldest)
	named, err := q.search(ctx, st)
	if err != nil {
		return err
	}
	_, _, err = q.merge(ctx, st, named, walk.Looks{}, into)
	return err
}

// merge is walk.Merge.Each in a view of its own.
func (q *prepared) merge(ctx context.Context, st walk.Stretch, named namedBlocks, looks walk.Looks, into *found.Page) (rest audit.Position, stopped bool, err error) {
	err = q.walkers(ctx, st, named, func(walkers []*walk.Walker) error {
		rest, stopped, err = walk.NewMerge(walkers, looks).Each(into)
		for _, w := range walkers {
			into.Gaps = append(into.Gaps, w.Gaps()...)
		}
		return err
	})
	return rest, stopped, err
}

// walkers calls fn with walkers over a stretch of each layer of the projects that are looked into.
func (q *prepared) walkers(ctx context.Context, st walk.Stretch, named namedBlocks, fn func([]*walk.Walker) error) error {
	at := st.High
	if q.query.Oldest {
		at = st.Low
	}
	return q.s.view(&q.query, at, func(tx kv.Tx, views []view) error {
		_, all := q.query.Within.Names()
		wq := &walk.Query{
			Match: q.matches, Filter: q.filter, Oldest: q.query.Oldest, Turn: admit.TurnOf(ctx),
			Unknown: blocks.NewUnknown(tx, all && q.query.Project == ""),
		}
		if q.text != nil {
			wq.Text = found.NewCondition(q.text, wq.Turn)
		}
		walkers := make([]*walk.Walker, 0, len(views))
		for i := range views {
			views[i].in(tx, q.s, func(p walk.Project) {
				p.Named = named[p.ID]
				walkers = append(walkers, walk.New(wq, p, st))
			})
		}
		return fn(walkers)
	})
}

// namedBlocks are the blocks that an index names, by layer. Of a layer that is not in it, all
// have to be looked into.
type namedBlocks map[format.ProjectID]*blocks.Named

// search asks the index which blocks of a stretch to look into.
func (q *prepared) search(ctx context.Context, st walk.Stretch) (namedBlocks, error) {
	if len(q.narrowings) == 0 {
		return nil, nil
	}
	q.s.mem.Mu.RLock()
	views := q.s.viewsOf(&q.query)
	q.s.mem.Mu.RUnlock()
	layers := make([]format.ProjectID, 0, len(views))
	for i := range views {
		for id := range views[i].rec.Layers() {
			layers = append(layers, id)
		}
	}
	named := make(namedBlocks, len(layers))
	for _, n := range q.narrowings {
		keys, through, ok, err := n.Blocks(ctx, layers, st.High, st.Low.At)
		if err != nil {
			return nil, err
		}
		for i := 0; ok && i < len(layers); i++ {
			named[layers[i]] = named[layers[i]].And(blocks.Named{Keys: keys[i], Through: through})
		}
	}
	return named, nil
}
