package index

import (
	"encoding/binary"
	"fmt"

	bleve "github.com/blevesearch/bleve_index_api"

	"auditlog/fulltext"
)

// The fields of a document. Bleve gives the id its name.
const (
	fieldID   = "_id"
	fieldText = "t"
)

// docID names one state of one block: its key and the sequence of the change
// that it was read for.
type docID struct {
	key fulltext.BlockKey
	seq uint64
}

const docIDSize = 20 + 8

// String returns the id as bleve has it.
func (d docID) String() string {
	return string(binary.BigEndian.AppendUint64(d.key.Append(make([]byte, 0, docIDSize)), d.seq))
}

func parseDocID(b []byte) (docID, error) {
	if len(b) != docIDSize {
		return docID{}, fmt.Errorf("document id of %d bytes, want %d", len(b), docIDSize)
	}
	key, err := fulltext.ParseBlockKey(b[:20])
	return docID{key, binary.BigEndian.Uint64(b[20:])}, err
}

// document is what bleve is given for a block: the terms of its words, each once,
// and no text. It does by itself what bleve's mapping and analysis would, in a
// fraction of the time.
type document struct {
	id    docID
	terms bleve.TokenFrequencies
	// Bleve wants to know how often a term occurs. A set of words has no such
	// number, so all share two: once lets bleve save the list of documents of a
	// term that only one has, and costs the others a byte more each than never.
	once, never *bleve.TokenFreq

	text    []byte   // the normal form of the value being added
	scratch [][]byte // the terms of a word of it
	pair    []byte   // the term of it and the word before
}

func newDocument(id docID) *document {
	d := &document{
		id: id, terms: make(bleve.TokenFrequencies, 1024),
		once: &bleve.TokenFreq{}, never: &bleve.TokenFreq{},
	}
	d.once.SetFrequency(1)
	return d
}

// add adds the words of one value of the block.
func (d *document) add(value string) {
	d.text = appendNormal(d.text[:0], value)
	var before []byte
	last := 0
	for start, end := nextWord(d.text, 0); start < len(d.text); start, end = nextWord(d.text, end) {
		word := d.text[start:end]
		d.scratch = appendTerms(d.scratch[:0], word)
		for _, t := range d.scratch {
			d.addTerm(t)
		}
		if before != nil {
			var ok bool
			if d.pair, ok = appendPair(d.pair[:0], before, word, !hasSpace(d.text[last:start])); ok {
				d.addTerm(d.pair)
			}
		}
		before, last = word, end
	}
}

// addWhole adds one value of the block that is found whole.
func (d *document) addWhole(value string) {
	d.pair = appendWhole(d.pair[:0], value)
	d.addTerm(d.pair)
}

func (d *document) addTerm(term []byte) {
	if _, ok := d.terms[string(term)]; ok {
		return
	}
	f := d.never
	if isNumbered(term) {
		f = d.once
	}
	d.terms[string(term)] = f
}

// isNumbered reports whether a term looks as if few documents had it: it is long
// and holds a digit.
func isNumbered(term []byte) bool { return len(term) >= 6 && hasDigit(term) }

// What follows makes d a document of bleve's.

func (d *document) ID() string                                 { return d.id.String() }
func (d *document) Size() int                                  { return 64 * len(d.terms) } // about
func (d *document) Indexed() bool                              { return true }
func (d *document) AddIDField()                                {} // VisitFields has it
func (d *document) HasComposite() bool                         { return false }
func (d *document) VisitComposite(bleve.CompositeFieldVisitor) {}
func (d *document) NumPlainTextBytes() uint64                  { return 0 }
func (d *document) StoredFieldsBytes() uint64                  { return docIDSize }

func (d *document) VisitFields(visit bleve.FieldVisitor) {
	id := d.ID()
	visit(&field{
		name: fieldID, value: []byte(id), options: bleve.IndexField | bleve.StoreField,
		terms: bleve.TokenFrequencies{id: d.once},
	})
	visit(&field{name: fieldText, options: bleve.IndexField, terms: d.terms})
}

// field is a field whose terms are known: there is nothing left to analyze.
type field struct {
	name    string
	value   []byte
	options bleve.FieldIndexingOptions
	terms   bleve.TokenFrequencies
}

func (f *field) Name() string                                     { return f.name }
func (f *field) Value() []byte                                    { return f.value }
func (f *field) ArrayPositions() []uint64                         { return nil }
func (f *field) EncodedFieldType() byte                           { return 't' }
func (f *field) Analyze()                                         {}
func (f *field) Options() bleve.FieldIndexingOptions              { return f.options }
func (f *field) NumPlainTextBytes() uint64                        { return uint64(len(f.value)) }
func (f *field) AnalyzedTokenFrequencies() bleve.TokenFrequencies { return f.terms }

// AnalyzedLength is the length that bleve would rank by. Nothing is ranked: it is
// the same for all documents, and not 0, which means something else in a segment.
func (f *field) AnalyzedLength() int { return 1 }
