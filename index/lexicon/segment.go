package lexicon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"auditlog/fulltext"
)

const (
	magic   = "ALLX"
	version = 1
	// TrailerSize is the length of the end of a segment, without which there is none.
	TrailerSize = 8 + 4 + len(magic) + sumSize
	sumSize     = 4
)

var errDamaged = errors.New("segment is damaged")

// Segment is a segment, read where it lies. It never changes.
type Segment struct {
	ids      []ID // by number
	sections []Section
}

// Section is what a segment has of one project.
type Section struct {
	// Project is the project, and First the number of its first document in the segment.
	Project fulltext.ProjectID
	First   int

	n     int // documents
	raw   []byte
	count int // words
	words []byte
	runs  offsets

	hashBits, chunkBits uint
	cellCount           uint64
	cells               []byte
	chunks              offsets
}

// IDs returns the documents by number. They must not be changed.
func (s *Segment) IDs() []ID { return s.ids }

// Section returns what there is of a project, or nil.
func (s *Segment) Section(p fulltext.ProjectID) *Section {
	i := sort.Search(len(s.sections), func(i int) bool { return s.sections[i].Project >= p })
	if i == len(s.sections) || s.sections[i].Project != p {
		return nil
	}
	return &s.sections[i]
}

// Sections returns the sections of all projects. They must not be changed.
func (s *Segment) Sections() []Section { return s.sections }

// Number returns the number of a document. ok is false if it is not there.
func (s *Segment) Number(id ID) (n int, ok bool) {
	n = sort.Search(len(s.ids), func(i int) bool { return s.ids[i].Compare(id) >= 0 })
	return n, n < len(s.ids) && s.ids[n] == id
}

// Docs returns how many documents the section has.
func (s *Section) Docs() int { return s.n }

// Bytes returns how long the section is.
func (s *Section) Bytes() int { return len(s.raw) }

// Open returns the segment in b, of which the caller has compared the checksum.
func Open(b []byte) (*Segment, error) {
	s, err := open(b)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	return s, nil
}

func open(b []byte) (*Segment, error) {
	if len(b) < TrailerSize {
		return nil, errDamaged
	}
	trailer := b[len(b)-TrailerSize:]
	b = b[:len(b)-TrailerSize]
	at, v := binary.LittleEndian.Uint64(trailer), binary.LittleEndian.Uint32(trailer[8:])
	if string(trailer[12:12+len(magic)]) != magic || at > uint64(len(b)) {
		return nil, errDamaged
	}
	if v != version {
		return nil, fmt.Errorf("it has version %d, this program's is %d", v, version)
	}
	d := directoryReader{b: b[at:]}
	s := &Segment{}
	s.ids = d.ids()
	sections := d.uvarint()
	if sections > uint64(len(s.ids)) {
		return nil, errDamaged
	}
	s.sections = make([]Section, 0, sections)
	rest, first := b[:at], 0
	for range sections {
		section, more := d.section(rest)
		if d.wrong || len(s.ids)-first < section.n || s.ids[first].Key.Project != section.Project {
			return nil, errDamaged
		}
		section.First = first
		first += section.n
		s.sections, rest = append(s.sections, section), more
	}
	if d.wrong || len(d.b) > 0 || len(rest) > 0 || first != len(s.ids) {
		return nil, errDamaged
	}
	return s, nil
}

// directoryReader reads a directory.
type directoryReader struct {
	b     []byte
	wrong bool
}

func (d *directoryReader) uvarint() uint64 {
	v, k := binary.Uvarint(d.b)
	if k <= 0 {
		d.wrong, d.b = true, nil
		return 0
	}
	d.b = d.b[k:]
	return v
}

func (d *directoryReader) ids() []ID {
	n := d.uvarint()
	if n > uint64(len(d.b)/IDSize) {
		d.wrong = true
		return nil
	}
	ids := make([]ID, n)
	for i := range ids {
		ids[i], _ = ParseID(d.b[:IDSize]) // an ID of that length has no error
		d.b = d.b[IDSize:]
	}
	return ids
}

// section reads a row of the directory, and takes its section off the front of rest.
func (d *directoryReader) section(rest []byte) (s Section, more []byte) {
	project, n, count, words := d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint()
	hash, chunk, cellCount, cells := d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint()
	size := uint64(len(rest))
	switch {
	case n == 0, n > size+uint64(len(d.b))+maxWord, count > words, words > size, cells > size, hash > 32, chunk > hash:
		d.wrong = true
		return s, nil
	}
	runs, chunks := (count+runWords-1)/runWords, uint64(0)
	if cellCount > 0 {
		chunks = 1<<(hash-chunk) + 1
	}
	cut := func(n uint64) []byte {
		if n > uint64(len(rest)) {
			d.wrong = true
			return nil
		}
		b := rest[:n]
		rest = rest[n:]
		return b
	}
	s = Section{Project: fulltext.ProjectID(project), n: int(n), raw: rest, count: int(count), cellCount: cellCount,
		hashBits: uint(hash), chunkBits: uint(chunk)}
	s.words = cut(words)
	s.runs = offsets{int(runs), isWide(words), cut(offsetsSize(runs, words))}
	s.cells = cut(cells)
	s.chunks = offsets{int(chunks), isWide(cells), cut(offsetsSize(chunks, cells))}
	s.raw = s.raw[:len(s.raw)-len(rest)]
	return s, rest
}
