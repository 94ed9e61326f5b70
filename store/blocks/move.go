package blocks

import (
	"bytes"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Front is a layer whose oldest entries are moved into another.
type Front struct {
	ID format.ProjectID
	// Layer is how the layer is, and Then how it is without the entries.
	Layer, Then format.Layer
	// Plan says which of its blocks and spans go, and which block comes that has what is left of
	// one.
	Plan *Plan

	c    *Cursor
	more bool // the cursor is at a block that was not read
	read []part
}

// part is a block with its entries.
type part struct {
	Keyed
	entries []*audit.Entry
}

// Move is how the oldest entries of some layers of a project get into another.
type Move struct {
	Entries []*audit.Entry
	// Into says how the blocks change of the layer that they come into.
	Into   *Plan
	Fronts []*Front

	end *audit.Position // before which all that there was in the layers is moved; nil: all of it
}

// PlanMove works out a Move into a layer, as far as a budget goes.
func (r *Reader) PlanMove(z *Sizes, tx kv.Tx, project string, fronts []*Front, id format.ProjectID, into *format.Layer,
	most Budget, seq *uint64) (*Move, error) {
	m := &Move{Fronts: fronts}
	if err := m.read(r, tx, project, max(1, z.Step), most.Bytes); err != nil {
		return nil, err
	}
	var n int
	var err error
	if m.Into, n, err = r.PlanMerge(z, NewCursor(tx, id), project, m.Entries, most, seq); err != nil {
		return nil, err
	}
	if n < len(m.Entries) {
		at := m.Entries[n].Position()
		m.end, m.Entries = &at, m.Entries[:n]
	}
	if m.Into.Spans, err = r.NewSpanPlanner(z, tx).Project(id, &into.Extent, m.Into, m.Entries); err != nil {
		return nil, err
	}
	for _, f := range fronts {
		if err := f.cut(tx, m.end, seq); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// read reads blocks, that one next which begins first, until they have so many entries or bytes.
// What was read is moved as far as nothing comes before it that was not.
func (m *Move) read(r *Reader, tx kv.Tx, project string, entries, size int) error {
	for _, f := range m.Fronts {
		var err error
		f.c = NewCursor(tx, f.ID)
		if f.more, err = f.c.First(); err != nil {
			return err
		}
	}
	for len(m.Entries) < entries && size > 0 {
		f := m.next()
		if f == nil {
			break
		}
		b, err := r.Fresh(f.c.Key, f.c.Value)
		if err != nil {
			return err
		}
		p := part{Keyed: Keyed{f.c.Key, b}}
		if p.entries, err = b.Entries(project); err != nil {
			return err
		}
		f.read = append(f.read, p)
		m.Entries = append(m.Entries, p.entries...)
		size -= len(b.Bytes())
		if f.more, err = f.c.Next(); err != nil {
			return err
		}
	}
	slices.SortFunc(m.Entries, ByPosition)
	if f := m.next(); f != nil {
		at := f.c.Key.Position
		m.end, m.Entries = &at, m.Entries[:FirstAt(m.Entries, at)]
	}
	return nil
}

// next returns the front whose next block begins first, nil where all are read.
func (m *Move) next() (first *Front) {
	for _, f := range m.Fronts {
		if f.more && (first == nil || f.c.Key.Compare(first.c.Key.Position) < 0) {
			first = f
		}
	}
	return first
}

// cut plans how the layer changes when what it has before end goes.
func (f *Front) cut(tx kv.Tx, end *audit.Position, seq *uint64) error {
	f.Plan, f.Then = &Plan{}, f.Layer
	next := f.c.Key.Position // where what is left begins, if anything is
	gone := end              // before which nothing tells of what is left
	for i, p := range f.read {
		n := len(p.entries)
		if end != nil {
			n = FirstAt(p.entries, *end)
		}
		if n == 0 {
			next = f.read[i].Key.Position
			break
		}
		f.Plan.Drop = append(f.Plan.Drop, p.Keyed)
		f.Then.Entries -= int64(n)
		if n < len(p.entries) {
			*seq++
			rest, err := newKeyed(f.ID, *seq, p.entries[n:])
			if err != nil {
				return err
			}
			f.Plan.Put, next = []Keyed{rest}, rest.Key.Position
			behind := rest.Last()
			behind.ID++
			gone = &behind // a span that begins within it does not know what else is in it
			break
		}
	}
	if len(f.Plan.Drop) == 0 {
		return nil
	}
	f.Then.First = next
	f.Then.Loose += f.Plan.looser(&f.Layer.Extent)
	f.Plan.Spans = &SpanPlan{drop: spansBefore(tx, f.ID, gone), Extent: f.Then.Extent}
	return tx.Err()
}

// spansBefore returns the keys of all that tells of a layer's blocks in spans that begin before a
// position, or of all where it is nil: they would tell of entries that are gone.
func spansBefore(tx kv.Tx, id format.ProjectID, end *audit.Position) (keys [][]byte) {
	prefix := format.ProjectPrefix(id)
	c := tx.Bucket(format.Spans).Cursor()
	k, _ := c.Seek(prefix)
	for k != nil && bytes.HasPrefix(k, prefix) {
		if end == nil || fulltext.PositionAt(k[1:]).Compare(*end) < 0 {
			keys = append(keys, bytes.Clone(k))
			k, _ = c.Next()
			continue
		}
		k, _ = c.Seek(append(prefix[:len(prefix):len(prefix)], k[len(prefix)]+1)) // the next field
	}
	return keys
}
