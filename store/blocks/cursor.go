package blocks

import (
	"fmt"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Cursor walks the blocks of one project. Each of its moves reports whether it has come to
// one, which is under Key; Value is its bytes, the transaction's.
type Cursor struct {
	c       kv.Cursor
	project format.ProjectID
	Key     format.BlockKey
	Value   []byte
	buf     [fulltext.BlockKeySize]byte // of wanted
}

// NewCursor returns a cursor that has to be moved first.
func NewCursor(tx kv.Tx, p format.ProjectID) *Cursor {
	return &Cursor{c: tx.Bucket(format.Blocks).Cursor(), project: p}
}

// at takes a key and value of the bucket; ok is false outside the project.
func (c *Cursor) at(k, v []byte) (ok bool, err error) {
	c.Value = nil
	if k == nil {
		return false, nil
	}
	if c.Key, err = fulltext.ParseBlockKey(k); err != nil {
		return false, fmt.Errorf("blocks: %w: %w", format.ErrCorrupt, err)
	}
	c.Value = v
	return c.Key.Project == c.project, nil
}

// wanted returns the key of a block that would begin at p, until the next move.
func (c *Cursor) wanted(p audit.Position) []byte {
	return format.BlockKey{Project: c.project, Position: p}.Append(c.buf[:0])
}

// Seek moves to the block that holds, or would hold, what is at p: the last one
// that begins at or before it. ok is false when all begin later.
func (c *Cursor) Seek(p audit.Position) (ok bool, err error) {
	return c.at(kv.AtOrBefore(c.c, c.wanted(p)))
}

// First moves to the oldest block.
func (c *Cursor) First() (ok bool, err error) {
	return c.at(c.c.Seek(format.ProjectPrefix(c.project)))
}

// Reach moves to the block that holds, or would hold, what is at p, or to the oldest where all begin
// later.
func (c *Cursor) Reach(p audit.Position) (ok bool, err error) {
	if ok, err = c.Seek(p); err == nil && !ok {
		return c.First()
	}
	return ok, err
}

// From moves to the first block that begins at or after p.
func (c *Cursor) From(p audit.Position) (ok bool, err error) {
	if p == (audit.Position{}) {
		return c.First()
	}
	return c.at(c.c.Seek(c.wanted(p)))
}

// Before moves to the last block that begins before p.
func (c *Cursor) Before(p audit.Position) (ok bool, err error) {
	return c.at(kv.Before(c.c, c.wanted(p)))
}

// Next moves to the next newer block.
func (c *Cursor) Next() (ok bool, err error) { return c.at(c.c.Next()) }

// Past moves over what damage hides: to the first block behind it, or, back, to the last before.
func (c *Cursor) Past(h *kv.Hidden, back bool) (ok bool, err error) { return c.at(c.c.Past(h, back)) }

// Prev moves to the next older block.
func (c *Cursor) Prev() (ok bool, err error) { return c.at(c.c.Prev()) }
