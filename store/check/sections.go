package check

import (
	"bytes"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
)

// sections checks that every section counts what is in its range, that no two tell of the
// same entries, and that late entries are those of a section.
func (c *checker) sections() error {
	var before format.ProjectID
	var end audit.Position
	return c.rows(format.Spans, nil, func(k, value []byte, again bool) {
		if !format.IsSection(k) {
			return
		}
		if again {
			before = 0 // what the state before had there
		}
		key, err := format.ParseSectionKey(k)
		if err != nil {
			c.problem("%v", err)
			return
		}
		lateKey, isBase := format.LateKeyOf(k)
		if !c.sectioned(key.Project) {
			return // spanned says what a block lacks
		}
		if !isBase {
			if base := format.SectionKey(key.Project, key.Position); !again && c.tx.Bucket(format.Spans).Get(base) == nil {
				c.problem("counts %x: belong to no section", k)
			}
			return
		}
		v := new(format.SectionView)
		if err := v.Open(k, value); err != nil {
			c.problem("%v", err)
			return
		}
		if len(v.Starts) == 0 || v.Starts[0] != key.Position || key.Project == before && end.Compare(key.Position) > 0 {
			c.problem("section %x: begins elsewhere, or before another ends", k)
			return
		}
		if before, end = key.Project, v.End; !again {
			c.section(key.Project, k, lateKey, v)
		}
	})
}

// sectioned reports whether the sections of a layer are to be checked.
func (c *checker) sectioned(id format.ProjectID) bool {
	p := c.byID[format.ProjectOf(id)]
	if p == nil {
		return false
	}
	now := c.current(p)
	return now != nil && now.State != audit.Purging && now.hasLayer(id)
}

// section counts anew what a section and its late entries tell.
func (c *checker) section(p format.ProjectID, key, lateKey []byte, v *format.SectionView) {
	want, err := blocks.CountSection(c.tx, p, v)
	if err != nil {
		return // reported by blocks
	}
	got := v.Section()
	if value := c.tx.Bucket(format.Spans).Get(lateKey); value != nil {
		if err := v.Open(lateKey, value); err != nil {
			c.problem("%v", err)
			return
		}
		got.Merge(v)
	}
	a, okA := got.Encode(key)
	b, okB := want.Encode(key)
	if okA && okB && !bytes.Equal(a, b) || okB && !okA {
		c.problem("section %x: counts other entries than there are", key)
	}
}
