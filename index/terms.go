package index

import "unicode/utf8"

// The terms of a word are what the index holds of it. Most words are a term
// themselves. These are more, or less:
//
//   - Of a long word only the beginning is a term: it is an encoded file, or no word.
//
//   - A digest (seven hexadecimal digits or more, of both kinds) is two terms: its
//     first three digits, and a bucket that it is hashed into. Nearly every
//     digest is in one entry only, and a term that few blocks have takes 20 bytes and
//     more, one that many have three for each. A block with a few hundred digests has
//     both terms of another one with a probability of one in four hundred.
//
//   - Two neighbours of unspaced scripts have a bucket besides: a thousand entries
//     in Japanese hold most single characters.
//
//   - So have a word and a number that follows without a space, as in shop-777: a
//     thousand entries hold most small numbers.
//
//   - Of a value that is found whole, an id, there is a bucket and nothing else: the words of
//     a UUID an entry would take three times as much as all others. A thousand entries with
//     ids have one in seventeen of the buckets.
//
// A block that holds a word has all its terms. The converse need not hold.
const (
	maxTerm      = 64
	minDigest    = 7
	digestPrefix = MinPrefix // else a prefix could not be looked up
	bucketBits   = 14
)

// What the terms begin with that are buckets. No word does.
const (
	markDigest = '\x01'
	markPair   = '\x02'
	markWhole  = '\x03'
)

// appendTerms appends the terms of a word to terms. They may share its memory.
func appendTerms(terms [][]byte, word []byte) [][]byte {
	if !isDigest(word) {
		return append(terms, cutTerm(word))
	}
	return append(terms, word[:digestPrefix], appendBucket(nil, markDigest, word, nil))
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

// appendPair appends the bucket of two neighbours to b, if they have one. touching
// says that there is no space between them.
func appendPair(b, before, word []byte, touching bool) ([]byte, bool) {
	switch {
	case isWide(before) && isWide(word):
	case touching && hasDigit(word) && !isDigest(before) && !isDigest(word):
	default:
		return b, false
	}
	return appendBucket(b, markPair, before, word), true
}

// appendWhole appends the bucket of a value that is found whole to b.
func appendWhole(b []byte, value string) []byte {
	return appendBucket(b, markWhole, []byte(value), nil)
}

// appendBucket appends the bucket of one or two words to b.
func appendBucket(b []byte, mark byte, x, y []byte) []byte {
	const offset, prime = 2166136261, 16777619 // FNV-1a
	h := uint32(offset)
	for _, c := range x {
		h = (h ^ uint32(c)) * prime
	}
	h = (h ^ 0xff) * prime // which is in no word
	for _, c := range y {
		h = (h ^ uint32(c)) * prime
	}
	h = (h ^ h>>bucketBits) & (1<<bucketBits - 1)
	return append(b, mark, byte(h>>8), byte(h))
}

// condition is what the terms of a block must fulfil for it to hold a term of a
// query, as far as the index can tell.
type condition struct {
	// all must be there.
	all [][]byte
	// prefix, unless empty, is what a further term must begin with. A digest that
	// begins so may have the term digest instead, unless that is empty.
	prefix, digest []byte
	// whole, unless empty, is a term that a document may have instead of all these.
	whole []byte
}

// condition returns what the index can tell of t.
func (t *term) condition() condition {
	var c condition
	if t.whole != "" {
		c.whole = appendWhole(nil, t.whole)
	}
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
	if len(prefix) > digestPrefix && isHex(prefix) {
		c.digest = prefix[:digestPrefix]
	}
}
