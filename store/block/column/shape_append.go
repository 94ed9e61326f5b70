package column

import (
	"encoding/binary"

	"auditlog/store/block/chunk"
)

// Lists collects the elements of a column of lists of names.
type Lists struct {
	names  []byte     // the elements' shapes, one behind the other
	ends   []int      // of the elements' shapes
	values []string   // the elements' values, one behind the other
	starts []int      // of the elements' values
	column []string   // of one slot
	dict   dictionary // of the elements' shapes
	slot   dictionary // of the values of one slot
}

// Lists returns where a column of lists is collected, which is empty.
func (e *Encoder) Lists() *Lists {
	l := &e.lists
	l.names, l.ends, l.values, l.starts = l.names[:0], l.ends[:0], l.values[:0], l.starts[:0]
	return l
}

func (l *Lists) forget() {
	clear(l.values)
	clear(l.column)
	clear(l.dict.values)
	clear(l.slot.values)
}

// Next starts the next element, which is empty so far.
func (l *Lists) Next() {
	l.starts, l.ends = append(l.starts, len(l.values)), append(l.ends, len(l.names))
}

// Add adds a name to the last element, with as many values as all names of the column have.
func (l *Lists) Add(name string, values ...string) {
	l.names = binary.AppendUvarint(l.names, uint64(len(name)))
	l.names = append(l.names, name...)
	l.values = append(l.values, values...)
	l.ends[len(l.ends)-1] = len(l.names)
}

// AppendLists appends the next column of the layout, of what was collected.
func (e *Encoder) AppendLists() {
	l := &e.lists
	e.top++
	if len(l.names) == 0 {
		e.empty()
		return
	}
	shapes := cut(e.shapes[:0], string(l.names), l.ends)
	e.shapes = shapes
	d := &l.dict
	e.build(d, shapes)
	counts, slots := l.count(d)
	if slots > 64 && (slots > maxSlots || 4*slots > len(l.values)) {
		e.blobs(shapes)
		return
	}
	e.out = append(e.out, kindShape|chunk.Shared<<4)
	e.Uvarint(len(d.values))
	for _, v := range d.values {
		e.texts.Add(chunk.Shared, v)
	}
	e.appendIndex(d, -1)
	e.Uvarint(slots)
	e.kids += slots
	e.appendSlots(d, counts)
}

// shapeCount is the first element and the number of elements that have a shape.
type shapeCount struct{ first, n uint16 }

// count returns that of each shape, and how many slots they have together.
func (l *Lists) count(d *dictionary) (counts []shapeCount, slots int) {
	counts = make([]shapeCount, len(d.values))
	for i, shape := range d.idx {
		if counts[shape].n == 0 {
			counts[shape].first = uint16(i)
			slots += len(l.valuesOf(i))
		}
		counts[shape].n++
	}
	return counts, slots
}

func (l *Lists) valuesOf(i int) []string {
	if i+1 < len(l.starts) {
		return l.values[l.starts[i]:l.starts[i+1]]
	}
	return l.values[l.starts[i]:]
}

// appendSlots appends for each shape how many slots it has, of how many elements, and their columns.
func (e *Encoder) appendSlots(d *dictionary, counts []shapeCount) {
	l := &e.lists
	for shape, count := range counts {
		n := len(l.valuesOf(int(count.first)))
		e.Uvarint(n)
		if n > 0 {
			e.Uvarint(int(count.n))
		}
		for slot := range n {
			column := l.column[:0]
			for i, of := range d.idx {
				if int(of) == shape {
					column = append(column, l.valuesOf(i)[slot])
				}
			}
			l.column = column
			e.build(&l.slot, column)
			e.strings(&l.slot, column, plan{templates: true, sparse: true})
		}
	}
}
