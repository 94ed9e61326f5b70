package block

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// parser walks a block once and checks everything that a later read relies on:
// whatever lies behind a checked offset can be wrong, but not out of bounds.
type parser struct {
	b    *Block
	data []byte // without slack and checksum
	pos  int
	err  error

	slab  []column        // kids are cut from here
	total [classCount]int // strings a class
	next  [classCount]int // number of the class's next string
}

// fail keeps the first error; parsing goes on with zeros until it is looked at.
func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = corrupt(format, args...)
	}
}

func (p *parser) parse(kids int) error {
	b := p.b
	if kids > len(p.data) {
		return corrupt("%d columns", kids)
	}
	p.slab = make([]column, kids)
	p.textFrames()
	b.created = p.ints(b.rows)
	b.ids = p.ints(b.rows)
	b.recorded = p.recorded()
	for i := range b.columns {
		c := &b.columns[i]
		if i < colChanges {
			p.column(c, b.rows, i, textKinds)
		} else {
			p.column(c, b.rows, i, shapeKinds)
		}
		if f := fieldOf(i); f != noField && p.err == nil && fingered(b, c) {
			b.fingers[f] = uint32(p.take(2 * int(valuesOf(c).m)))
		}
		if p.err != nil {
			return p.err
		}
	}
	p.frames()
	if p.err == nil && (len(p.slab) != 0 || p.pos != len(p.data)) {
		p.fail("%d columns and %d bytes are left over", len(p.slab), len(p.data)-p.pos)
	}
	b.memory.Add(int64(kids) * int64(unsafe.Sizeof(column{})))
	return p.err
}

// take returns where the next n bytes start, and skips them.
func (p *parser) take(n int) int {
	off := p.pos
	if n < 0 || n > len(p.data)-off {
		p.fail("%d bytes are needed, %d are left", n, len(p.data)-off)
		return 0
	}
	p.pos += n
	return off
}

func (p *parser) byte() byte {
	if off := p.take(1); p.err == nil {
		return p.data[off]
	}
	return 0
}

// count reads a number from lo to hi.
func (p *parser) count(lo, hi int) int {
	v, size := binary.Uvarint(p.data[p.pos:])
	if size <= 0 || v < uint64(lo) || v > uint64(hi) {
		p.fail("a count is not from %d to %d", lo, hi)
		return lo
	}
	p.pos += size
	return int(v)
}

func (p *parser) varint() int64 {
	v, size := binary.Varint(p.data[p.pos:])
	if size <= 0 {
		p.fail("a number is cut short")
		return 0
	}
	p.pos += size
	return v
}

// ints reads a packed list of n integers.
func (p *parser) ints(n int) ints {
	x := ints{mode: p.byte(), n: uint16(n)}
	if x.mode > intsLinear {
		p.fail("integers of mode %d", x.mode)
	}
	if x.mode == intsFlat {
		p.flat(&x, n)
		return x
	}
	var anchors ints
	count := frameCount(n)
	if x.mode == intsLinear {
		p.flat(&anchors, count+1)
	} else {
		p.flat(&anchors, count)
	}
	widths := p.take(count)
	if p.err != nil {
		return ints{}
	}
	x.frames = make([]frame, count)
	p.b.memory.Add(int64(count) * int64(unsafe.Sizeof(frame{})))
	for k := range x.frames {
		f := &x.frames[k]
		f.base = anchors.at(p.b.data, k)
		if x.mode == intsLinear {
			f.slope = anchors.at(p.b.data, k+1) - f.base
		}
		f.width = p.data[widths+k]
		if f.width > 64 {
			p.fail("integers of %d bits", f.width)
		}
		f.off = uint32(p.take(packedBytes(min(frameRows, n-k*frameRows), int(f.width))))
	}
	return x
}

func (p *parser) flat(x *ints, n int) {
	x.width = p.byte()
	if x.width > 64 {
		p.fail("integers of %d bits", x.width)
	}
	x.base = p.varint()
	x.off = uint32(p.take(packedBytes(n, int(x.width))))
}

// column reads column number top, or one below it, of m elements and of one of
// the kinds allowed.
func (p *parser) column(c *column, m, top int, allowed uint) {
	kind := p.byte()
	c.kind, c.m = kind&15, uint16(m)
	class := int(kind >> 4)
	if allowed>>c.kind&1 == 0 || class >= classCount {
		p.fail("a column of kind %d, class %d", c.kind, class)
		return
	}
	switch c.kind {
	case kindOne:
		p.strings(c, class, 1)
	case kindEach:
		p.strings(c, class, m)
	case kindDict:
		c.n = uint16(p.count(1, m))
		p.index(c, top)
		p.kid(c, int(c.n), listKinds)
	case kindSome:
		c.n = 2
		p.index(c, top)
		p.kid(c, p.count(1, m), textKinds&^(1<<kindSome))
	case kindShape, kindTemplate:
		c.n = uint16(p.count(1, m))
		p.strings(c, class, int(c.n))
		p.index(c, top)
		p.shapes(c)
	case kindBlob:
		p.kid(c, m, wordKinds)
	default:
		p.numeric(c)
	}
}

// kid reads the only column below c.
func (p *parser) kid(c *column, m int, allowed uint) {
	if p.kids(c, 1); p.err == nil {
		p.column(&c.kids[0], m, columnCount, allowed)
	}
}

// strings gives c the next n strings of a class.
func (p *parser) strings(c *column, class, n int) {
	if n > p.total[class]-p.next[class] {
		p.fail("%d strings of class %d are too few", p.total[class], class)
		return
	}
	c.text = uint32(p.next[class])
	for before := range class {
		c.text += uint32(p.total[before])
	}
	p.next[class] += n
}

// index reads the index of c, which is column number top of the block, or none
// of them and so has an index of its own.
func (p *parser) index(c *column, top int) {
	c.width = uint8(bits.Len(uint(c.n) - 1))
	c.by = p.byte()
	if c.by == 0 {
		c.off = uint32(p.take(int(c.width) * planeBytes(int(c.m))))
		return
	}
	if top >= columnCount || int(c.by) > top {
		p.fail("an index by column %d", c.by)
		return
	}
	parent := &p.b.columns[c.by-1]
	if parent.kind != kindDict {
		p.fail("an index by a column of kind %d", parent.kind)
		return
	}
	c.off = uint32(p.take(packedBytes(int(parent.n), int(c.width))))
}

// kids cuts c's kids from the slab.
func (p *parser) kids(c *column, n int) {
	if n > len(p.slab) {
		p.fail("%d columns are left, %d are needed", len(p.slab), n)
		return
	}
	c.kids, p.slab = p.slab[:n:n], p.slab[n:]
}

// shapes reads how many slots each shape or template of c has, and the columns of the slots.
func (p *parser) shapes(c *column) {
	var rows [MaxRows]uint16
	c.slots = make([]uint16, c.n+1)
	p.b.memory.Add(2 * int64(c.n+1))
	total := 0
	for s := range int(c.n) {
		if n := p.count(0, len(p.slab)-total); n > 0 {
			total += n
			rows[s] = uint16(p.count(1, int(c.m)))
		}
		c.slots[s+1] = uint16(total)
		if p.err != nil || total > maxSlots {
			p.fail("%d slots", total)
			return
		}
	}
	allowed := uint(textKinds)
	if c.kind == kindTemplate {
		allowed = slotKinds
	}
	p.kids(c, total)
	for s := range int(c.n) {
		for k := c.slots[s]; k < c.slots[s+1] && p.err == nil; k++ {
			p.column(&c.kids[k], int(rows[s]), columnCount, allowed)
		}
	}
}

// textFrames reads the table of the text frames; where they lie is known at the end.
func (p *parser) textFrames() {
	b := p.b
	first := 0
	for class := range classCount {
		n := p.count(0, len(p.data))
		for range n {
			b.texts = append(b.texts, textFrame{})
			f := &b.texts[len(b.texts)-1]
			f.first = first
			f.n = p.count(0, maxFrame)
			f.raw = p.count(f.n, maxFrame)
			f.stored = p.count(0, len(p.data))
			if f.packed = f.stored != 0; !f.packed {
				f.stored = f.raw
			}
			if p.err != nil {
				return
			}
			first += f.n
			p.total[class] += f.n
		}
	}
	b.raws = p.total[classRaw]
	b.memory.Add(int64(len(b.texts)) * int64(unsafe.Sizeof(textFrame{})))
}

// frames finds where the text frames lie, and reads those of the raw class.
func (p *parser) frames() {
	b := p.b
	for i := range b.texts {
		f := &b.texts[i]
		f.off = p.take(f.stored)
		if p.err != nil {
			return
		}
		if f.first < b.raws {
			if f.packed {
				p.fail("a packed frame of the raw class")
				return
			}
			if _, err := b.decode(f); err != nil {
				p.err = err
				return
			}
		}
	}
}
