package blocks

import (
	"errors"
	"math"
	"math/bits"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// A Source gives the blocks that may hold matches, newest first; a nil value
// ends them. An error that is a *kv.Hidden tells of blocks that cannot be read: the next call goes
// on below these.
type Source interface {
	Next() (format.BlockKey, []byte, error)
}

// spanned knows what the secondary index says of blocks: which hold none of the values that
// a filter asks for.
type spanned struct {
	tx      kv.Tx
	project format.ProjectID
	want    []block.FieldHashes
	bare    audit.Position   // from there on up to the last block no span tells of any
	span    *format.SpanView // the one that was looked up last
	set     uint64           // its blocks that hold all values
}

// newSpanned returns what is known of a project's blocks. have is how far its spans reach, at
// least.
func newSpanned(tx kv.Tx, p format.ProjectID, have *format.Extent, f *block.Filter) spanned {
	a := spanned{tx: tx, project: p, bare: have.Spanned}
	if a.bare == (audit.Position{}) {
		a.bare.At = math.MinInt64 // there is none
	}
	for _, fh := range f.Values() {
		if slices.Contains(format.SpanFields(), fh.Field) {
			a.want = append(a.want, fh)
		}
	}
	return a
}

// allBlocks gives the blocks that begin below a position, but for those that the
// secondary index rules out.
type allBlocks struct {
	spanned
	c       *Cursor
	high    audit.Position
	started bool
	hidden  *kv.Hidden // to go on below
}

// All returns the blocks of a project that begin below a position and may hold what a
// filter selects. have is how far the project's spans reach, at least.
func All(tx kv.Tx, p format.ProjectID, have *format.Extent, f *block.Filter, high audit.Position) Source {
	return &allBlocks{spanned: newSpanned(tx, p, have, f), c: NewCursor(tx, p), high: high}
}

func (a *allBlocks) Next() (format.BlockKey, []byte, error) {
	var ok bool
	var err error
	switch {
	case a.hidden != nil:
		ok, err = a.c.Past(a.hidden, true)
		a.hidden = nil
	case a.started:
		ok, err = a.c.Prev()
	default:
		ok, err = a.c.Seek(a.high)
		a.started = true
	}
	for ok && err == nil {
		var skipTo audit.Position
		if skipTo, err = a.skip(a.c.Key.Position); err != nil {
			break
		}
		if skipTo == (audit.Position{}) {
			return a.c.Key, a.c.Value, nil
		}
		ok, err = a.c.Before(skipTo)
	}
	if err == nil && a.tx.Err() != nil {
		if a.hidden = a.tx.Pass(); a.hidden != nil {
			err = a.hidden
		}
	}
	return format.BlockKey{}, nil, err
}

// skip returns below which position to go on, or zero when the block that begins
// at p has to be looked into.
func (a *spanned) skip(p audit.Position) (audit.Position, error) {
	if len(a.want) == 0 || p.Compare(a.bare) >= 0 {
		return audit.Position{}, nil
	}
	if a.span == nil || p.Compare(a.span.Start(0)) < 0 {
		if err := a.load(p); err != nil || a.span == nil {
			return audit.Position{}, err
		}
	}
	n := a.span.Number(p)
	if a.set>>n&1 != 0 {
		return audit.Position{}, nil
	}
	lower := a.set & (1<<n - 1)
	if lower == 0 {
		return a.span.Start(0), nil
	}
	return a.span.Start(bits.Len64(lower)), nil
}

// load looks up the span that tells of a block beginning at p. When there is none,
// it says from where on that is so. Spans that are damaged rule nothing out.
func (a *spanned) load(p audit.Position) error {
	a.span, a.set = nil, ^uint64(0)
	for _, w := range a.want {
		_, v, err := spanBefore(a.tx, a.project, w.Field, p)
		if a.tx.Pass() != nil || errors.Is(err, format.ErrCorrupt) {
			a.want, a.span = nil, nil
			return nil
		}
		switch {
		case err != nil:
			return err
		case v == nil:
			a.bare = audit.Position{At: math.MinInt64}
		case p.Compare(v.End) >= 0:
			a.bare = v.End
		default:
			a.span = v
			a.set &= v.Blocks(w.Hashes)
			continue
		}
		a.span = nil
		return nil
	}
	return nil
}

// Named is what an index answered.
type Named struct {
	Keys    []format.BlockKey // newest first
	Through uint64            // blocks that changed later are not covered
}

// And returns the blocks that both answers name; a nil one names all.
func (n *Named) And(o Named) *Named {
	if n == nil {
		return &o
	}
	both := Named{Through: min(n.Through, o.Through)}
	for _, k := range n.Keys {
		_, ok := slices.BinarySearchFunc(o.Keys, k, func(a, b format.BlockKey) int { return b.Compare(a.Position) })
		if ok {
			both.Keys = append(both.Keys, k)
		}
	}
	return &both
}

// Found returns what All does of the blocks that an index named, and of those that it does not know: the small ones, and what changed since.
func Found(tx kv.Tx, p format.ProjectID, have *format.Extent, f *block.Filter, high audit.Position,
	named *Named) (Source, error) {
	keys := slices.Clone(named.Keys)
	keys, err := appendSmall(keys, tx, p, high)
	if err != nil {
		return nil, err
	}
	changes, _, err := Changes(tx, named.Through, math.MaxInt)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if c.Key.Project == p && !c.Deleted {
			keys = append(keys, c.Key)
		}
	}
	slices.SortFunc(keys, func(a, b format.BlockKey) int { return b.Position.Compare(a.Position) })
	keys = slices.Compact(keys)
	return &namedBlocks{newSpanned(tx, p, have, f), tx.Bucket(format.Blocks), keys, high}, nil
}

// appendSmall appends the small blocks of a project that begin below a span's end.
func appendSmall(keys []format.BlockKey, tx kv.Tx, p format.ProjectID, high audit.Position) ([]format.BlockKey, error) {
	c := tx.Bucket(format.Small).Cursor()
	for k, _ := c.Seek(format.ProjectPrefix(p)); k != nil; k, _ = c.Next() {
		key, err := fulltext.ParseBlockKey(k)
		if err != nil || key.Project != p || key.Compare(high) >= 0 {
			return keys, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// namedBlocks gives the blocks under keys, newest first, as far as they are there, but for
// those that the secondary index rules out.
type namedBlocks struct {
	spanned
	bucket kv.Bucket
	keys   []format.BlockKey
	high   audit.Position
}

func (n *namedBlocks) Next() (format.BlockKey, []byte, error) {
	for len(n.keys) > 0 {
		key := n.keys[0]
		n.keys = n.keys[1:]
		if key.Compare(n.high) >= 0 {
			continue
		}
		skipTo, err := n.skip(key.Position)
		if err != nil {
			return format.BlockKey{}, nil, err
		}
		if skipTo != (audit.Position{}) {
			n.high = skipTo
			continue
		}
		if v := n.bucket.Get(key.Append(nil)); v != nil {
			return key, v, nil
		}
		if h := n.tx.Pass(); h != nil {
			n.high = PositionOf(h.From, n.project)
			return format.BlockKey{}, nil, h
		}
	}
	return format.BlockKey{}, nil, nil
}
