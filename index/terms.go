package index

import (
	"unicode/utf8"
)

// The terms of a word are what the index holds of it. Most words are a term
// themselves; these are not:
//
//   - Of a long word the beginning is a term: it is an encoded file, or no word.
//   - A digest (seven hexadecimal digits or more, of both kinds) is two terms of
//     four digits each: the first four, and the four that follow. Nearly every
//     digest is in one entry only, and a term that is costs 20 to 40 bytes, against 6
//     for two terms that others share; and a block that holds both of them and
//     not the digest is one among two thousand.
//   - Two neighbours of unspaced scripts are a term besides: a thousand entries
//     in Japanese hold most single characters.
//   - So are a word and a number that follows without a space, as in shop-777: a
//     thousand entries hold most small numbers.
//
// A block that holds a word has all its terms. The converse need not hold.
const (
	maxTerm     = 64
	minDigest   = 7
	digestPiece = 4
)

// What marks the second term of a digest, and the terms of neighbours. No word
// holds these characters.
const (
	markSecond = '\x01'
	markPair   = '\x02'
)

// appendTerms appends the terms of a word to terms. They may share its memory.
func appendTerms(terms [][]byte, word []byte) [][]byte {
	if !isDigest(word) {
		return append(terms, cutTerm(word))
	}
	return append(terms, word[:digestPiece], secondTerm(word))
}

// secondTerm returns the second term of a digest.
func secondTerm(word []byte) []byte {
	from := min(digestPiece, len(word)-digestPiece)
	return append([]byte{markSecond}, word[from:from+digestPiece]...)
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

// appendPair appends the term of two neighbours to b, if they have one. touching
// says that there is no space between them.
func appendPair(b, before, word []byte, touching bool) ([]byte, bool) {
	switch {
	case isWide(before) && isWide(word):
	case touching && hasDigit(word) && !isDigest(before) && !isDigest(word):
	default:
		return b, false
	}
	b = append(append(b, markPair), cutTerm(before)...)
	return append(append(b, markPair), cutTerm(word)...), true
}

func hasDigit(word []byte) bool {
	for _, c := range word {
		if '0' <= c && c <= '9' {
			return true
		}
	}
	return false
}

// condition is what the terms of a block must fulfil for it to hold a term of a
// query, as far as the index can tell.
type condition struct {
	// all must be there.
	all [][]byte
	// prefix, unless empty, is what a further term must begin with. Digests that
	// begin so have the terms digest instead, unless it is empty.
	prefix []byte
	digest [][]byte
}

// condition returns what the index can tell of t.
func (t *term) condition() condition {
	var c condition
	words := t.words
	if t.prefix {
		words = words[:len(words)-1]
		c.setPrefix(t.words[len(words)])
	}
	for i, w := range words {
		c.all = appendTerms(c.all, w)
		if i == 0 {
			continue
		}
		if pair, ok := appendPair(nil, words[i-1], w, t.touching); ok {
			c.all = append(c.all, pair)
		}
	}
	return c
}

func (c *condition) setPrefix(prefix []byte) {
	c.prefix = cutTerm(prefix)
	if len(prefix) <= digestPiece || !isHex(prefix) {
		return // a digest's first term begins with it
	}
	c.digest = append(c.digest, prefix[:digestPiece])
	if len(prefix) >= 2*digestPiece {
		c.digest = append(c.digest, secondTerm(prefix[:2*digestPiece]))
	}
}
