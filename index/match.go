package index

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/index/words"
)

// Clues returns what a value must hold for each of the query's terms to occur in it.
func (q *Query) Clues() *fulltext.Clues { return &q.clues }

// Match reports whether an entry matches whose values together hold terms.
func (q *Query) Match(terms uint64) bool {
	return terms&q.want == q.want && terms&q.exclude == 0
}

// Terms returns which of the query's terms occur in one value of an entry: bit i
// says that term i does.
//
// Almost no value holds any, so what matters is to find that out fast.
func (q *Query) Terms(value string) uint64 {
	if !audit.IsASCII(value) {
		return q.termsIn(words.Normal(make([]byte, 0, 2*len(value)), value), ^uint64(0))
	}
	var maybe uint64
	for i := range q.terms {
		if q.terms[i].needle.In(value) {
			maybe |= 1 << i
		}
	}
	if maybe == 0 {
		return 0
	}
	var buf [128]byte
	return q.termsIn(words.Lower(buf[:0], value), maybe)
}

// Whole returns which of the query's terms a value is, of those that are found whole.
func (q *Query) Whole(value string) uint64 {
	var found uint64
	for i := range q.terms {
		if q.terms[i].whole == value {
			found |= 1 << i
		}
	}
	return found
}

// termsIn returns which of the terms maybe occur in text, in normal form.
func (q *Query) termsIn(text []byte, maybe uint64) uint64 {
	var found uint64
	for i := range q.terms {
		if maybe>>i&1 != 0 && q.terms[i].in(text) {
			found |= 1 << i
		}
	}
	return found
}

// in reports whether t occurs in text, in normal form.
func (t *term) in(text []byte) bool {
	first := t.words[0]
	for from := 0; ; {
		i := bytes.Index(text[from:], first)
		if i < 0 {
			return false
		}
		i += from
		from = i + 1
		if !words.IsWide(first) && !words.Begins(text, i) {
			continue
		}
		found, end := t.from(text, i)
		if found {
			return true
		}
		from = max(from, end)
	}
}

// from looks for t in text from i on, where a word begins, and as long as some of its words
// are there; end is where that is over. However often its words are repeated, in the text or
// in t, each word of the text is looked at once (Knuth, Morris and Pratt): what is there of t
// tells, where it does not go on, how much of t's beginning is its end.
func (t *term) from(text []byte, i int) (found bool, end int) {
	for k := 0; ; {
		start, end := words.Next(text, i)
		if start == len(text) {
			return false, end
		}
		if t.touching && k > 0 && hasSpace(text[i:start]) {
			k = 0
		}
		word := text[start:end]
		for k > 0 && !t.goesOn(k, word) {
			k = t.again[k]
		}
		if t.goesOn(k, word) {
			if k++; k == len(t.words) {
				return true, end
			}
		}
		if k == 0 {
			return false, end
		}
		i = end
	}
}

// goesOn reports whether word number k of t is word.
func (t *term) goesOn(k int, word []byte) bool {
	if t.prefix && k == len(t.words)-1 {
		return bytes.HasPrefix(word, t.words[k])
	}
	return bytes.Equal(word, t.words[k])
}

// repeats returns, for each number of ws's first words, how many of its last ones are its
// first, all of them left out.
func repeats(ws [][]byte) []int {
	again := make([]int, len(ws))
	for i, k := 1, 0; i < len(ws)-1; i++ {
		for k > 0 && !bytes.Equal(ws[i], ws[k]) {
			k = again[k]
		}
		if bytes.Equal(ws[i], ws[k]) {
			k++
		}
		again[i+1] = k
	}
	return again
}

// hasSpace reports whether there is a space between two words.
func hasSpace(gap []byte) bool {
	for _, c := range gap {
		if c >= utf8.RuneSelf {
			return bytes.ContainsFunc(gap, unicode.IsSpace)
		}
		if c == ' ' || '\t' <= c && c <= '\r' {
			return true
		}
	}
	return false
}
