package check

import (
	"bytes"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// sections checks that every section counts what is in its range, that no two tell of the
// same entries, and that late entries are those of a section.
func (c *checker) sections() error {
	var before format.ProjectID
	var end audit.Position
	for k, value := range kv.All(c.tx.Bucket(format.Spans)) {
		if !format.IsSection(k) {
			continue
		}
		key, err := format.ParseSectionKey(k)
		if err != nil {
			c.problem("%v", err)
			continue
		}
		lateKey, isBase := format.LateKeyOf(k)
		if p := c.ofLayer(key.Project); p == nil || p.State == audit.Purging {
			continue // spans says what belongs to no project
		}
		if !isBase {
			if base := format.SectionKey(key.Project, key.Position); c.tx.Bucket(format.Spans).Get(base) == nil {
				c.problem("counts %x: belong to no section", k)
			}
			continue
		}
		v := new(format.SectionView)
		if err := v.Open(k, value); err != nil {
			c.problem("%v", err)
			continue
		}
		if len(v.Starts) == 0 || v.Starts[0] != key.Position || key.Project == before && end.Compare(key.Position) > 0 {
			c.problem("section %x: begins elsewhere, or before another ends", k)
			continue
		}
		before, end = key.Project, v.End
		c.section(key.Project, k, lateKey, v)
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
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
