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
		if (words.IsWide(first) || words.Begins(text, i)) && t.at(text, i) {
			return true
		}
		from = i + 1
	}
}

// at reports whether t is what text holds from i on, where a word begins.
func (t *term) at(text []byte, i int) bool {
	for k, want := range t.words {
		start, end := words.Next(text, i)
		got := text[start:end]
		if t.touching && hasSpace(text[i:start]) {
			return false
		}
		if t.prefix && k == len(t.words)-1 {
			return bytes.HasPrefix(got, want)
		}
		if !bytes.Equal(got, want) {
			return false
		}
		i = end
	}
	return true
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
