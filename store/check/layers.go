package check

import (
	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
)

// ofLayer returns the project that has a layer with an id, or nil.
func (c *checker) ofLayer(id format.ProjectID) *project {
	p := c.byID[format.ProjectOf(id)]
	if p == nil || p.ID == id || p.State == audit.Purging {
		return p
	}
	for i := range p.Late {
		if format.LayerID(p.ID, p.Late[i].Number) == id {
			return p
		}
	}
	return nil
}

// layers compares what blocks hold with what a project says of its layers.
func (c *checker) layers(p *project, counts map[format.ProjectID]*format.Layer) {
	c.layer(p, 0, &p.Layer, counts[p.ID])
	for i := range p.Late {
		l := &p.Late[i]
		if l.Entries == 0 {
			c.problem("project %q: layer %d is empty", p.name, l.Number)
		}
		c.layer(p, l.Number, &l.Layer, counts[format.LayerID(p.ID, l.Number)])
	}
}

// layer compares what blocks hold of a layer, which is nil where that is nothing, with what is told of
// it.
func (c *checker) layer(p *project, number int, told, got *format.Layer) {
	if got == nil {
		got = &format.Layer{}
	}
	if got.Entries != told.Entries || got.Entries > 0 && (got.First != told.First || got.Last != told.Last) {
		c.problem("project %q: %d entries from %v to %v in blocks of layer %d, its record says %d from %v to %v", p.name,
			got.Entries, got.First, got.Last, number, told.Entries, told.First, told.Last)
	}
}

// spannedLayer checks that every block of a layer that lies in a span has its values in there,
// and that its record knows where its spans end.
func (c *checker) spannedLayer(p *project, id format.ProjectID, l *format.Layer) {
	loose := 0
	cursor := blocks.NewCursor(c.tx, id)
	ok, err := cursor.First()
	for ; ok && err == nil && c.ctx.Err() == nil; ok, err = cursor.Next() {
		if l.Behind(cursor.Key.Position) {
			loose++
		}
		c.spanned(cursor.Key, cursor.Value)
	}
	if err != nil {
		c.problem("project %q: %v", p.name, err)
	}
	if c.ctx.Err() == nil && loose != l.Loose {
		c.problem("project %q: %d blocks behind its spans, its record says %d", p.name, loose, l.Loose)
	}
}
