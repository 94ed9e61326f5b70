package block

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
	colRecordedBy
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
	m     uint16 // elements
	n     uint16 // distinct strings, shapes or templates; digits of a hexadecimal number
	text  uint32 // number of the first string
	kids  uint32 // first of its kids in Block.kids
	slots uint32 // where in Block.slots it says which of the kids belong to a shape or template
	index index
	ints  ints // its numbers
}

// kid returns the k'th kid of c.
func (b *Block) kid(c *column, k int) *column { return &b.kids[int(c.kids)+k] }

// slotsOf returns which kids of c belong to shape or template s.
func (b *Block) slotsOf(c *column, s int) (first, end int) {
	at := int(c.slots) + s
	return int(b.slots[at]), int(b.slots[at+1])
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
		v := b.at(&c.index, i)
		if v >= int(c.n) {
			return "", corrupt("index %d of %d strings", v, c.n)
		}
		if list := b.kid(c, 0); list.kind == kindEach {
			return b.text(int(list.text) + v)
		}
		return b.value(b.kid(c, 0), v)
	case kindSome:
		if b.at(&c.index, i) == 0 {
			return "", nil
		}
		rank := b.rank(&c.index, i, 1)
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
