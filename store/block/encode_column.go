package block

import (
	"encoding/binary"

	"auditlog/audit"
)

// plan says what may be tried on a column of strings.
type plan struct {
	others    []int // the columns that may narrow it down
	field     bool  // filters compare it
	narrows   bool  // it may narrow others down
	templates bool
	sparse    bool
}

// column appends a top column of strings.
func (e *encoder) column(col int, entries []*audit.Entry) {
	values := e.values[:0]
	for _, x := range entries {
		values = append(values, fieldText(x, col))
	}
	e.values = values
	d := &e.dicts[col]
	e.build(d, values)
	if col == colDetail && 4*len(d.values) > len(values) {
		if coded, ok := e.references(values); ok {
			e.out = append(e.out, kindRefs)
			e.kids++
			values = coded
			e.build(d, values)
		}
	}
	f := fieldOf(col)
	listed := e.strings(d, values, plan{
		others:    narrows[col],
		field:     f != noField,
		narrows:   col == colResourceID || col == colActor,
		templates: true,
		sparse:    f == noField,
	})
	if f == noField {
		return
	}
	// The fingerprints of what lies in a compressed frame.
	for _, v := range listed {
		e.out = binary.LittleEndian.AppendUint16(e.out, uint16(Hash(f, v)))
	}
}

// strings appends a column of strings, d being their dictionary, in what is
// probably the smallest way. It returns the strings that it lists, if they are several
// and not of the raw class.
func (e *encoder) strings(d *dictionary, values []string, p plan) []string {
	n := len(d.values)
	class := classDict
	if p.field && rawBytes(d.values) <= 2*len(values)+64 {
		class = classRaw
	}
	switch {
	case n == 1 && values[0] == "":
		e.out = append(e.out, kindEmpty)
		return nil
	case n == 1:
		e.out = append(e.out, kindOne|byte(class)<<4)
		e.add(class, values[0])
		return nil
	case class == classRaw:
		by, _ := e.narrowest(d, p.others)
		e.dict(d, by)
		e.each(d.values, class)
		return nil
	case p.sparse && e.some(d, values, p):
		return nil
	}
	return e.list(d, values, p)
}

// templateGain is how many bits templates must save in a dictionary, whose strings
// are faster to read as they are.
const templateGain = 8 * 256

// list appends several strings, as a dictionary or one by one, as they are or as
// templates, by estimate in bits.
func (e *encoder) list(d *dictionary, values []string, p plan) []string {
	n, m := len(d.values), len(values)
	mined := p.templates && n >= 8 && e.mine(d.values)
	plain := 10*n + 3*rawBytes(d.values)
	once, all := plain, plain+(m-n)*30 // a repeated string is found again by zstd
	if mined {
		plain = e.miner.estimatePlain(d.values)
		once, all = e.miner.estimate(d.idx)
		if mined = once < plain; !mined {
			once, all = plain, plain+(m-n)*30
		}
	}
	by, size := e.narrowest(d, p.others)
	byDict, byRow := 8*size+once, all
	if p.field {
		byDict, byRow = byDict+16*n, byRow+16*m
	}
	if p.narrows && 2*n < m {
		byRow += byDict
	}
	if byDict <= byRow {
		e.dict(d, by)
		if mined && once+templateGain < plain {
			e.templates(d.values, e.identity(n), classDict)
		} else {
			e.each(d.values, classDict)
		}
		return d.values
	}
	if mined {
		e.templates(d.values, d.idx, classDict)
	} else {
		e.each(values, classHeap)
	}
	return values
}

// identity returns the numbers below n.
func (e *encoder) identity(n int) []uint16 {
	for i := len(e.naturals); i < n; i++ {
		e.naturals = append(e.naturals, uint16(i))
	}
	return e.naturals[:n]
}

// dict appends the start of a column with a dictionary; its strings follow.
func (e *encoder) dict(d *dictionary, by int) {
	d.indexed = true
	e.out = append(e.out, kindDict)
	e.uvarint(len(d.values))
	e.index(d, by)
	e.kids++
}

func (e *encoder) each(values []string, class int) {
	e.out = append(e.out, kindEach|byte(class)<<4)
	for _, v := range values {
		e.add(class, v)
	}
}

// some appends a column of which many elements are empty: which are not, and a
// column of those. It does nothing and returns false if they are not so many.
func (e *encoder) some(d *dictionary, values []string, p plan) bool {
	present, presence := e.present[:0], &e.presence
	presence.idx = presence.idx[:0]
	for _, v := range values {
		there := uint16(0)
		if v != "" {
			there = 1
			present = append(present, v)
		}
		presence.idx = append(presence.idx, there)
	}
	e.present = present
	saved := (len(values) - len(present)) * indexWidth(len(d.values))
	if saved < 2*len(values) {
		return false
	}
	presence.values = append(presence.values[:0], "", "some")
	e.out = append(e.out, kindSome)
	e.index(presence, -1)
	e.uvarint(len(present))
	e.kids++
	e.build(&e.some1, present)
	p.others, p.sparse = nil, false
	e.strings(&e.some1, present, p)
	return true
}

func rawBytes(values []string) int {
	n := len(values)
	for _, v := range values {
		n += len(v)
	}
	return n
}
