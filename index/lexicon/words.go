package lexicon

import (
	"bytes"
	"encoding/binary"
)

// runWords is how many words are in a run: what a look-up reads.
const runWords = 32

// half is the greatest length that fits half a byte as it is.
const half = 15

// wordWriter appends words and their documents.
type wordWriter struct {
	n      int // documents of the section
	count  int
	starts []uint64 // of the runs
	at     uint64   // bytes so far
	last   []byte
}

// append appends a word behind those so far, which are less, to b.
func (w *wordWriter) append(b, word []byte, docs []uint32) []byte {
	from, shared := len(b), 0
	if w.count%runWords == 0 {
		w.starts = append(w.starts, w.at)
	} else {
		for shared < min(len(word), len(w.last)) && word[shared] == w.last[shared] {
			shared++
		}
	}
	more := len(word) - shared
	b = append(b, byte(min(shared, half)<<4|min(more, half)))
	if shared >= half {
		b = binary.AppendUvarint(b, uint64(shared-half))
	}
	if more >= half {
		b = binary.AppendUvarint(b, uint64(more-half))
	}
	b = append(b, word[shared:]...)
	b = appendPostings(b, docs, w.n)
	w.last = append(w.last[:0], word...)
	w.count++
	w.at += uint64(len(b) - from)
	return b
}

// wordReader reads the words of a section in their order.
type wordReader struct {
	n     int
	b     []byte // what is left
	left  int    // words
	seen  int    // words that were read
	run   int    // words left of this run
	word  []byte
	docs  postings
	wrong bool
}

// next reads the next word. It returns false behind the last one, and where there is something
// else.
func (r *wordReader) next() bool {
	if r.left == 0 || r.wrong {
		return false
	}
	if r.run == 0 {
		r.run, r.word = runWords, r.word[:0]
	}
	shared, suffix, rest, ok := cutWord(r.b)
	if !ok || shared > len(r.word) {
		r.wrong = true
		return false
	}
	r.word = append(r.word[:shared], suffix...)
	if r.docs, r.b, ok = cutPostings(rest, r.n); !ok {
		r.wrong = true
		return false
	}
	r.left, r.run, r.seen = r.left-1, r.run-1, r.seen+1
	return true
}

// cutWord takes a word off the front of b: how many bytes it shares, and those that follow.
func cutWord(b []byte) (shared int, suffix, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, nil, false
	}
	shared, more := int(b[0]>>4), int(b[0]&half)
	b = b[1:]
	for _, length := range []*int{&shared, &more} {
		if *length < half {
			continue
		}
		v, k := binary.Uvarint(b)
		if k <= 0 || v > maxWord {
			return 0, nil, nil, false
		}
		*length, b = half+int(v), b[k:]
	}
	if more > len(b) {
		return 0, nil, nil, false
	}
	return shared, b[:more], b[more:], true
}

// maxWord bounds the words that are read.
const maxWord = 1 << 16

// Words are the words of a section, in their order.
type Words struct {
	r     wordReader
	ahead bool // the word at hand is the next one
}

// Words returns the words of s from the first one on that is not less than from.
func (s *Section) Words(from []byte) *Words {
	w := &Words{r: wordReader{n: s.n, b: s.words, left: s.count}}
	if len(from) == 0 {
		return w
	}
	run := w.runBefore(s, from)
	at, ok := s.runs.at(run)
	if !ok || at > uint64(len(s.words)) {
		w.r.wrong = w.r.wrong || s.count > 0
		return w
	}
	w.r.b, w.r.left = s.words[at:], s.count-run*runWords
	for w.r.next() {
		if bytes.Compare(w.r.word, from) >= 0 {
			w.ahead = true
			break
		}
	}
	return w
}

// runBefore returns the last run that does not begin behind word, or the first one.
func (w *Words) runBefore(s *Section, word []byte) int {
	lo, hi := 1, s.runs.n
	for lo < hi && !w.r.wrong {
		mid := (lo + hi) / 2
		w.r.seen++
		at, ok := s.runs.at(mid)
		if !ok || at > uint64(len(s.words)) {
			w.r.wrong = true
			break
		}
		_, first, _, ok := cutWord(s.words[at:])
		w.r.wrong = !ok
		if bytes.Compare(first, word) > 0 {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo - 1
}

// Next goes to the next word. It returns false behind the last one, and where the section is
// damaged, which Err tells.
func (w *Words) Next() bool {
	if w.ahead {
		w.ahead = false
		return true
	}
	return w.r.next()
}

// Word returns the word, which is as it is until Next.
func (w *Words) Word() []byte { return w.r.word }

// AddTo adds the word's documents to set.
func (w *Words) AddTo(set Set) { w.r.wrong = !w.r.docs.addTo(set) || w.r.wrong }

// Each calls fn with the word's documents.
func (w *Words) Each(fn func(doc int)) { w.r.wrong = !w.r.docs.each(fn) || w.r.wrong }

// Seen returns how many words were looked at.
func (w *Words) Seen() int { return w.r.seen }

// Err returns what kept Next from reading on.
func (w *Words) Err() error {
	if w.r.wrong {
		return errDamaged
	}
	return nil
}

// Word returns the documents that have a word, and how many words were looked at for them.
func (s *Section) Word(word []byte) (docs Set, seen int, err error) {
	docs = NewSet(s.n)
	w := s.Words(word)
	if w.Next() && bytes.Equal(w.Word(), word) {
		w.AddTo(docs)
	}
	return docs, w.Seen(), w.Err()
}
