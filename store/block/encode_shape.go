package block

import (
	"encoding/binary"
	"slices"

	"auditlog/audit"
)

// maxSlots bounds the columns of a block.
const maxSlots = 1024

// shapes is a column of changes or metadata while it is encoded.
type shapes struct {
	names  []byte     // the rows' shapes, one behind the other
	ends   []int      // of the rows' shapes
	values []string   // the rows' values, one behind the other
	starts []int      // of the rows' values
	keys   []string   // of one row
	column []string   // of one slot
	dict   dictionary // of the rows' shapes
	slot   dictionary // of the values of one slot
}

func (s *shapes) reset() {
	s.names, s.ends, s.values, s.starts = s.names[:0], s.ends[:0], s.values[:0], s.starts[:0]
}

func (s *shapes) forget() {
	clear(s.values)
	clear(s.keys)
	clear(s.column)
	clear(s.dict.values)
	clear(s.slot.values)
}

// row starts the next row.
func (s *shapes) row() { s.starts = append(s.starts, len(s.values)) }

func (s *shapes) name(name string) {
	s.names = binary.AppendUvarint(s.names, uint64(len(name)))
	s.names = append(s.names, name...)
}

// end ends the row.
func (s *shapes) end() { s.ends = append(s.ends, len(s.names)) }

func (e *encoder) changes(entries []*audit.Entry) {
	s := &e.shapes
	s.reset()
	for _, x := range entries {
		s.row()
		for i := range x.Changes {
			c := &x.Changes[i]
			s.name(c.Field)
			s.values = append(s.values, c.Old, c.New)
		}
		s.end()
	}
	e.shaped()
}

func (e *encoder) metadata(entries []*audit.Entry) {
	s := &e.shapes
	s.reset()
	for _, x := range entries {
		s.row()
		if len(x.Metadata) > 0 {
			s.metadata(x.Metadata)
		}
		s.end()
	}
	e.shaped()
}

func (s *shapes) metadata(m map[string]string) {
	keys := s.keys[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	s.keys = keys
	for _, k := range keys {
		s.name(k)
		s.values = append(s.values, m[k])
	}
}

// shaped appends the column that was collected.
func (e *encoder) shaped() {
	s := &e.shapes
	if len(s.names) == 0 {
		e.out = append(e.out, kindEmpty)
		return
	}
	names, start := string(s.names), 0
	rows := e.values[:0]
	for _, end := range s.ends {
		rows = append(rows, names[start:end])
		start = end
	}
	e.values = rows
	d := &s.dict
	e.build(d, rows)
	counts, slots := s.count(d)
	if slots > 64 && (slots > maxSlots || 4*slots > len(s.values)) {
		e.blobs(rows)
		return
	}
	e.out = append(e.out, kindShape|classDict<<4)
	e.uvarint(len(d.values))
	for _, v := range d.values {
		e.add(classDict, v)
	}
	e.index(d, -1)
	e.uvarint(slots)
	e.kids += slots
	e.slots(d, counts)
}

type shapeCount struct{ first, rows uint16 }

// count returns the first row and the number of rows of each shape, and how many
// slots they have together.
func (s *shapes) count(d *dictionary) (counts []shapeCount, slots int) {
	counts = make([]shapeCount, len(d.values))
	for row, shape := range d.idx {
		if counts[shape].rows == 0 {
			counts[shape].first = uint16(row)
			slots += len(s.valuesOf(row))
		}
		counts[shape].rows++
	}
	return counts, slots
}

func (s *shapes) valuesOf(row int) []string {
	if row+1 < len(s.starts) {
		return s.values[s.starts[row]:s.starts[row+1]]
	}
	return s.values[s.starts[row]:]
}

// slots appends for each shape how many slots it has, of how many rows, and their columns.
func (e *encoder) slots(d *dictionary, counts []shapeCount) {
	s := &e.shapes
	for shape, count := range counts {
		n := len(s.valuesOf(int(count.first)))
		e.uvarint(n)
		if n > 0 {
			e.uvarint(int(count.rows))
		}
		for slot := range n {
			column := s.column[:0]
			for row, of := range d.idx {
				if int(of) == shape {
					column = append(column, s.valuesOf(row)[slot])
				}
			}
			s.column = column
			e.build(&s.slot, column)
			e.strings(&s.slot, column, plan{templates: true, sparse: true})
		}
	}
}

// blobs appends shapes and values as a string a row.
func (e *encoder) blobs(rows []string) {
	s := &e.shapes
	e.out = append(e.out, kindBlob)
	e.kids++
	column := s.column[:0]
	for row, shape := range rows {
		column = append(column, joinBlob(shape, s.valuesOf(row)))
	}
	s.column = column
	e.build(&s.slot, column)
	e.strings(&s.slot, column, plan{})
}

func joinBlob(shape string, values []string) string {
	if shape == "" {
		return ""
	}
	b := binary.AppendUvarint(nil, uint64(len(shape)))
	b = append(b, shape...)
	for _, v := range values {
		b = binary.AppendUvarint(b, uint64(len(v)))
		b = append(b, v...)
	}
	return string(b)
}
