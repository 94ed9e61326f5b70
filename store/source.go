package store

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/kv"
)

// A blockSource gives the blocks that may hold matches, newest first; a nil value
// ends them.
type blockSource interface {
	next() (BlockKey, []byte, error)
}

// allBlocks gives the blocks that begin below a position, but for those that the
// secondary index says hold none of the values that a filter asks for.
type allBlocks struct {
	tx      kv.Tx
	c       *blockCursor
	high    audit.Position
	started bool
	want    []block.FieldHashes
	bare    audit.Position // from there on up to the last block no span tells of any
	span    *spanView      // the one that was looked up last
	set     uint64         // its blocks that hold all values
}

func newAllBlocks(v *view, f *block.Filter, sp span) *allBlocks {
	a := &allBlocks{tx: v.tx, c: newBlockCursor(v.tx, v.project.id), high: sp.high, bare: v.spanned}
	for _, fh := range f.Values() {
		if slices.Contains(spanFields(), fh.Field) {
			a.want = append(a.want, fh)
		}
	}
	return a
}

func (a *allBlocks) next() (BlockKey, []byte, error) {
	var ok bool
	var err error
	if a.started {
		ok, err = a.c.prev()
	} else {
		ok, err = a.c.seek(a.high)
		a.started = true
	}
	for ok && err == nil {
		var skipTo audit.Position
		if skipTo, err = a.skip(a.c.key.Position); err != nil {
			break
		}
		if skipTo == (audit.Position{}) {
			return a.c.key, a.c.value, nil
		}
		ok, err = a.c.before(skipTo)
	}
	return BlockKey{}, nil, err
}

// skip returns below which position to go on, or zero when the block that begins
// at p has to be looked into.
func (a *allBlocks) skip(p audit.Position) (audit.Position, error) {
	if len(a.want) == 0 || p.Compare(a.bare) >= 0 {
		return audit.Position{}, nil
	}
	if a.span == nil || p.Compare(a.span.start(0)) < 0 {
		if err := a.load(p); err != nil || a.span == nil {
			return audit.Position{}, err
		}
	}
	n := a.span.number(p)
	if a.set>>n&1 != 0 {
		return audit.Position{}, nil
	}
	lower := a.set & (1<<n - 1)
	if lower == 0 {
		return a.span.start(0), nil
	}
	return a.span.start(bits.Len64(lower)), nil
}

// load looks up the span that tells of a block beginning at p. When there is none,
// it says from where on that is so.
func (a *allBlocks) load(p audit.Position) error {
	a.span, a.set = nil, ^uint64(0)
	for _, w := range a.want {
		_, v, err := spanBefore(a.tx, a.c.project, w.Field, p)
		switch {
		case err != nil:
			return err
		case v == nil:
			a.bare = audit.Position{At: math.MinInt64}
		case p.Compare(v.end) >= 0:
			a.bare = v.end
		default:
			a.span = v
			a.set &= v.blocks(w.Hashes)
			continue
		}
		a.span = nil
		return nil
	}
	return nil
}

// found is what the index answered to a search.
type found struct {
	keys    []BlockKey // newest first
	through uint64     // blocks that changed later are not covered
}

// search asks the index which blocks of a span to look into; nil means all.
func (q *prepared) search(ctx context.Context, sp span) (*found, error) {
	p, ok := q.s.projectID(q.query.Project)
	if !ok {
		return nil, nil // it went meanwhile: the view will say so
	}
	keys, through, ok, err := q.text.Blocks(ctx, p, sp.high, sp.low.At)
	if err != nil || !ok {
		return nil, err
	}
	return &found{keys, through}, nil
}

// foundBlocks gives the blocks that the index named, and those that it does not
// know: the small ones, and what changed since.
func (v *view) foundBlocks(f *found, sp span) (blockSource, error) {
	keys := slices.Clone(f.keys)
	keys, err := appendSmall(keys, v.tx, v.project.id, sp)
	if err != nil {
		return nil, err
	}
	changes, _, err := blockChanges(v.tx, f.through, math.MaxInt)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if c.Key.Project == v.project.id && !c.Deleted {
			keys = append(keys, c.Key)
		}
	}
	slices.SortFunc(keys, func(a, b BlockKey) int { return b.Position.Compare(a.Position) })
	keys = slices.Compact(keys)
	return &namedBlocks{v.tx.Bucket(bucketBlocks), keys, sp.high}, nil
}

// appendSmall appends the small blocks of a project that begin below a span's end.
func appendSmall(keys []BlockKey, tx kv.Tx, p ProjectID, sp span) ([]BlockKey, error) {
	c := tx.Bucket(bucketSmall).Cursor()
	for k, _ := c.Seek(u32(p)); k != nil; k, _ = c.Next() {
		key, err := fulltext.ParseBlockKey(k)
		if err != nil || key.Project != p || key.Compare(sp.high) >= 0 {
			return keys, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// namedBlocks gives the blocks under keys, newest first, as far as they are there.
type namedBlocks struct {
	bucket kv.Bucket
	keys   []BlockKey
	high   audit.Position
}

func (n *namedBlocks) next() (BlockKey, []byte, error) {
	for len(n.keys) > 0 {
		key := n.keys[0]
		n.keys = n.keys[1:]
		if key.Compare(n.high) >= 0 {
			continue
		}
		if v := n.bucket.Get(key.Append(nil)); v != nil {
			return key, v, nil
		}
	}
	return BlockKey{}, nil, nil
}
