package lexicon

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"

	"auditlog/fulltext"
)

// Dropped is the number of a document that a merge leaves out.
const Dropped = math.MaxUint64

// ErrStopped says that a merge was stopped.
var ErrStopped = errors.New("merge of segments was stopped")

// Source is a segment to be merged.
type Source struct {
	*Segment
	// Gone reports whether a document is to be left out; nil if none is.
	Gone func(n int) bool
}

// Merge writes the documents of several segments as one, until stop is closed. numbers says
// for each segment which number each of its documents gets, and size how many bytes were
// written. Only as much is in memory as the words and cells at hand take, besides the ids and the
// index of a section.
func Merge(w io.Writer, sources []Source, stop <-chan struct{}) (numbers [][]uint64, size uint64, err error) {
	m := merger{writer: newWriter(w), sources: sources, stop: stop}
	numbers = make([][]uint64, len(sources))
	for i, s := range sources {
		numbers[i] = make([]uint64, len(s.ids))
		for n := range s.ids {
			numbers[i][n] = Dropped
		}
	}
	for _, p := range m.projects() {
		if err := m.project(p, numbers); err != nil {
			return nil, 0, err
		}
	}
	size, err = m.end(m.ids)
	return numbers, size, err
}

// merger writes a segment made of others.
type merger struct {
	*writer
	sources []Source
	stop    <-chan struct{}
	ids     []ID // of the documents so far
	steps   int
}

// projects returns whose documents the sources have.
func (m *merger) projects() []fulltext.ProjectID {
	var all []fulltext.ProjectID
	for _, s := range m.sources {
		for i := range s.sections {
			all = append(all, s.sections[i].Project)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// part is a source's section of the project at hand.
type part struct {
	*Section
	source int
	// docs has for each document its new number within the section, or gone.
	docs []uint32
}

const gone = math.MaxUint32

// parts returns the sources' sections of a project that have documents left, of which it
// numbers those and appends their ids.
func (m *merger) parts(p fulltext.ProjectID) (parts []part, n int) {
	type doc struct {
		id        ID
		part, old int
	}
	var docs []doc
	for i, s := range m.sources {
		section := s.Section(p)
		if section == nil {
			continue
		}
		before := len(docs)
		part := part{section, i, make([]uint32, section.n)}
		for old := range section.n {
			part.docs[old] = gone
			if s.Gone == nil || !s.Gone(section.First+old) {
				docs = append(docs, doc{s.ids[section.First+old], len(parts), old})
			}
		}
		if len(docs) > before {
			parts = append(parts, part)
		}
	}
	slices.SortStableFunc(docs, func(a, b doc) int { return a.id.Compare(b.id) })
	for n, d := range docs {
		parts[d.part].docs[d.old] = uint32(n)
		m.ids = append(m.ids, d.id)
	}
	return parts, len(docs)
}

// project writes the section of a project.
func (m *merger) project(p fulltext.ProjectID, numbers [][]uint64) error {
	first := len(m.ids)
	parts, n := m.parts(p)
	for _, part := range parts {
		for old, new := range part.docs {
			if new != gone {
				numbers[part.source][part.First+old] = uint64(first) + uint64(new)
			}
		}
	}
	switch {
	case n == 0:
		return nil
	case len(parts) == 1 && n == parts[0].n:
		m.copy(parts[0].Section)
		return errors.Join(m.stopped(), m.err)
	}
	cells, hash := uint64(0), uint(32)
	for _, part := range parts {
		cells += part.cellCount
		if part.cellCount > 0 {
			hash = min(hash, part.hashBits)
		}
	}
	s := m.section(p, n, cells, min(hash, hashBits(cells, n)))
	if err := m.words(s, parts); err != nil {
		return err
	}
	s.endWords()
	if err := m.cells(s, parts); err != nil {
		return err
	}
	s.end()
	return m.err
}

// stopped returns an error if the merge is to end.
func (m *merger) stopped() error {
	select {
	case <-m.stop:
		return ErrStopped
	default:
		return nil
	}
}

// step is stopped, but for a look at the channel every so many steps.
func (m *merger) step() error {
	if m.steps++; m.steps%4096 != 0 {
		return nil
	}
	return errors.Join(m.stopped(), m.err)
}

// words writes the words of all parts.
func (m *merger) words(s *sectionWriter, parts []part) error {
	readers := make([]*Words, len(parts)) // nil at the end
	advance := func(i int) error {
		if readers[i].Next() {
			return nil
		}
		err := readers[i].Err()
		readers[i] = nil
		return err
	}
	for i, p := range parts {
		readers[i] = p.Words(nil)
		if err := advance(i); err != nil {
			return err
		}
	}
	var word []byte
	var docs []uint32
	for {
		least := -1
		for i, r := range readers {
			if r != nil && (least < 0 || bytes.Compare(r.Word(), readers[least].Word()) < 0) {
				least = i
			}
		}
		if least < 0 {
			return nil
		}
		word, docs = append(word[:0], readers[least].Word()...), docs[:0]
		for i := least; i < len(readers); i++ {
			if readers[i] == nil || !bytes.Equal(readers[i].Word(), word) {
				continue
			}
			docs = parts[i].appendTo(docs, readers[i])
			if err := advance(i); err != nil {
				return err
			}
		}
		if docs = compactSorted(docs); len(docs) > 0 {
			s.word(word, docs)
		}
		if err := m.step(); err != nil {
			return err
		}
	}
}

// appendTo appends the new numbers of a word's documents.
func (p *part) appendTo(docs []uint32, w *Words) []uint32 {
	w.Each(func(d int) {
		if n := p.docs[d]; n != gone {
			docs = append(docs, n)
		}
	})
	return docs
}

// cellSource is a part whose cells are merged.
type cellSource struct {
	*part
	cells *Cells
	shift uint   // bits by which its hashes are longer than those of the result
	hash  uint32 // of the cell at hand, and its document
	doc   uint32
	ok    bool // there is a cell at hand
}

// advance goes to the next cell.
func (c *cellSource) advance() error {
	c.hash, c.doc, c.ok = c.cells.Next()
	c.hash >>= c.shift
	if !c.ok {
		return c.cells.Err()
	}
	return nil
}

// cells writes the cells of all parts.
func (m *merger) cells(s *sectionWriter, parts []part) error {
	var sources []*cellSource
	for i := range parts {
		p := &parts[i]
		if p.cellCount == 0 {
			continue
		}
		c := &cellSource{part: p, cells: p.Cells(), shift: p.hashBits - s.cells.hash}
		if err := c.advance(); err != nil {
			return err
		}
		sources = append(sources, c)
	}
	var docs []uint32
	for {
		var least *cellSource
		for _, c := range sources {
			if c.ok && (least == nil || c.hash < least.hash) {
				least = c
			}
		}
		if least == nil {
			return nil
		}
		hash := least.hash
		docs = docs[:0]
		for _, c := range sources {
			for c.ok && c.hash == hash {
				if n := c.docs[c.doc]; n != gone {
					docs = append(docs, n)
				}
				if err := c.advance(); err != nil {
					return err
				}
			}
		}
		docs = compactSorted(docs)
		for _, d := range docs {
			s.cell(hash, d)
		}
		if err := m.step(); err != nil {
			return err
		}
	}
}
