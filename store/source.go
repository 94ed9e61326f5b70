package store

import (
	"context"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"auditlog/audit"
)

// A blockSource gives the blocks that may hold matches, newest first; a nil value
// ends them.
type blockSource interface {
	next() (BlockKey, []byte, error)
}

// allBlocks gives every block that begins below a position.
type allBlocks struct {
	c       *blockCursor
	high    audit.Position
	started bool
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
	if !ok || err != nil {
		return BlockKey{}, nil, err
	}
	return a.c.key, a.c.value, nil
}

// found is what the index answered to a search.
type found struct {
	keys    []BlockKey // newest first
	through uint64     // blocks that changed later are not covered
}

// search asks the index which blocks of a span to look into; nil means all.
func (s *Store) search(ctx context.Context, l *Listing, sp span) (*found, error) {
	p, err := s.Project(l.Query.Project)
	if err != nil {
		return nil, nil // it went meanwhile: the view will say so
	}
	keys, through, ok, err := l.Text.Blocks(ctx, p.ID, sp.high, sp.low.At)
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
func appendSmall(keys []BlockKey, tx *bbolt.Tx, p ProjectID, sp span) ([]BlockKey, error) {
	c := tx.Bucket(bucketSmall).Cursor()
	for k, _ := c.Seek(u32(p)); k != nil; k, _ = c.Next() {
		key, err := ParseBlockKey(k)
		if err != nil || key.Project != p || key.Compare(sp.high) >= 0 {
			return keys, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// namedBlocks gives the blocks under keys, newest first, as far as they are there.
type namedBlocks struct {
	bucket *bbolt.Bucket
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
