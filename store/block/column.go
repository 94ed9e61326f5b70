package block

import "encoding/binary"

// The columns of text, in the order in which a block holds them. A column that
// another one can determine comes behind it.
const (
	colActor = iota
	colActorType
	colLabel
	colAction
	colResourceType
	colResourceID
	colResourceName
	colLocation
	colOutcome
	colDetail
	colChannel
	colIP
	colAgent
	colRequest
	colKey
	colPurge
	colChanges
	colMetadata
	columnCount
)

// textColumns are the columns, besides changes and metadata, that full-text
// search looks into: those of audit.Entry.EachText.
var textColumns = [...]int{
	colDetail, colAction, colActor, colLabel,
	colResourceType, colResourceID, colResourceName, colLocation,
}

// What a column can be; doc.go has the bytes of each.
const (
	kindEmpty    = iota // every element is the empty string
	kindOne             // every element is the same string
	kindEach            // a string an element
	kindDict            // an index an element into a column of distinct strings
	kindShape           // an index an element into shapes, and a column a shape and slot
	kindBlob            // shapes and their values as one string an element
	kindSome            // which elements are not empty, and a column of those
	kindTemplate        // an index an element into templates, and a column a template and slot
	kindInt             // decimal numbers
	kindDigits          // decimal numbers of as many digits each
	kindHex             // hexadecimal numbers of as many digits each
	kindRefs            // a column of strings in which marks stand for what the row has elsewhere
)

// Which kinds may stand where, a bit each.
const (
	wordKinds  = 1<<kindEmpty | 1<<kindOne | 1<<kindEach | 1<<kindDict
	textKinds  = wordKinds | 1<<kindTemplate | 1<<kindSome
	slotKinds  = wordKinds | 1<<kindInt | 1<<kindDigits | 1<<kindHex
	listKinds  = 1<<kindEach | 1<<kindTemplate // of a dictionary
	shapeKinds = 1<<kindEmpty | 1<<kindShape | 1<<kindBlob
)

// Where a column's strings lie.
const (
	classRaw  = iota // uncompressed, read at Open: what filters compare with
	classDict        // strings that many rows share
	classHeap        // strings of one row each
	classCount
)

// column is a list of strings, or of lists of strings, read where it lies in the block.
type column struct {
	kind  uint8
	by    uint8  // number of the column that determines the index, plus one
	m     uint16 // elements
	n     uint16 // distinct strings, shapes or templates; digits of a number
	text  uint32 // number of the first string
	kids  uint32 // first of its kids in Block.kids
	slots uint32 // where in Block.slots it says which of the kids belong to a shape or template
	// ints is the column's numbers, or its index: planes, or what packs the map
	// from the determining column's index.
	ints
}

// kid returns the k'th kid of c.
func (b *Block) kid(c *column, k int) *column { return &b.kids[int(c.kids)+k] }

// slotsOf returns which kids of c belong to shape or template s.
func (b *Block) slotsOf(c *column, s int) (first, end int) {
	at := int(c.slots) + s
	return int(b.slots[at]), int(b.slots[at+1])
}

// index returns which distinct string, or shape, element i has. It is less than
// n unless the block is damaged, which callers check.
func (b *Block) index(c *column, i int) int {
	if c.by != 0 {
		parent := &b.columns[c.by-1]
		if i = b.index(parent, i); i >= int(parent.n) {
			return MaxRows
		}
		return int(loadBits(b.data, int(c.off), i, uint(c.width)))
	}
	return planeGet(b.data, int(c.off), int(c.width), int(c.m), i)
}

// indexes reads the index of every element into dst, which has room for MaxRows.
func (b *Block) indexes(c *column, dst []uint16) {
	if c.by == 0 {
		planesGet(b.data, int(c.off), int(c.width), int(c.m), dst)
		return
	}
	parent := &b.columns[c.by-1]
	b.indexes(parent, dst)
	for i, v := range dst[:c.m] {
		if v >= parent.n {
			dst[i] = MaxRows
			continue
		}
		dst[i] = uint16(loadBits(b.data, int(c.off), int(v), uint(c.width)))
	}
}

// having returns which elements have an index out of want.
func (b *Block) having(c *column, want *Rows) (r Rows) {
	if c.by != 0 {
		parent := &b.columns[c.by-1]
		var through Rows
		for v := range int(parent.n) {
			if want.Has(int(loadBits(b.data, int(c.off), v, uint(c.width)))) {
				through.Set(v)
			}
		}
		return b.having(parent, &through)
	}
	for v := want.Next(0); v >= 0 && v < int(c.n); v = want.Next(v + 1) {
		for k := range (int(c.m) + 63) / 64 {
			r[k] |= planeEq(b.data, int(c.off), int(c.width), int(c.m), k, v)
		}
	}
	return r
}

// rank returns how many elements before i have index v.
func (b *Block) rank(c *column, i, v int) int {
	want := Rows{}
	want.Set(v)
	r := b.having(c, &want)
	before := All(i)
	r.And(&before)
	return r.Count()
}

// value returns element i of a column of strings.
func (b *Block) value(c *column, i int) (string, error) {
	switch c.kind {
	case kindEmpty:
		return "", nil
	case kindOne:
		return b.text(int(c.text))
	case kindEach:
		return b.text(int(c.text) + i)
	case kindDict:
		v := b.index(c, i)
		if v >= int(c.n) {
			return "", corrupt("index %d of %d strings", v, c.n)
		}
		return b.value(b.kid(c, 0), v)
	case kindSome:
		if b.index(c, i) == 0 {
			return "", nil
		}
		rank := b.rank(c, i, 1)
		if rank >= int(b.kid(c, 0).m) {
			return "", corrupt("value %d of %d", rank, b.kid(c, 0).m)
		}
		return b.value(b.kid(c, 0), rank)
	}
	if c.kind == kindRefs {
		return b.refValue(c, i)
	}
	var few [128]byte
	s, err := b.appendValue(few[:0], c, i)
	return string(s), err
}

// values returns all elements of a column of strings, in dst's memory if it has
// room.
func (b *Block) values(c *column, dst []string) ([]string, error) {
	switch c.kind {
	case kindDict:
		return b.dictValues(c, dst[:0])
	case kindSome:
		return b.someValues(c, dst[:0])
	case kindTemplate:
		return b.templateValues(c, dst[:0])
	case kindRefs:
		return b.refValues(c, dst[:0])
	}
	dst = dst[:0]
	for i := range int(c.m) {
		s, err := b.value(c, i)
		if err != nil {
			return nil, err
		}
		dst = append(dst, s)
	}
	return dst, nil
}

func (b *Block) dictValues(c *column, dst []string) ([]string, error) {
	distinct, err := b.values(b.kid(c, 0), make([]string, 0, c.n))
	if err != nil {
		return nil, err
	}
	var idx [MaxRows]uint16
	b.indexes(c, idx[:])
	for _, v := range idx[:c.m] {
		if int(v) >= len(distinct) {
			return nil, corrupt("index %d of %d strings", v, c.n)
		}
		dst = append(dst, distinct[v])
	}
	return dst, nil
}

func (b *Block) someValues(c *column, dst []string) ([]string, error) {
	present, err := b.values(b.kid(c, 0), make([]string, 0, b.kid(c, 0).m))
	if err != nil {
		return nil, err
	}
	var idx [MaxRows]uint16
	b.indexes(c, idx[:])
	for _, there := range idx[:c.m] {
		switch {
		case there == 0:
			dst = append(dst, "")
		case len(present) == 0:
			return nil, corrupt("more than %d values", b.kid(c, 0).m)
		default:
			dst, present = append(dst, present[0]), present[1:]
		}
	}
	return dst, nil
}

// splitShape calls fn with each name that shape s is made of. A shape is its
// names, each behind its length.
func splitShape(s string, fn func(name string)) error {
	for s != "" {
		name, rest, ok := cutText(s)
		if !ok {
			return corrupt("a shape is cut short")
		}
		fn(name)
		s = rest
	}
	return nil
}

// cutText takes a string behind its length off s.
func cutText(s string) (text, rest string, ok bool) {
	n, size := uvarint(s)
	if size <= 0 || n > uint64(len(s)-size) {
		return "", "", false
	}
	return s[size : size+int(n)], s[size+int(n):], true
}

// uvarint is binary.Uvarint of a string.
func uvarint(s string) (uint64, int) {
	var few [binary.MaxVarintLen64]byte
	return binary.Uvarint(few[:copy(few[:], s)])
}
