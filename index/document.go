package index

import (
	bleve "github.com/blevesearch/bleve_index_api"

	"auditlog/index/lexicon"
	"auditlog/index/words"
)

// docID names one state of one block.
type docID = lexicon.ID

// document is a block in the making: it takes the words of the block's values and has
// their terms, and no text.
type document struct {
	*lexicon.Doc
	batch *lexicon.Builder // of all documents of a commit

	text []byte // the normal form of the value being added
}

// newDocument returns an empty document of a batch.
func newDocument(batch *lexicon.Builder, id docID) *document {
	return &document{Doc: batch.Doc(id), batch: batch}
}

// add adds the words of one value of the block.
func (d *document) add(value string) {
	eachRange(value, d.Hash)
	d.text = words.Normal(d.text[:0], value)
	var before []byte
	var numbers quad
	last := 0
	for start, end := words.Next(d.text, 0); start < len(d.text); start, end = words.Next(d.text, end) {
		word := d.text[start:end]
		t := termOf(word)
		d.Word(t.word)
		if t.digest {
			d.Hash(t.hash)
		}
		touching := before != nil && !hasSpace(d.text[last:start])
		if before != nil {
			if hash, ok := pairHash(before, word, touching); ok {
				d.Hash(hash)
			}
		}
		if hash, ok := numbers.add(word, touching); ok {
			d.Hash(hash)
		}
		before, last = word, end
	}
}

// addWhole adds one value of the block that is found whole.
func (d *document) addWhole(value string) { d.Hash(wholeHash(value)) }

// bleveDocument is what bleve is given for a document, which the segment format knows: there
// is nothing left to analyze and no field to visit.
type bleveDocument struct{ *document }

func (d bleveDocument) ID() string                                 { return d.document.ID().String() }
func (d bleveDocument) Size() int                                  { return d.Doc.Size() }
func (d bleveDocument) Indexed() bool                              { return true }
func (d bleveDocument) AddIDField()                                {}
func (d bleveDocument) HasComposite() bool                         { return false }
func (d bleveDocument) VisitFields(bleve.FieldVisitor)             {}
func (d bleveDocument) VisitComposite(bleve.CompositeFieldVisitor) {}
func (d bleveDocument) NumPlainTextBytes() uint64                  { return 0 }
func (d bleveDocument) StoredFieldsBytes() uint64                  { return lexicon.IDSize }
