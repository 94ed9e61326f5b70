package blocks

import (
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// ReadOrder returns the places of one key; none where the key is not there.
func ReadOrder(tx kv.Tx, key []byte) ([]format.Place, error) {
	v := tx.Bucket(format.Order).Get(key)
	if v == nil {
		return nil, nil
	}
	return format.DecodeOrder(key, v)
}

// AppendOrder writes the places of consecutive entries, the first of which follows the last
// id in the bucket. owner says which project entry number i is of.
func AppendOrder(tx kv.Tx, entries []*audit.Entry, owner func(i int) format.ProjectID) error {
	for i := 0; i < len(entries); {
		key, index := format.OrderKey(entries[i].ID)
		places, err := ReadOrder(tx, key)
		if err != nil {
			return err
		}
		if len(places) == 0 && index == 1 {
			places = make([]format.Place, 1) // there is no id 0
		}
		if len(places) != index {
			return fmt.Errorf("order %x: %w: %d places before entry %d", key, format.ErrCorrupt, len(places), entries[i].ID)
		}
		for ; i < len(entries) && len(places) < format.OrderRow; i++ {
			places = append(places, format.PlaceAt(owner(i), entries[i].CreatedAt.UnixMicro()))
		}
		if err := tx.Bucket(format.Order).Put(key, format.EncodeOrder(key, places)); err != nil {
			return fmt.Errorf("put order: %w", err)
		}
	}
	return nil
}

// PlaceOf returns where the entry with id lies among the blocks; ok is false when
// there is none, or no more.
func PlaceOf(tx kv.Tx, id int64) (p format.Place, ok bool, err error) {
	key, index := format.OrderKey(id)
	places, err := ReadOrder(tx, key)
	if err != nil || index >= len(places) {
		return format.Place{}, false, err
	}
	return places[index], places[index].Project != 0, nil
}

// Locate returns the block that holds the entry with id, which the order bucket
// says is at a place, and its row there.
func (r *Reader) Locate(tx kv.Tx, id int64, at format.Place) (b *block.Block, row int, err error) {
	from, to := at.Bounds()
	c := NewCursor(tx, at.Project)
	ok, err := c.Before(audit.Position{At: to})
	for ; ok && err == nil; ok, err = c.Prev() {
		last, least, greatest := block.Bounds(c.Value)
		if last < from {
			break
		}
		if id < least || id > greatest {
			continue // of the many blocks of a busy second only a few are opened
		}
		if b, err = r.Open(c.Key, c.Value); err != nil {
			break
		}
		if row, ok := b.FindID(id); ok {
			return b, row, nil
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return nil, 0, fmt.Errorf("entry %d of project %d: %w: not in the block that it belongs to", id, at.Project, format.ErrCorrupt)
}

// After returns sealed entries with ids between id and before in commit order, at most limit
// of them, and the id up to which the caller then knows everything. name returns the name of
// a project; the entries of one that it does not know are left out, as what was purged is.
func (r *Reader) After(ctx context.Context, tx kv.Tx, id, before int64, limit int,
	name func(format.ProjectID) (string, bool)) (entries []*audit.Entry, through int64, err error) {
	o := &orderReader{r: r, tx: tx, name: name, through: id, open: make(map[format.ProjectID]*block.Block)}
	err = o.read(ctx, before, limit)
	return o.entries, o.through, err
}

// orderReader reads entries in commit order.
type orderReader struct {
	r       *Reader
	tx      kv.Tx
	name    func(format.ProjectID) (string, bool)
	entries []*audit.Entry
	through int64 // up to where they have been read
	// open holds the block of each project that was read last: what follows of the
	// project mostly is in there, too.
	open map[format.ProjectID]*block.Block
}

// openBlocks bounds the blocks that one reader holds.
const openBlocks = 64

// read reads on until it has limit entries or reaches the id before.
func (o *orderReader) read(ctx context.Context, before int64, limit int) error {
	for o.through+1 < before && len(o.entries) < limit {
		if err := ctx.Err(); err != nil {
			return err
		}
		key, index := format.OrderKey(o.through + 1)
		places, err := ReadOrder(o.tx, key)
		if err != nil {
			return err
		}
		if index >= len(places) {
			return fmt.Errorf("order %x: %w: entry %d is missing", key, format.ErrCorrupt, o.through+1)
		}
		for ; index < len(places) && o.through+1 < before && len(o.entries) < limit; index++ {
			if err := o.add(o.through+1, places[index]); err != nil {
				return err
			}
			o.through++
		}
	}
	return nil
}

// add adds the entry with an id, unless it was purged or nobody asked for it.
func (o *orderReader) add(id int64, at format.Place) (err error) {
	if at.Project == 0 {
		return nil
	}
	name, ok := o.name(at.Project)
	if !ok {
		return nil
	}
	b := o.open[at.Project]
	row, ok := 0, false
	if b != nil {
		row, ok = b.FindID(id)
	}
	if !ok {
		if b, row, err = o.r.Locate(o.tx, id, at); err != nil {
			return err
		}
		if len(o.open) >= openBlocks {
			clear(o.open)
		}
		o.open[at.Project] = b
	}
	e, err := b.Entry(row, name)
	if err != nil {
		return err
	}
	o.entries = append(o.entries, e)
	return nil
}
