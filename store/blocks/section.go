package blocks

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// sectionAt returns the key and value of a project's section that a position lies in, which v
// is opened on. The key is nil where it lies in none.
func sectionAt(tx kv.Tx, p format.ProjectID, at audit.Position, v *format.SectionView) (key, value []byte, err error) {
	want := format.SectionKey(p, at)
	key, value = kv.AtOrBefore(tx.Bucket(format.Spans).Cursor(), want)
	if len(key) != len(want) || !bytes.HasPrefix(key, want[:5]) {
		return nil, nil, nil
	}
	if err := v.Open(key, value); err != nil {
		return nil, nil, err
	}
	if len(v.Starts) == 0 || at.Compare(v.End) >= 0 {
		return nil, nil, nil
	}
	return key, value, nil
}

// sectionStart returns where the first section begins that does so at or after a position.
func sectionStart(tx kv.Tx, p format.ProjectID, at audit.Position) audit.Position {
	want := format.SectionKey(p, at)
	k, _ := tx.Bucket(format.Spans).Cursor().Seek(want)
	if len(k) != len(want) || !bytes.HasPrefix(k, want[:5]) {
		return audit.Position{At: math.MaxInt64}
	}
	return fulltext.PositionAt(k[1:])
}

// sectionCounter adds rows of blocks to a section.
type sectionCounter struct {
	columns [len(format.Group{})]block.Column
	numbers [len(format.Group{})][]uint16
}

// read makes ready for rows of b.
func (c *sectionCounter) read(s *format.Section, b *block.Block) error {
	for i, f := range format.CountedFields() {
		if err := b.Column(f, &c.columns[i]); err != nil {
			return err
		}
		c.numbers[i] = c.numbers[i][:0]
		for _, v := range c.columns[i].Values {
			c.numbers[i] = append(c.numbers[i], s.Number(i, v))
		}
	}
	return nil
}

// add counts rows of the block that was read in a part of s.
func (c *sectionCounter) add(s *format.Section, part, from, to int) {
	for row := from; row < to; row++ {
		var g format.Group
		for i := range g {
			g[i] = c.numbers[i][c.columns[i].Of[row]]
		}
		s.Add(part, g, 1)
	}
}

// addLate counts an entry in a part of s.
func addLate(s *format.Section, part int, e *audit.Entry) {
	var g format.Group
	for i, v := range []string{
		e.Resource.Type, e.Action, string(e.Outcome), string(e.Actor.Type), string(e.Channel), e.RecordedBy, e.Actor.Email,
	} {
		g[i] = s.Number(i, v)
	}
	s.Add(part, g, 1)
}

// CountSection counts anew what a section tells of.
func CountSection(tx kv.Tx, p format.ProjectID, v *format.SectionView) (*format.Section, error) {
	s, counter := format.NewSection(), new(sectionCounter)
	s.Starts, s.End = slices.Clone(v.Starts), v.End
	c := NewCursor(tx, p)
	ok, err := c.Reach(s.Starts[0])
	for ; ok && err == nil && c.Key.Compare(s.End) < 0; ok, err = c.Next() {
		b, err := block.Open(c.Value)
		if err == nil {
			err = counter.read(s, b)
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", c.Key, err)
		}
		for part, start := range s.Starts {
			end := s.End
			if part+1 < len(s.Starts) {
				end = s.Starts[part+1]
			}
			counter.add(s, part, b.Search(start), b.Search(end))
		}
	}
	return s, err
}
