package block

import (
	"encoding/binary"

	"auditlog/audit"
)

// column appends a top column of strings.
func (e *encoder) column(col int, entries []*audit.Entry) {
	values := e.values[:0]
	for _, x := range entries {
		values = append(values, fieldText(x, col))
	}
	e.values = values
	d := &e.dicts[col]
	e.build(d, values)
	f := fieldOf(col)
	if !e.strings(d, values, determines[col], f != noField) || f == noField {
		return
	}
	// The fingerprints of what lies in a compressed frame.
	if d.indexed {
		values = d.values
	}
	for _, v := range values {
		e.out = binary.LittleEndian.AppendUint16(e.out, uint16(Hash(f, v)))
	}
}

// strings appends a column of strings, d being their dictionary. It reports
// whether they are several and not of the raw class. Those of a field that
// filters compare are raw if they are few.
func (e *encoder) strings(d *dictionary, values []string, parents []int, field bool) bool {
	class := classDict
	if field && rawBytes(d.values) <= 2*len(values)+64 {
		class = classRaw
	}
	switch n := len(d.values); {
	case n == 1 && values[0] == "":
		e.out = append(e.out, kindEmpty)
		return false
	case n == 1:
		e.out = append(e.out, kindOne|byte(class)<<4)
		e.add(class, values[0])
		return false
	case 4*n > 3*len(values) && class != classRaw:
		class = classHeap
		e.each(values, class)
	default:
		d.indexed = true
		e.out = append(e.out, kindDict)
		e.uvarint(n)
		e.index(d, parents)
		e.kids++
		e.each(d.values, class)
	}
	return class != classRaw
}

func (e *encoder) each(values []string, class int) {
	e.out = append(e.out, kindEach|byte(class)<<4)
	for _, v := range values {
		e.add(class, v)
	}
}

func rawBytes(values []string) int {
	n := len(values)
	for _, v := range values {
		n += len(v)
	}
	return n
}
