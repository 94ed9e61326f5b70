package check

import (
	"encoding/binary"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// hasLayer reports whether a project has a layer with an id. One that is purged may have any.
func (p *project) hasLayer(id format.ProjectID) bool {
	return id == p.ID || p.State == audit.Purging || p.LayerAt(format.LayerOf(id)) != nil
}

// strays checks that every block is one of a layer of a project.
func (c *checker) strays() error {
	cursor := c.tx.Bucket(format.Blocks).Cursor()
	for k, _ := cursor.First(); k != nil && c.ctx.Err() == nil; {
		if len(k) < 4 {
			c.problem("blocks: key %x", k)
			k, _ = cursor.Next()
			continue
		}
		id := format.ProjectID(binary.BigEndian.Uint32(k))
		if p := c.byID[format.ProjectOf(id)]; p == nil || !p.hasLayer(id) {
			c.problem("blocks %x: belong to no project", k)
		}
		next := kv.Next(k[:4])
		if next == nil {
			break
		}
		k, _ = cursor.Seek(next)
	}
	return c.ctx.Err()
}

// layers compares what blocks hold with what the projects say of their layers.
func (c *checker) layers() error {
	return c.perProject(func(p, now *project) (more bool, err error) {
		if now.State == audit.Purging {
			return false, nil
		}
		c.layer(now, 0, &now.Layer)
		for i := range now.Late {
			l := &now.Late[i]
			if l.Entries == 0 {
				c.problem("project %q: layer %d is empty", p.name, l.Number)
			}
			c.layer(now, l.Number, &l.Layer)
		}
		return false, nil
	})
}

// layer compares what blocks hold of a layer with what is told of it, and whether they follow each other.
func (c *checker) layer(p *project, number int, told *format.Layer) {
	var got format.Layer
	var before format.BlockKey
	var end audit.Position
	cursor := blocks.NewCursor(c.tx, format.LayerID(p.ID, number))
	ok, err := cursor.First()
	for ; ok && err == nil && c.ctx.Err() == nil; ok, err = cursor.Next() {
		if told.Behind(cursor.Key.Position) {
			got.Loose++
		}
		b, err := block.Open(cursor.Value)
		if err != nil {
			continue // which was reported
		}
		if got.Entries > 0 && end.Compare(cursor.Key.Position) >= 0 {
			c.problem("%v: begins before %v ends", cursor.Key, before)
		}
		before, end = cursor.Key, b.Last()
		got.Take(b.Rows(), b.First(), b.Last())
	}
	if err != nil {
		c.problem("project %q: %v", p.name, err)
	}
	if c.ctx.Err() != nil {
		return
	}
	if got.Entries != told.Entries || got.Entries > 0 && (got.First != told.First || got.Last != told.Last) {
		c.problem("project %q: %d entries from %v to %v in blocks of layer %d, its record says %d from %v to %v", p.name,
			got.Entries, got.First, got.Last, number, told.Entries, told.First, told.Last)
	}
	if got.Loose != told.Loose {
		c.problem("project %q: %d blocks behind its spans, its record says %d", p.name, got.Loose, told.Loose)
	}
}

// missing checks that every entry that should be in a block is in one.
func (c *checker) missing() error {
	_, err := c.view(func() error {
		for id := int64(1); id <= max(c.sealed, c.last); id++ {
			if len(c.seen) == 0 || c.seen[id/64]>>(id%64)&1 != 0 {
				continue
			}
			if err := c.ctx.Err(); err != nil {
				return err
			}
			o, err := c.ownerOf(id)
			if err != nil || o.Project == 0 {
				continue // reported by order, or purged
			}
			p := c.byID[o.Project]
			switch now := c.here()[o.Project]; {
			case p == nil && now == nil && id <= c.sealed:
				c.problem("entry %d: should be in project %d and is in no block", id, o.Project)
			case p == nil || now == nil || now.Incarnation != p.Incarnation || p.State == audit.Purging || now.State == audit.Purging:
				// it was purged, or is about to be
			case !p.IsLost(o.Seq) && (id <= c.sealed || o.Seq <= p.Seq):
				c.problem("entry %d: should be in project %d and is in no block", id, o.Project)
			}
		}
		return nil
	})
	return err
}
