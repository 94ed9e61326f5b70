package index

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/index/words"
)

// Limits of a query.
const (
	maxQuery  = 1 << 10 // bytes
	maxTerms  = 32      // words and phrases
	maxWords  = 128     // words in all of these together
	minPrefix = 3       // characters before the *
)

// Query is a parsed full-text query. It is never changed, and any number of
// goroutines may use it.
type Query struct {
	terms []term
	clues fulltext.Clues // of the terms
	// want and exclude hold the bits of the terms that an entry must and must
	// not hold.
	want, exclude uint64
	words         int // of the terms
}

// term is one word, phrase or prefix of a query.
type term struct {
	// words are in normal form; at least one.
	words [][]byte
	// prefix says that the last word need only begin so.
	prefix bool
	// touching says that there is no space between the words: they were written
	// as one. The words of a phrase may stand in any way.
	touching bool
	// whole is the term as it was written, which is how an id is found; empty for a prefix.
	whole string
	// again says for each number of its first words with how many it goes on where it does
	// not go on with these: see repeats.
	again []int
	// needle is the longest word: where it is not, the term is not.
	needle fulltext.Word
}

// Parse parses text:
//
//	shop-777 created   entries that hold both
//	"revision 7"       these words, next to each other in one value
//	-error             not this; -"not found" as well
//	dep*               words that begin so, from three characters on
//
// A word that is made of several, such as an address, is a phrase without spaces. An id
// (of a request, or an entry's key) is found by a word or phrase that is the whole of it, as it
// is written.
// Within quotation marks nothing else has a meaning; a word that begins with
// two dashes or more, such as --force, is no exclusion. Characters that belong to no
// word are skipped.
//
// The error is an Invalid Fault of the field q.
func Parse(text string) (*Query, error) {
	if len(text) > maxQuery {
		return nil, audit.FieldErrorf("q", "must be at most %d bytes", maxQuery)
	}
	if !utf8.ValidString(text) {
		return nil, audit.FieldErrorf("q", "must be valid UTF-8")
	}
	q := &Query{clues: fulltext.Clues{Normal: words.Normal}}
	// Operators typed on a Japanese keyboard are as good as others.
	rest := norm.NFKC.String(text)
	for {
		var it item
		var err error
		if it, rest, err = nextItem(rest); err != nil {
			return nil, err
		}
		if it.text == "" && rest == "" {
			break
		}
		if err := q.add(it); err != nil {
			return nil, err
		}
	}
	if len(q.terms) == 0 {
		return nil, audit.FieldErrorf("q", "must hold a letter or a digit")
	}
	for i := range q.terms {
		q.clues.Terms = append(q.clues.Terms, fulltext.Clue{Words: q.terms[i].clue(), Whole: q.terms[i].whole, Wanted: q.want>>i&1 != 0})
	}
	return q, nil
}

// item is one word or phrase of a query as it was written.
type item struct {
	text     string
	phrase   bool
	excluded bool
}

// nextItem splits the first item off text. Both results are empty at the end.
func nextItem(text string) (it item, rest string, err error) {
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	if len(text) > 1 && text[0] == '-' && text[1] != '-' {
		if r, _ := utf8.DecodeRuneInString(text[1:]); !unicode.IsSpace(r) {
			it.excluded, text = true, text[1:]
		}
	}
	if r, n := utf8.DecodeRuneInString(text); n > 0 && isQuote(r) {
		end := strings.IndexFunc(text[n:], isQuote)
		if end < 0 {
			return it, "", audit.FieldErrorf("q", "has a quotation mark that is not closed; add another, or leave it out")
		}
		it.phrase, it.text, text = true, text[n:n+end], text[n+end:]
		_, n = utf8.DecodeRuneInString(text)
		return it, text[n:], nil
	}
	end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || isQuote(r) })
	if end < 0 {
		end = len(text)
	}
	it.text = text[:end]
	return it, text[end:], nil
}

// isQuote reports whether r begins or ends a phrase: the straight quotation mark,
// and those that word processors put in its place.
func isQuote(r rune) bool { return r == '"' || r == '“' || r == '”' || r == '„' }

// add adds the term that it means, if any.
func (q *Query) add(it item) error {
	t, err := newTerm(it)
	if err != nil || len(t.words) == 0 {
		return err
	}
	i := slices.IndexFunc(q.terms, t.equal)
	if i < 0 {
		if q.words += len(t.words); q.words > maxWords {
			return audit.FieldErrorf("q", "must hold at most %d words, those of its phrases included", maxWords)
		}
		if len(q.terms) == maxTerms {
			return audit.FieldErrorf("q", "must hold at most %d words and phrases", maxTerms)
		}
		i = len(q.terms)
		q.terms = append(q.terms, t)
	}
	if it.excluded {
		q.exclude |= 1 << i
	} else {
		q.want |= 1 << i
	}
	return nil
}

func newTerm(it item) (term, error) {
	text, star := it.text, false
	if !it.phrase {
		text, star = strings.CutSuffix(it.text, "*")
		if strings.Contains(text, "*") {
			return term{}, audit.FieldErrorf("q", "has a * within %q; it can only end a word, as in dep*, unless you put the text in quotation marks", it.text)
		}
	}
	t := term{words: words.All(words.Normal(nil, text))}
	t.touching = !it.phrase && len(t.words) > 1
	t.prefix = star && endsNarrow(text)
	if t.prefix && utf8.RuneCount(t.words[len(t.words)-1]) < minPrefix {
		return term{}, audit.FieldErrorf("q", "has %q; write at least %d characters before the *", it.text, minPrefix)
	}
	if star && len(t.words) == 0 {
		return term{}, audit.FieldErrorf("q", "has a * by itself; write at least %d characters before it", minPrefix)
	}
	if !star {
		t.whole = text
	}
	t.again = repeats(t.words)
	if len(t.words) > 0 {
		t.needle = t.word(t.longest())
	}
	return t, nil
}

// word returns word number k of t, to look for in values.
func (t *term) word(k int) fulltext.Word {
	return fulltext.NewWord(string(t.words[k]), t.prefix && k == len(t.words)-1)
}

// longest returns the number of the longest word, or of one that no ASCII text holds.
func (t *term) longest() (k int) {
	for i, w := range t.words {
		if !audit.IsASCII(string(w)) {
			return i
		}
		if len(w) > len(t.words[k]) {
			k = i
		}
	}
	return k
}

// clue returns the words that are in every value in which t occurs.
func (t *term) clue() []fulltext.Word {
	var clue []fulltext.Word
	for k := range t.words {
		w := t.word(k)
		same := func(o fulltext.Word) bool { return o.Text == w.Text && o.Prefix == w.Prefix }
		if !slices.ContainsFunc(clue, same) {
			clue = append(clue, w)
		}
	}
	return clue
}

// endsNarrow reports whether text ends in a word that could go on. After a
// separator, as in deployment.*, and after a wide character a * adds nothing.
func endsNarrow(text string) bool {
	b := words.Normal(nil, text)
	return len(b) > 0 && !words.Begins(b, len(b))
}

func (t term) equal(u term) bool {
	return t.prefix == u.prefix && t.touching == u.touching && t.whole == u.whole && slices.EqualFunc(t.words, u.words, bytes.Equal)
}
