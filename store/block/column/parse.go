package column

import (
	"unsafe"

	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
)

// below stands for the number of a column that is not at the top.
const below = -1

// Parser walks over the columns of a block once and checks everything that a later read
// relies on: whatever lies behind a checked offset can be wrong, but not out of bounds. The
// order is that of the format: NewParser, then whatever else the block holds, then Columns.
type Parser struct {
	bits.Scanner
	set *Set

	nextKid int                // of Set.kids
	next    [chunk.Classes]int // number of the class's next string
}

// NewParser returns a parser for the columns of data, to the end of which they go but for
// bits.Slack bytes, with so many columns below those of the layout. It begins at pos and reads
// the table of the texts.
func NewParser(layout Layout, data []byte, pos, rows, kids int) *Parser {
	p := &Parser{Scanner: bits.Scanner{Data: data[:len(data)-bits.Slack], Pos: pos}}
	if kids > len(p.Data) {
		p.Fail("%d columns", kids)
		return p
	}
	columns := make([]Column, len(layout)+kids)
	p.set = &Set{data, &parts{
		layout:  layout,
		columns: columns[:len(layout):len(layout)],
		kids:    columns[len(layout):],
		slots:   make([]uint16, 0, kids+kids/2),
		fingers: make([]uint32, len(layout)),
	}}
	p.Frames = make([]bits.Frame, 0, 2*((rows+63)/64))
	p.set.texts.ScanTable(&p.Scanner)
	return p
}

// Columns reads the columns, of so many rows, and the texts, with which the data ends.
func (p *Parser) Columns(rows int) (Set, error) {
	if p.Err != nil {
		return Set{}, p.Err
	}
	s := p.set
	for i := range s.columns {
		c, spec := s.At(i), &s.layout[i]
		allowed := inText
		switch {
		case spec.Names != 0:
			allowed = inNames
		case spec.Marks != nil:
			allowed |= inMarked
		}
		p.column(c, rows, i, allowed)
		if spec.Finger != nil && p.Err == nil && s.fingered(c) {
			s.fingers[i] = uint32(p.Take(2 * int(s.Inner(c).m)))
		}
		if p.Err != nil {
			return Set{}, p.Err
		}
	}
	s.frames = p.Frames
	s.texts.ScanChunks(&p.Scanner)
	if p.Err == nil && (p.nextKid != len(s.kids) || p.Pos != len(p.Data)) {
		p.Fail("%d columns and %d bytes are left over", len(s.kids)-p.nextKid, len(p.Data)-p.Pos)
	}
	s.memory = int(unsafe.Sizeof(*s.parts)) + (len(s.columns)+len(s.kids))*int(unsafe.Sizeof(Column{})) +
		2*cap(s.slots) + 4*len(s.fingers) + cap(s.frames)*int(unsafe.Sizeof(bits.Frame{}))
	return *s, p.Err
}

// column reads column number top, or one below it, of m elements, which may be of any kind
// that may stand where it stands.
func (p *Parser) column(c *Column, m, top int, allowed where) {
	kind := p.Byte()
	c.kind, c.m = kind&15, uint16(m)
	class := int(kind >> 4)
	if c.kind >= kindCount || kinds[c.kind].where&allowed == 0 || class >= chunk.Classes {
		p.Fail("a column of kind %d, class %d", c.kind, class)
		c.kind = kindEmpty
		return
	}
	kinds[c.kind].scan(p, c, class, top)
}

// kid reads the only column below c.
func (p *Parser) kid(c *Column, m int, allowed where) {
	if p.kids(c, 1); p.Err == nil {
		p.column(p.set.Kid(c, 0), m, below, allowed)
	}
}

// strings gives c the next n strings of a class.
func (p *Parser) strings(c *Column, class, n int) {
	if n > p.set.texts.Len(class)-p.next[class] {
		p.Fail("%d strings of class %d are too few", p.set.texts.Len(class), class)
		return
	}
	c.text = uint32(p.next[class])
	for before := range class {
		c.text += uint32(p.set.texts.Len(before))
	}
	p.next[class] += n
}

// kids gives c the next n kids.
func (p *Parser) kids(c *Column, n int) {
	if n > len(p.set.kids)-p.nextKid {
		p.Fail("%d columns are left, %d are needed", len(p.set.kids)-p.nextKid, n)
		return
	}
	c.kids = uint32(p.nextKid)
	p.nextKid += n
}

// scanSlots reads the slots of c's shapes or templates: for each how many, of how many
// elements, and their columns.
func (p *Parser) scanSlots(c *Column, allowed where) {
	s := p.set
	total := p.Count(0, maxSlots)
	p.kids(c, total)
	c.slots = uint32(len(s.slots))
	s.slots = append(s.slots, make([]uint16, int(c.n)+1)...)
	used := 0
	for t := range int(c.n) {
		n, m := p.Count(0, total-used), 0
		if n > 0 {
			m = p.Count(1, int(c.m))
		}
		for ; n > 0 && p.Err == nil; n-- {
			p.column(s.Kid(c, used), m, below, allowed)
			used++
		}
		s.slots[int(c.slots)+t+1] = uint16(used)
		if p.Err != nil {
			return
		}
	}
}
