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

// textOf returns what a top column of strings has of an entry.
func textOf(e *audit.Entry, col int) string { return *fields[col](e) }

// column appends a top column of strings.
func (e *encoder) column(col int, entries []*audit.Entry) {
	values := e.values[:0]
	for _, x := range entries {
		values = append(values, textOf(x, col))
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
		narrows:   col == colResourceID || col == colActor || col == colAction,
		templates: f != ResourceType, // which is compared folded
		sparse:    f == noField,
	})
	for _, v := range listed { // their fingerprints
		e.out = binary.LittleEndian.AppendUint16(e.out, uint16(Hash(f, v)))
	}
}

// strings appends a column of strings, d being their dictionary, in what is
// probably the smallest way. It returns the strings that want fingerprints.
func (e *encoder) strings(d *dictionary, values []string, p plan) []string {
	switch n := len(d.values); {
	case n == 1 && values[0] == "":
		e.out = append(e.out, kindEmpty)
		return nil
	case n == 1:
		class := classDict
		if p.field && len(values[0]) <= rawLimit(len(values)) {
			class = classRaw
		}
		e.out = append(e.out, kindOne|byte(class)<<4)
		e.add(class, values[0])
		return nil
	case p.sparse && e.some(d, values, p):
		return nil
	}
	return e.list(d, values, p)
}

// rawLimit is how many bytes of a field's strings are worth being stored raw in a
// block of so many rows.
func rawLimit(rows int) int { return 64 + rows/2 }

// list appends several strings, as a dictionary or one by one, as they are or as
// templates, by estimates in bits.
func (e *encoder) list(d *dictionary, values []string, p plan) []string {
	n, m := len(d.values), len(values)
	mined := p.templates && !e.plain && n >= 8 && e.mine(d.values) && (!p.field || e.miner.numeric())
	// gain is what templates must save in a dictionary, whose strings are faster
	// to read as they are.
	class, gain := classDict, 8*256
	once, again := plainBits(d.values), 30 // a repeated string is found again by zstd
	if mined {
		once = e.miner.plainBits(d.values)
	}
	if p.field {
		class, gain = classRaw, 8*64
		if raw := rawBytes(d.values); raw <= rawLimit(m) {
			once, again = 8*raw, 8*m // always a dictionary
		} else {
			class = classDict
			once, again = once+16*n, again+16
		}
	}
	each, all := once, once+(m-n)*again
	templates := false
	if mined {
		var bits int
		if bits, all = e.miner.bits(d.idx); bits+gain < once {
			templates, each = true, bits
		} else if bits >= once {
			mined, all = false, once+(m-n)*again
		}
	}
	by, size := e.narrowest(d, p.others)
	if byDict := 8*size + each; byDict <= all || p.narrows && 2*n < m {
		e.dict(d, by)
		return e.listed(d.values, e.identity(n), class, templates, p)
	}
	if mined {
		return e.listed(d.values, d.idx, class, true, p)
	}
	return e.listed(values, nil, classHeap, false, p)
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
	d.narrows = by < 0
	e.out = append(e.out, kindDict)
	e.uvarint(len(d.values))
	e.index(d, by)
	e.kids++
}

// listed appends values as they are, or, if they are mined, the elements that idx
// names as templates, whose texts filters compare. It returns the strings that want fingerprints.
func (e *encoder) listed(values []string, idx []uint16, class int, mined bool, p plan) []string {
	if mined {
		if p.field {
			class = classRaw
		}
		e.templates(values, idx, class)
		return nil
	}
	e.out = append(e.out, kindEach|byte(class)<<4)
	for _, v := range values {
		e.add(class, v)
	}
	if !p.field || class == classRaw {
		return nil
	}
	return values
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
	e.build(&e.filled, present)
	p.others, p.sparse = nil, false
	e.strings(&e.filled, present, p)
	return true
}

// plainBits returns about how many bits strings take that zstd compresses.
func plainBits(values []string) int { return 10*len(values) + 3*rawBytes(values) }

func rawBytes(values []string) int {
	n := len(values)
	for _, v := range values {
		n += len(v)
	}
	return n
}
