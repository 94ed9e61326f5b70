package blocks

import (
	"errors"
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// errElsewhere says that an entry is not where it was looked for.
var errElsewhere = errors.New("not in the block that it belongs to")

// layersOf returns what the blocks of a project's layers stand under.
func layersOf(rec *format.Project) []format.ProjectID {
	ids := make([]format.ProjectID, 1, 1+len(rec.Late))
	ids[0] = rec.ID
	for i := range rec.Late {
		ids = append(ids, format.LayerID(rec.ID, rec.Late[i].Number))
	}
	return ids
}

// locate returns the block of a project that holds the entry at a place, the layer that it is of,
// and its row there. rec is the project's record of now or before: what it says of layers may no
// longer be so.
func (r *Reader) locate(tx kv.Tx, rec *format.Project, name string, at format.Place) (b *block.Block, id format.ProjectID, row int, err error) {
	tried := layersOf(rec)
	if b, id, row, err = r.locateIn(tx, tried, at); !errors.Is(err, errElsewhere) {
		return b, id, row, err
	}
	v := tx.Bucket(format.Projects).Get([]byte(name))
	if v == nil {
		return nil, 0, 0, err
	}
	now, failed := format.ParseProject([]byte(name), v)
	if failed != nil || now.ID != rec.ID {
		return nil, 0, 0, err // it was purged meanwhile
	}
	others := slices.DeleteFunc(layersOf(now), func(id format.ProjectID) bool { return slices.Contains(tried, id) })
	if len(others) == 0 {
		return nil, 0, 0, err
	}
	return r.locateIn(tx, others, at)
}

// locateIn is locate in some layers. What is damaged is told of when the entry is in no other.
func (r *Reader) locateIn(tx kv.Tx, ids []format.ProjectID, at format.Place) (b *block.Block, id format.ProjectID, row int, err error) {
	var damage error
	for i, id := range ids {
		b, row, err = r.locateOne(tx, id, at)
		if i+1 < len(ids) {
			if h := tx.Pass(); h != nil {
				err = h
			}
		}
		switch {
		case err == nil:
			return b, id, row, nil
		case errors.Is(err, errElsewhere):
		case !IsDamage(err):
			return nil, 0, 0, err
		case damage == nil:
			damage = err
		}
	}
	if damage != nil {
		err = damage
	}
	return nil, 0, 0, err
}

// locateOne is locate in one layer.
func (r *Reader) locateOne(tx kv.Tx, id format.ProjectID, at format.Place) (b *block.Block, row int, err error) {
	from, to := at.Bounds()
	c := NewCursor(tx, id)
	ok, err := c.Before(audit.Position{At: to})
	for ; ok && err == nil; ok, err = c.Prev() {
		last, least, greatest := block.Bounds(c.Value)
		if last < from {
			break
		}
		if at.ID < least || at.ID > greatest {
			continue // of the many blocks of a busy second only a few are opened
		}
		if b, err = r.Open(c.Key, c.Value); err != nil {
			break
		}
		if row, ok := b.FindID(at.ID); ok {
			return b, row, nil
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return nil, 0, fmt.Errorf("entry %d of project %d: %w: %w", at.ID, format.ProjectOf(id), format.ErrCorrupt, errElsewhere)
}
