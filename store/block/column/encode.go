package column

import (
	"encoding/binary"

	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
	"auditlog/store/block/distinct"
	"auditlog/store/block/uuid"
)

// Encoder makes the columns of a block: of those of the layout one after the other. It can be
// used again after Reset, so that the next block need not allocate what it needs.
type Encoder struct {
	layout Layout
	plain  bool   // without templates
	top    int    // number of the next column of the layout
	out    []byte // the columns
	kids   int    // columns below those of the layout
	texts  *chunk.Writer
	table  *distinct.Table

	shapes      []string // of lists
	numbers     []int64
	dicts       []dictionary // of the layout's columns, for those that they determine
	alone       []bool       // those that no filter compares, and no other column is made by
	unique      uuid.List
	sub         dictionary // of the words of a template's slot
	present     []string   // of a sparse column
	presence    dictionary
	filled      dictionary
	lists       Lists
	miner       miner
	narrowed    narrowed
	seen        []uint16
	naturals    []uint16
	templatesOf []uint16
	arena       []byte // values with references
	ends        []int
	coded       []string
}

// NewEncoder returns an encoder for columns of a layout.
func NewEncoder(layout Layout) *Encoder {
	e := &Encoder{layout: layout, texts: chunk.NewWriter(), table: distinct.NewTable(), dicts: make([]dictionary, len(layout))}
	for i := range layout {
		e.alone = append(e.alone, layout.alone(i))
	}
	return e
}

// Reset begins another block: without templates, the most intricate of the codings, if plain.
func (e *Encoder) Reset(plain bool) {
	e.plain, e.top, e.out, e.kids = plain, 0, e.out[:0], 0
	e.texts.Reset()
}

// Forget drops the strings of the last block, which an encoder that waits for the next must
// not keep alive.
func (e *Encoder) Forget() {
	clear(e.shapes)
	clear(e.sub.values)
	clear(e.present)
	clear(e.coded)
	clear(e.filled.values)
	e.table.Forget()
	e.miner.forget()
	for i := range e.dicts {
		clear(e.dicts[i].values)
	}
	e.lists.forget()
}

// Kids returns how many columns there are below those of the layout.
func (e *Encoder) Kids() int { return e.kids }

// Byte appends a byte.
func (e *Encoder) Byte(v byte) { e.out = append(e.out, v) }

// Uvarint appends a count.
func (e *Encoder) Uvarint(n int) { e.out = binary.AppendUvarint(e.out, uint64(n)) }

// Ints appends a list of integers.
func (e *Encoder) Ints(v []int64) { e.out = bits.AppendInts(e.out, v) }

// Finish appends the table of the texts, what was encoded, and the texts to dst.
func (e *Encoder) Finish(dst []byte) []byte {
	dst = e.texts.AppendTable(dst)
	dst = append(dst, e.out...)
	return e.texts.AppendChunks(dst)
}

// AppendStrings appends the next column of the layout.
func (e *Encoder) AppendStrings(values []string) {
	spec, d := &e.layout[e.top], &e.dicts[e.top]
	e.top++
	if e.alone[e.top-1] && e.uuids(values) {
		return
	}
	most := len(values) // distinct strings, of which references would not make fewer
	if spec.Marks != nil {
		most /= 4
	}
	if !e.buildOf(d, values, most) {
		if coded, ok := e.references(values, spec.Marks); ok {
			e.refs()
			values = coded
		}
		e.build(d, values)
	}
	listed := e.strings(d, values, plan{
		others:    spec.NarrowedBy,
		compared:  spec.Finger != nil,
		narrows:   spec.Narrows,
		templates: !spec.Folded,
		sparse:    spec.Finger == nil,
	})
	for _, v := range listed { // their fingerprints
		e.out = binary.LittleEndian.AppendUint16(e.out, spec.Finger(v))
	}
}
