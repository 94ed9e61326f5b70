package lexicon

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"auditlog/fulltext"
)

// Builder collects documents and makes a segment of them. A word is kept once for all
// documents of a project.
type Builder struct {
	docs     []*Doc
	projects map[fulltext.ProjectID]*vocabulary
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{projects: make(map[fulltext.ProjectID]*vocabulary)}
}

// vocabulary is the words of a project's documents, each with a number.
type vocabulary struct {
	numbers map[string]uint32
	words   []string
	newest  []int // by number of the word, the last document that has it
}

// Doc is a document in the making.
type Doc struct {
	id     ID
	number int // among the builder's
	voc    *vocabulary
	words  []uint32 // by number, each once
	hashes []uint32
	// recent has hashes that were added, at the place of their lowest bits: most come
	// again soon.
	recent [recentHashes]uint32
}

const recentHashes = 1 << 10

// Doc returns a new document, which is to have an id of its own.
func (b *Builder) Doc(id ID) *Doc {
	v := b.projects[id.Key.Project]
	if v == nil {
		v = &vocabulary{numbers: make(map[string]uint32)}
		b.projects[id.Key.Project] = v
	}
	d := &Doc{id: id, number: len(b.docs) + 1, voc: v}
	b.docs = append(b.docs, d)
	return d
}

// Drop takes out the document that was added last.
func (b *Builder) Drop() { b.docs[len(b.docs)-1].voc = nil }

// ID returns the id of d.
func (d *Doc) ID() ID { return d.id }

// Word adds a word.
func (d *Doc) Word(word []byte) {
	v := d.voc
	n, ok := v.numbers[string(word)]
	if !ok {
		n = uint32(len(v.words))
		s := string(word)
		v.numbers[s] = n
		v.words, v.newest = append(v.words, s), append(v.newest, 0)
	}
	if v.newest[n] != d.number {
		v.newest[n] = d.number
		d.words = append(d.words, n)
	}
}

// Hash adds a hash.
func (d *Doc) Hash(hash uint32) {
	at := &d.recent[hash%recentHashes]
	if *at == hash && hash != 0 {
		return
	}
	*at = hash
	d.hashes = append(d.hashes, hash)
}

// Words returns how many words d has.
func (d *Doc) Words() int { return len(d.words) }

// EachWord calls fn with the words of d, which it must not keep.
func (d *Doc) EachWord(fn func(word []byte)) {
	var b []byte
	for _, n := range d.words {
		b = append(b[:0], d.voc.words[n]...)
		fn(b)
	}
}

// Hashes returns the hashes of d, some of them several times. They must not be changed.
func (d *Doc) Hashes() []uint32 { return d.hashes }

// Size returns about how many bytes d takes.
func (d *Doc) Size() int { return 4*(len(d.words)+len(d.hashes)) + 4*recentHashes }

// Segment returns the segment of all documents.
func (b *Builder) Segment() []byte {
	docs := slices.DeleteFunc(slices.Clone(b.docs), func(d *Doc) bool { return d.voc == nil })
	sort.SliceStable(docs, func(i, j int) bool { return docs[i].id.Compare(docs[j].id) < 0 })
	var out bytes.Buffer
	w := newWriter(&out)
	ids := make([]ID, len(docs))
	for i, d := range docs {
		ids[i] = d.id
	}
	for len(docs) > 0 {
		n := 1
		for n < len(docs) && docs[n].voc == docs[0].voc {
			n++
		}
		w.build(docs[:n])
		docs = docs[n:]
	}
	w.end(ids) // a buffer takes all bytes
	return out.Bytes()
}

// build writes the section of a project's documents.
func (w *writer) build(docs []*Doc) {
	cells := 0
	for _, d := range docs {
		cells += len(d.hashes)
	}
	hash := hashBits(uint64(cells), len(docs))
	s := w.section(docs[0].id.Key.Project, len(docs), uint64(cells), hash)
	s.buildWords(docs)
	s.buildCells(docs, cells)
	s.end()
}

func (w *sectionWriter) buildWords(docs []*Doc) {
	defer w.endWords()
	v := docs[0].voc
	// ends has, by word, where its documents end in all of them.
	ends := make([]uint32, len(v.words)+1)
	for _, d := range docs {
		for _, n := range d.words {
			ends[n+1]++
		}
	}
	for n := range v.words {
		ends[n+1] += ends[n]
	}
	all := make([]uint32, ends[len(v.words)])
	for i, d := range docs {
		for _, n := range d.words {
			all[ends[n]] = uint32(i)
			ends[n]++
		}
	}
	order := make([]uint32, len(v.words))
	for n := range order {
		order[n] = uint32(n)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(v.words[a], v.words[b]) })
	var word []byte
	for _, n := range order {
		from := uint32(0)
		if n > 0 {
			from = ends[n-1]
		}
		if from < ends[n] { // else it was a dropped document's
			word = append(word[:0], v.words[n]...)
			w.word(word, all[from:ends[n]])
		}
	}
}

// buildCells writes the cells of documents, at most so many, sorted by hash and document.
func (w *sectionWriter) buildCells(docs []*Doc, cells int) {
	all := make([]uint64, 0, cells)
	shift := 32 - w.cells.hash
	for i, d := range docs {
		for _, h := range d.hashes {
			all = append(all, uint64(h)>>shift<<32|uint64(i))
		}
	}
	var last uint64
	for i, c := range sortByHash(all, w.cells.hash) {
		if i == 0 || c != last {
			w.cell(uint32(c>>32), uint32(c))
		}
		last = c
	}
}

// sortByHash sorts cells by their upper halves, of so many bits. Those that are equal stay in
// their order.
func sortByHash(cells []uint64, hash uint) []uint64 {
	const digit = 11
	other := make([]uint64, len(cells))
	var ends [1 << digit]int
	for shift := uint(32); shift < 32+hash; shift += digit {
		clear(ends[:])
		for _, c := range cells {
			ends[c>>shift&(1<<digit-1)]++
		}
		at := 0
		for i, n := range ends {
			ends[i] = at
			at += n
		}
		for _, c := range cells {
			at := &ends[c>>shift&(1<<digit-1)]
			other[*at] = c
			*at++
		}
		cells, other = other, cells
	}
	return cells
}
