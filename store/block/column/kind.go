package column

import "auditlog/store/block/bits"

// The kinds of columns. The numbers are stored; doc.go has the bytes of each.
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
	kindCount
)

// kind is what a kind of column can do. What reads a column asks here, and never which
// kind it is: another kind is a file and a row.
type kind struct {
	name   string
	nature Nature
	where  where // it may stand

	coder                // of every kind
	held      holder     // nil: its values have to be made
	all       allReader  // nil: its values are read one by one
	made      maker      // nil: its values are not made of parts
	lifter    lifter     // nil: of what lies below it nothing is known
	numeral   numeral    // nil: it holds no numbers
	directory nameReader // nil: it holds no names
	writer    slotWriter // nil: the encoder does not choose it for a slot
	single    bool       // all elements are the same
	shared    bool       // an index into the distinct strings of its only kid
}

// kinds is the table.
var kinds = [kindCount]kind{
	kindEmpty: {name: "empty", nature: Nothing, where: inText | inWords | inSlot | inPresent | inNames,
		coder: emptyKind{}, held: emptyKind{}, directory: emptyKind{}, single: true},
	kindOne: {name: "one", nature: Plain, where: inText | inWords | inSlot | inPresent,
		coder: oneKind{}, held: oneKind{}, lifter: oneKind{}, single: true},
	kindEach: {name: "each", nature: Plain, where: inText | inWords | inSlot | inPresent | inDict,
		coder: eachKind{}, held: eachKind{}, all: eachKind{}, lifter: eachKind{}},
	kindDict: {name: "dict", nature: Chosen, where: inText | inWords | inSlot | inPresent,
		coder: dictKind{}, held: dictKind{}, all: dictKind{}, lifter: dictKind{}, shared: true},
	kindShape: {name: "shape", nature: Shapes, where: inNames,
		coder: shapeKind{}, lifter: shapeKind{}, directory: shapeKind{}},
	kindBlob: {name: "blob", nature: Blob, where: inNames,
		coder: blobKind{}, directory: blobKind{}},
	kindSome: {name: "some", nature: Chosen, where: inText,
		coder: someKind{}, held: someKind{}, all: someKind{}, lifter: someKind{}},
	kindTemplate: {name: "template", nature: Templates, where: inText | inPresent | inDict,
		coder: templateKind{}, all: templateKind{}, made: templateKind{}, lifter: templateKind{}},
	kindInt: {name: "int", nature: Number, where: inSlot,
		coder: intKind{}, numeral: intKind{}, writer: intKind{}},
	kindDigits: {name: "digits", nature: Number, where: inSlot,
		coder: digitsKind{}, numeral: digitsKind{}, writer: digitsKind{}},
	kindHex: {name: "hex", nature: Number, where: inSlot,
		coder: hexKind{}, numeral: hexKind{}, writer: hexKind{}},
	kindRefs: {name: "refs", nature: Marked, where: inMarked,
		coder: refsKind{}, all: refsKind{}, made: refsKind{}},
}

// Nature is what a column is to who looks for something in it. Kinds of one nature are
// looked into alike. Of a nature that a reader does not know it knows nothing: each
// element may hold what is looked for.
type Nature uint8

// The natures.
const (
	Nothing   Nature = iota // each element is the empty string
	Plain                   // each element is one of the column's own strings
	Chosen                  // each element is one of its kid's, or empty
	Templates               // the column's own strings are templates; each template has slots
	Marked                  // as its kid has it, but that marks stand for other columns
	Number                  // digits
	Shapes                  // the column's own strings are lists of names; each has slots of values
	Blob                    // its kid holds lists of names and values
)

// where is where a column may stand, a bit each.
type where uint8

const (
	inText    where = 1 << iota // at the top
	inWords                     // below a blob, or where there are no templates
	inSlot                      // of a template
	inPresent                   // below some
	inDict                      // below a dictionary
	inNames                     // at the top, of names and values
	inMarked                    // at the top, where the layout has marks
)

// Sets of elements go into the table's methods and out of them by value: what an interface is
// given a pointer to would have to live on the heap.

// coder reads the columns of a kind. What writes them is in the kind's file too, and is
// called by the encoder once it has chosen.
type coder interface {
	// scan reads what follows the byte of kind and class.
	scan(p *Parser, c *Column, class, top int)
	// append appends element i.
	append(dst []byte, s *Set, c *Column, i int) ([]byte, error)
}

// holder is of a kind that has its values as strings.
type holder interface {
	value(s *Set, c *Column, i int) (string, error)
}

// allReader is of a kind of which all elements are read together much faster than one by one.
type allReader interface {
	// values appends all elements to dst, which is empty.
	values(s *Set, c *Column, dst []string) ([]string, error)
}

// maker is of a kind whose elements are made of what lies apart.
type maker interface {
	// each calls fn with all elements in their order, each valid until the next.
	each(s *Set, c *Column, fn func(i int, element []byte) error) error
}

// lifter is of a kind whose elements have strings, or elements of its kid, by an index.
type lifter interface {
	// lift returns which elements have one of the strings, or of the kid's elements, in set.
	lift(s *Set, c *Column, set bits.Rows) bits.Rows
}

// numeral is of a kind that holds digits.
type numeral interface {
	digits(c *Column) Digits
	// find returns the elements that are want, or begin so if want is a prefix. If the
	// elements are several words, it is one of these that is looked for.
	find(s *Set, c *Column, want string, prefix bool) bits.Rows
	// keep returns the elements of set that are want.
	keep(s *Set, c *Column, want string, set bits.Rows) bits.Rows
}

// slotWriter is of a kind of numbers that can hold the values of a slot.
type slotWriter interface {
	// fits reports whether the values that a sample is of can be held.
	fits(s *sample) bool
	// bits estimates the size of n of them.
	bits(s *sample, n int) int
	write(e *Encoder, s *sample, values []string)
}

// nameReader is of a kind whose elements are lists of names, each with per values.
type nameReader interface {
	eachName(s *Set, c *Column, i, per int, fn NameFunc) error
	eachNameOfAll(s *Set, c *Column, per int, fn RowNameFunc) error
	// eachOfName calls fn with the first value of a name, and the element that has it.
	eachOfName(s *Set, c *Column, per int, name string, fn func(i int, value string)) error
	// eachText calls fn with each name and value, each at least once.
	eachText(s *Set, c *Column, fn func(string)) error
}

// NameFunc is called with one of an element's n names and its values; second is empty if a
// name has but one.
type NameFunc func(name, first, second string, n int)

// RowNameFunc is called so with the names of any element i.
type RowNameFunc func(i int, name, first, second string, n int)
