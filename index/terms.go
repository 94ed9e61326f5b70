package index

import (
	"unicode/utf8"

	"auditlog/index/words"
)

// The terms of a word are what the index holds of it: words, which a prefix finds, and
// hashes, which take less and are found as a whole only (package lexicon). Most words are a
// term themselves. These are more, or less:
//
//   - Of a long word only the beginning is a term: it is an encoded file, or no word.
//
//   - A digest (seven hexadecimal digits or more, of both kinds) is the word of its
//     first three digits, and a hash. Nearly every digest is in one entry only.
//
//   - Two neighbours of unspaced scripts have a hash besides: a thousand entries
//     in Japanese hold most single characters.
//
//   - So have a word and a number that follows without a space, as in shop-777: a
//     thousand entries hold most small numbers.
//
//   - So have four short numbers in a row without a space, as in an address.
//
//   - A value that is an address has hashes of the ranges around it, too (narrow.go).
//
//   - Of a value that is found whole, an id, there is a hash and nothing else: the words of
//     a UUID an entry would take three times as much as all others. Actors and actions, which
//     filters of many projects ask for, have such a hash besides their words.
//
// A block that holds a word has all its terms. The converse need not hold.
const (
	maxTerm      = 64
	minDigest    = 7
	digestPrefix = minPrefix // else a prefix could not be looked up
)

// What is hashed, with two words or one.
const (
	markDigest = '\x01'
	markPair   = '\x02'
	markWhole  = '\x03'
	markRange  = '\x04' // of addresses
	markQuad   = '\x05'
)

// wordTerm is the terms of a word: a word, and of a digest a hash.
type wordTerm struct {
	word   []byte // shares the memory of the word
	digest bool
	hash   uint32
}

// termOf returns the terms of a word.
func termOf(word []byte) wordTerm {
	if !isDigest(word) {
		return wordTerm{word: cutTerm(word)}
	}
	return wordTerm{word: word[:digestPrefix], digest: true, hash: hashOf(markDigest, word, nil)}
}

// cutTerm cuts a word to maxTerm, at the end of a character.
func cutTerm(word []byte) []byte {
	if len(word) <= maxTerm {
		return word
	}
	n := maxTerm
	for !utf8.RuneStart(word[n]) {
		n--
	}
	return word[:n]
}

func isDigest(word []byte) bool {
	if len(word) < minDigest {
		return false
	}
	letters, digits := 0, 0
	for _, c := range word {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'f':
			letters++
		default:
			return false
		}
	}
	return letters > 0 && digits > 0
}

// isHex reports whether a digest can begin with prefix.
func isHex(prefix []byte) bool {
	for _, c := range prefix {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

func hasDigit(word []byte) bool {
	for _, c := range word {
		if '0' <= c && c <= '9' {
			return true
		}
	}
	return false
}

// pairHash returns the hash of two neighbours, if they have one. touching says that there is
// no space between them.
func pairHash(before, word []byte, touching bool) (hash uint32, ok bool) {
	switch {
	case words.IsWide(before) && words.IsWide(word):
	case touching && hasDigit(word) && !isDigest(before) && !isDigest(word):
	default:
		return 0, false
	}
	return hashOf(markPair, before, word), true
}

// quad watches for four short numbers in a row without a space.
type quad struct {
	words [4][]byte // the last ones, as far as they are in a row
	n     int
}

// add tells of the next word, and whether there is no space before it, and returns the hash of
// it and the three before, if that is what they are.
func (q *quad) add(word []byte, touching bool) (hash uint32, ok bool) {
	if !touching {
		q.n = 0
	}
	if !isShortNumber(word) {
		q.n = 0
		return 0, false
	}
	if q.n == len(q.words) {
		copy(q.words[:], q.words[1:])
		q.n--
	}
	q.words[q.n] = word
	if q.n++; q.n < len(q.words) {
		return 0, false
	}
	return quadHash(q.words), true
}

// isShortNumber reports whether word could be a quarter of an address.
func isShortNumber(word []byte) bool {
	if len(word) > 3 {
		return false
	}
	for _, c := range word {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func quadHash(words [4][]byte) uint32 {
	var b [16]byte
	joined := b[:0]
	for _, w := range words {
		joined = append(append(joined, w...), '.')
	}
	return hashOf(markQuad, joined, nil)
}

// wholeHash returns the hash of a value that is found whole.
func wholeHash(value string) uint32 { return hashOf(markWhole, []byte(value), nil) }

// hashOf returns the hash of one or two words. It is part of the index's format: an index of
// another one lacks what it should have.
func hashOf(mark byte, x, y []byte) uint32 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := (uint64(offset) ^ uint64(mark)) * prime
	for _, c := range x {
		h = (h ^ uint64(c)) * prime
	}
	h = (h ^ 0xff) * prime // which is in no word
	for _, c := range y {
		h = (h ^ uint64(c)) * prime
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93 // so that the upper bits, which are kept, depend on the last byte
	return uint32(h >> 32)
}

// condition is what the terms of a block must fulfil for it to hold a term of a
// query, as far as the index can tell.
type condition struct {
	// words and hashes must all be there.
	words  [][]byte
	hashes []uint32
	// prefix, unless empty, is what a further word must begin with. A digest that
	// begins so may have the word digest instead, unless that is empty.
	prefix, digest []byte
	// whole says that a document may have the hash wholeHash instead of all these.
	whole     bool
	wholeHash uint32
}

// condition returns what the index can tell of t.
func (t *term) condition() condition {
	var c condition
	if t.whole != "" {
		c.whole, c.wholeHash = true, wholeHash(t.whole)
	}
	whole := t.words
	if t.prefix {
		whole = whole[:len(whole)-1]
		c.setPrefix(t.words[len(whole)])
	}
	var numbers quad
	for i, w := range whole {
		if hash, ok := numbers.add(w, t.touching); ok {
			c.hashes = append(c.hashes, hash)
		}
		term := termOf(w)
		c.words = append(c.words, term.word)
		if term.digest {
			c.hashes = append(c.hashes, term.hash)
		}
		if i == 0 {
			continue
		}
		if hash, ok := pairHash(whole[i-1], w, t.touching); ok {
			c.hashes = append(c.hashes, hash)
		}
	}
	return c
}

func (c *condition) setPrefix(prefix []byte) {
	c.prefix = cutTerm(prefix)
	if len(prefix) > digestPrefix && isHex(prefix) {
		c.digest = prefix[:digestPrefix]
	}
}
