package index

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Match reports whether an entry matches whose values together hold terms.
func (q *Query) Match(terms uint64) bool {
	return terms&q.want == q.want && terms&q.exclude == 0
}

// Terms returns which of the query's terms occur in one value of an entry: bit i
// says that term i does.
//
// Almost no value holds any, so what matters is to find that out fast.
func (q *Query) Terms(value string) uint64 {
	if !isASCII(value) {
		return q.termsIn(appendNormal(make([]byte, 0, 2*len(value)), value), ^uint64(0))
	}
	var maybe uint64
	for i := range q.terms {
		if q.terms[i].needle.in(value) {
			maybe |= 1 << i
		}
	}
	if maybe == 0 {
		return 0
	}
	var buf [128]byte
	return q.termsIn(appendLower(buf[:0], value), maybe)
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
		if (isWide(first) || beginsWord(text, i)) && t.at(text, i) {
			return true
		}
		from = i + 1
	}
}

// at reports whether t is what text holds from i on, where a word begins.
func (t *term) at(text []byte, i int) bool {
	for k, want := range t.words {
		start, end := nextWord(text, i)
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

// needle finds the longest word of a term in ASCII text as it is, whatever
// its case and its neighbours: where it is not, the term is not.
type needle struct {
	word string
	// rare is the offset of the byte of word that text holds least often, which
	// is searched for first, in both of its cases.
	rare         int
	lower, upper byte
	// never says that ASCII text cannot hold the term at all.
	never bool
}

// byRarity has the bytes of words in the order of how rare they are in texts.
const byRarity = "qzjxkvwy9876543210bgpfmuhdclrsnioate"

func newNeedle(words [][]byte) needle {
	var n needle
	for _, w := range words {
		if !isASCII(string(w)) {
			return needle{never: true}
		}
		if len(w) > len(n.word) {
			n.word = string(w)
		}
	}
	best := len(byRarity)
	for i := range len(n.word) {
		if r := strings.IndexByte(byRarity, n.word[i]); r < best {
			best, n.rare = r, i
		}
	}
	if n.word != "" {
		n.lower = n.word[n.rare]
		n.upper = strings.ToUpper(n.word)[n.rare]
	}
	return n
}

// in reports whether text, ASCII, holds the word.
func (n *needle) in(text string) bool {
	if n.never || len(text) < len(n.word) {
		return false
	}
	if n.inCase(text, n.lower) {
		return true
	}
	return n.lower != n.upper && n.inCase(text, n.upper)
}

// inCase reports whether text holds the word with its rare byte being c.
func (n *needle) inCase(text string, c byte) bool {
	// The rare byte can only be where the rest of the word has room around it.
	room := text[n.rare : len(text)-(len(n.word)-1-n.rare)]
	for from := 0; ; {
		i := strings.IndexByte(room[from:], c)
		if i < 0 {
			return false
		}
		i += from
		if equalLower(text[i:i+len(n.word)], n.word) {
			return true
		}
		from = i + 1
	}
}

// equalLower reports whether s in lower case is word.
func equalLower(s, word string) bool {
	for i := range len(word) {
		if lower(s[i]) != word[i] {
			return false
		}
	}
	return true
}
