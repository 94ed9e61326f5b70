package blocks

import (
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

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

// Unknown is what an index does not know of the blocks that a transaction sees: the small ones,
// and what has changed since its answer.
type Unknown struct {
	tx kv.Tx
	// small are the small blocks by layer, where nearly all projects are looked into: then they are
	// read once for all.
	small map[format.ProjectID][]format.BlockKey
	all   bool
	// changed are the blocks that have changed behind the sequence after, by layer, the oldest change
	// first. They are read once for all layers, and not before one is asked for.
	changed map[format.ProjectID][]format.BlockChange
	after   uint64
}

// NewUnknown returns what there is in a transaction. all says that nearly all projects are looked into.
func NewUnknown(tx kv.Tx, all bool) *Unknown { return &Unknown{tx: tx, all: all} }

// Found returns what All does of the blocks that an index named, and of those that it does not know.
func (u *Unknown) Found(p format.ProjectID, have *format.Extent, f *block.Filter, way Way, named *Named) (Source, error) {
	keys, err := u.appendSmall(slices.Clone(named.Keys), p)
	if err != nil {
		return nil, err
	}
	if u.changed == nil || named.Through < u.after {
		if err := u.read(named.Through); err != nil {
			return nil, err
		}
	}
	for _, c := range u.changed[p] {
		if c.Seq > named.Through && !c.Deleted {
			keys = append(keys, c.Key)
		}
	}
	slices.SortFunc(keys, func(a, b format.BlockKey) int { return a.Compare(b.Position) })
	if keys, err = way.cut(u.tx, p, slices.Compact(keys)); err != nil {
		return nil, err
	}
	return &namedBlocks{newSpanned(u.tx, p, have, f, way), u.tx.Bucket(format.Blocks), keys}, nil
}

// read reads the changes behind a sequence. Where damage hides some, it keeps none.
func (u *Unknown) read(after uint64) error {
	u.changed, u.after = nil, after
	changes, _, err := Changes(u.tx, after, math.MaxInt)
	if err != nil || u.tx.Err() != nil {
		return err
	}
	u.changed = make(map[format.ProjectID][]format.BlockChange)
	for _, c := range changes {
		u.changed[c.Key.Project] = append(u.changed[c.Key.Project], c)
	}
	return nil
}

// cut leaves out of keys, which are sorted, those that are not on the way, and brings them into
// its order.
func (w *Way) cut(tx kv.Tx, p format.ProjectID, keys []format.BlockKey) ([]format.BlockKey, error) {
	from := w.From
	if w.Oldest { // from the block on that From lies in; keys may be of blocks that are gone
		c := NewCursor(tx, p)
		ok, err := c.Seek(from)
		if err != nil {
			return nil, err
		}
		if ok {
			from = c.Key.Position
		}
	}
	i, _ := slices.BinarySearchFunc(keys, from, func(k format.BlockKey, p audit.Position) int { return k.Compare(p) })
	if w.Oldest {
		return keys[i:], nil
	}
	slices.Reverse(keys[:i])
	return keys[:i], nil
}

// appendSmall appends the small blocks of a layer.
func (u *Unknown) appendSmall(keys []format.BlockKey, p format.ProjectID) ([]format.BlockKey, error) {
	small := u.tx.Bucket(format.Small)
	if !u.all {
		for k := range kv.Prefix(small, format.ProjectPrefix(p)) {
			key, err := fulltext.ParseBlockKey(k)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		return keys, nil
	}
	if u.small == nil {
		of := make(map[format.ProjectID][]format.BlockKey)
		for k := range kv.All(small) {
			key, err := fulltext.ParseBlockKey(k)
			if err != nil {
				return nil, err
			}
			of[key.Project] = append(of[key.Project], key)
		}
		if u.tx.Err() != nil {
			return keys, nil
		}
		u.small = of
	}
	return append(keys, u.small[p]...), nil
}

// namedBlocks gives the blocks under keys, in their order, as far as they are there, but for
// those that the secondary index rules out.
type namedBlocks struct {
	spanned
	bucket kv.Bucket
	keys   []format.BlockKey
}

func (n *namedBlocks) Next() (format.BlockKey, []byte, error) {
	for len(n.keys) > 0 {
		key := n.keys[0]
		n.keys = n.keys[1:]
		on, err := n.skip(key.Position)
		if err != nil {
			return format.BlockKey{}, nil, err
		}
		if on != (audit.Position{}) {
			n.skipTo(on)
			continue
		}
		if v := n.bucket.Get(key.Append(nil)); v != nil {
			return key, v, nil
		}
		if h := n.tx.Pass(); h != nil {
			n.past(h)
			return format.BlockKey{}, nil, h
		}
	}
	return format.BlockKey{}, nil, nil
}

// past drops the keys that are hidden.
func (n *namedBlocks) past(h *kv.Hidden) {
	low, high := beginningsOf(h, n.project)
	for len(n.keys) > 0 && n.keys[0].Compare(low) >= 0 && n.keys[0].Compare(high) < 0 {
		n.keys = n.keys[1:]
	}
}

// skipTo drops the keys that skip rules out.
func (n *namedBlocks) skipTo(on audit.Position) {
	for len(n.keys) > 0 && (n.keys[0].Compare(on) < 0) == n.oldest {
		n.keys = n.keys[1:]
	}
}
