package block

import (
	"unsafe"

	"auditlog/store/block/bits"
)

// parser walks a block once and checks everything that a later read relies on:
// whatever lies behind a checked offset can be wrong, but not out of bounds.
type parser struct {
	b            *Block
	bits.Scanner // over the data without slack and checksum

	nextKid int             // of Block.kids
	total   [classCount]int // strings a class
	next    [classCount]int // number of the class's next string
}

func (p *parser) parse(kids int) error {
	b := p.b
	if kids > len(p.Data) {
		return bits.Corrupt("%d columns", kids)
	}
	b.kids = make([]column, kids)
	b.slots = make([]uint16, 0, kids+kids/2)
	p.Frames = make([]bits.Frame, 0, 2*(b.rows+63)/64)
	p.textFrames()
	b.created = p.Ints(b.rows)
	b.ids = p.Ints(b.rows)
	b.recorded = p.recorded()
	for i := range b.columns {
		c := &b.columns[i]
		allowed := uint(textKinds)
		switch {
		case i == colDetail:
			allowed |= 1 << kindRefs
		case i >= colChanges:
			allowed = shapeKinds
		}
		p.column(c, b.rows, i, allowed)
		if f := fieldOf(i); f != noField && p.Err == nil && fingered(b, c) {
			b.fingers[f] = uint32(p.Take(2 * int(b.valuesOf(c).m)))
		}
		if p.Err != nil {
			return p.Err
		}
	}
	b.frames = p.Frames
	p.textChunks()
	if p.Err == nil && (p.nextKid != kids || p.Pos != len(p.Data)) {
		p.Fail("%d columns and %d bytes are left over", kids-p.nextKid, len(p.Data)-p.Pos)
	}
	b.memory.Add(int64(kids)*int64(unsafe.Sizeof(column{})) + 2*int64(cap(b.slots)) +
		int64(cap(b.frames))*int64(unsafe.Sizeof(bits.Frame{})))
	return p.Err
}

// column reads column number top, or one below it, of m elements and of one of
// the kinds allowed.
func (p *parser) column(c *column, m, top int, allowed uint) {
	kind := p.Byte()
	c.kind, c.m = kind&15, uint16(m)
	class := int(kind >> 4)
	if allowed>>c.kind&1 == 0 || class >= classCount {
		p.Fail("a column of kind %d, class %d", c.kind, class)
		return
	}
	switch c.kind {
	case kindOne:
		p.strings(c, class, 1)
	case kindEach:
		p.strings(c, class, m)
	case kindDict:
		c.n = uint16(p.Count(1, m))
		p.index(c, top)
		p.kid(c, int(c.n), listKinds)
	case kindSome:
		c.n = 2
		p.index(c, top)
		p.kid(c, p.Count(1, m), textKinds&^(1<<kindSome))
	case kindShape, kindTemplate:
		c.n = uint16(p.Count(1, m))
		p.strings(c, class, int(c.n))
		p.index(c, top)
		if c.kind == kindShape {
			p.shapes(c, textKinds)
		} else {
			p.shapes(c, slotKinds)
		}
	case kindBlob:
		p.kid(c, m, wordKinds)
	case kindRefs:
		p.kid(c, m, textKinds)
	default:
		p.numeric(c)
	}
}

// kid reads the only column below c.
func (p *parser) kid(c *column, m int, allowed uint) {
	if p.kids(c, 1); p.Err == nil {
		p.column(p.b.kid(c, 0), m, columnCount, allowed)
	}
}

// strings gives c the next n strings of a class.
func (p *parser) strings(c *column, class, n int) {
	if n > p.total[class]-p.next[class] {
		p.Fail("%d strings of class %d are too few", p.total[class], class)
		return
	}
	c.text = uint32(p.next[class])
	for before := range class {
		c.text += uint32(p.total[before])
	}
	p.next[class] += n
}

// kids gives c the next n kids.
func (p *parser) kids(c *column, n int) {
	if n > len(p.b.kids)-p.nextKid {
		p.Fail("%d columns are left, %d are needed", len(p.b.kids)-p.nextKid, n)
		return
	}
	c.kids = uint32(p.nextKid)
	p.nextKid += n
}

// shapes reads the slots of c's shapes or templates: for each how many, of how many
// elements, and their columns.
func (p *parser) shapes(c *column, allowed uint) {
	b := p.b
	total := p.Count(0, maxSlots)
	p.kids(c, total)
	c.slots = uint32(len(b.slots))
	b.slots = append(b.slots, make([]uint16, int(c.n)+1)...)
	used := 0
	for s := range int(c.n) {
		n, m := p.Count(0, total-used), 0
		if n > 0 {
			m = p.Count(1, int(c.m))
		}
		for ; n > 0 && p.Err == nil; n-- {
			p.column(b.kid(c, used), m, columnCount, allowed)
			used++
		}
		b.slots[int(c.slots)+s+1] = uint16(used)
		if p.Err != nil {
			return
		}
	}
}

// textFrames reads the table of the text frames; where they lie is known at the end.
func (p *parser) textFrames() {
	b := p.b
	first := 0
	for class := range classCount {
		n := p.Count(0, len(p.Data))
		if class == classRaw && n > 1 {
			p.Fail("%d frames of the raw class", n)
		}
		for range n {
			b.texts = append(b.texts, textFrame{})
			f := &b.texts[len(b.texts)-1]
			f.first = first
			f.n = p.Count(0, maxFrame)
			f.raw = p.Count(f.n, maxFrame)
			f.stored = p.Count(0, len(p.Data))
			if f.packed = f.stored != 0; !f.packed {
				f.stored = f.raw
			}
			if p.Err != nil {
				return
			}
			first += f.n
			p.total[class] += f.n
		}
	}
	b.raws = p.total[classRaw]
	b.memory.Add(int64(len(b.texts)) * int64(unsafe.Sizeof(textFrame{})))
}

// textChunks finds where the text frames lie, and reads those of the raw class.
func (p *parser) textChunks() {
	b := p.b
	for i := range b.texts {
		f := &b.texts[i]
		f.off = p.Take(f.stored)
		if p.Err != nil {
			return
		}
		if f.first < b.raws {
			if f.packed {
				p.Fail("a packed frame of the raw class")
				return
			}
			if _, err := b.decode(f); err != nil {
				p.Err = err
				return
			}
		}
	}
}
