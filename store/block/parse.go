package block

import (
	"encoding/binary"
	"unsafe"
)

// parser walks a block once and checks everything that a later read relies on:
// whatever lies behind a checked offset can be wrong, but not out of bounds.
type parser struct {
	b    *Block
	data []byte // without slack and checksum
	pos  int
	err  error

	nextKid int             // of Block.kids
	total   [classCount]int // strings a class
	next    [classCount]int // number of the class's next string
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
	b.kids = make([]column, kids)
	b.slots = make([]uint16, 0, kids+kids/2)
	b.frames = make([]frame, 0, 2*frameCount(b.rows))
	p.textFrames()
	b.created = p.ints(b.rows)
	b.ids = p.ints(b.rows)
	b.seqs = p.ints(b.rows)
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
		if f := fieldOf(i); f != noField && p.err == nil && fingered(b, c) {
			b.fingers[f] = uint32(p.take(2 * int(b.valuesOf(c).m)))
		}
		if p.err != nil {
			return p.err
		}
	}
	p.frames()
	if p.err == nil && (p.nextKid != kids || p.pos != len(p.data)) {
		p.fail("%d columns and %d bytes are left over", kids-p.nextKid, len(p.data)-p.pos)
	}
	b.memory.Add(int64(kids)*int64(unsafe.Sizeof(column{})) + 2*int64(cap(b.slots)) +
		int64(cap(b.frames))*int64(unsafe.Sizeof(frame{})))
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
	switch x.mode {
	case intsFlat:
		p.flat(&x, n)
	case intsFramed:
		p.framed(&x, n, frameCount(n))
	case intsLinear:
		p.framed(&x, n, frameCount(n)+1)
	default:
		p.fail("integers of mode %d", x.mode)
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

// framed reads the frames of x, which have so many bases together.
func (p *parser) framed(x *ints, n, bases int) {
	var base ints
	p.flat(&base, bases)
	count := frameCount(n)
	widths := p.take(count)
	if p.err != nil {
		return
	}
	b := p.b
	x.off = uint32(len(b.frames))
	for k := range count {
		f := frame{base: b.int(&base, k), width: p.data[widths+k], rows: uint8(min(frameRows, n-k*frameRows))}
		if k+1 < bases {
			f.slope = b.int(&base, k+1) - f.base
		}
		f.off = uint32(p.take(p.frameBytes(&f, x.mode)))
		if p.err != nil {
			return
		}
		b.frames = append(b.frames, f)
	}
}

// frameBytes returns the size of a frame's values.
func (p *parser) frameBytes(f *frame, mode uint8) int {
	width := int(f.width)
	if mode == intsLinear && f.width&risingFrame != 0 {
		width &^= risingFrame
		if f.slope < 0 || width > 62 || f.slope>>width > 8*int64(len(p.data)) {
			p.fail("a frame that rises by %d, of %d bits", f.slope, width)
			return 0
		}
		return risingBytes(f.slope, int(f.rows), width)
	}
	if width > 64 {
		p.fail("integers of %d bits", width)
		return 0
	}
	return packedBytes(int(f.rows), width)
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
	if p.kids(c, 1); p.err == nil {
		p.column(p.b.kid(c, 0), m, columnCount, allowed)
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

// kids gives c the next n kids.
func (p *parser) kids(c *column, n int) {
	if n > len(p.b.kids)-p.nextKid {
		p.fail("%d columns are left, %d are needed", len(p.b.kids)-p.nextKid, n)
		return
	}
	c.kids = uint32(p.nextKid)
	p.nextKid += n
}

// shapes reads the slots of c's shapes or templates: for each how many, of how many
// elements, and their columns.
func (p *parser) shapes(c *column, allowed uint) {
	b := p.b
	total := p.count(0, maxSlots)
	p.kids(c, total)
	c.slots = uint32(len(b.slots))
	b.slots = append(b.slots, make([]uint16, int(c.n)+1)...)
	used := 0
	for s := range int(c.n) {
		n, m := p.count(0, total-used), 0
		if n > 0 {
			m = p.count(1, int(c.m))
		}
		for ; n > 0 && p.err == nil; n-- {
			p.column(b.kid(c, used), m, columnCount, allowed)
			used++
		}
		b.slots[int(c.slots)+s+1] = uint16(used)
		if p.err != nil {
			return
		}
	}
}

// textFrames reads the table of the text frames; where they lie is known at the end.
func (p *parser) textFrames() {
	b := p.b
	first := 0
	for class := range classCount {
		n := p.count(0, len(p.data))
		if class == classRaw && n > 1 {
			p.fail("%d frames of the raw class", n)
		}
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
