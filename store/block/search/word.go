package search

import (
	"strings"

	"auditlog/audit"
	"auditlog/store/block/column"
)

// Word is a word of a full-text condition, made ready to be looked for. It is never
// changed.
type Word struct {
	text  string
	bytes []byte // text again
	// prefix says that longer words which begin so will do.
	prefix bool
	// never says that ASCII text cannot hold the word.
	never bool
	// rare is the offset of the byte of text that texts hold least often, which
	// is searched for first, in both of its cases.
	rare         int
	lower, upper byte
	// decimal and hex are how many decimal and hexadecimal digits stand side by side
	// in the word, and, if it is a prefix, may do so behind it.
	decimal, hex int
}

// byRarity has the bytes of words in the order of how rare they are in texts.
const byRarity = "qzjxkvwy9876543210bgpfmuhdclrsnioate"

// NewWord returns a word in its normal form: if it is ASCII, lower case letters and
// digits. prefix says that longer words which begin so will do.
func NewWord(text string, prefix bool) Word {
	w := Word{text: text, bytes: []byte(text), prefix: prefix, never: !audit.IsASCII(text)}
	w.decimal = w.run(column.Digit)
	w.hex = w.run(column.Digit | column.LowerHex)
	if w.never || text == "" {
		return w
	}
	best := len(byRarity)
	for i := range len(text) {
		if r := strings.IndexByte(byRarity, text[i]); r >= 0 && r < best {
			best, w.rare = r, i
		}
	}
	w.lower = text[w.rare]
	w.upper = w.lower
	if 'a' <= w.lower && w.lower <= 'z' {
		w.upper -= 'a' - 'A'
	}
	return w
}

// run returns how many characters of some classes there are side by side at most.
func (w *Word) run(classes column.Class) (longest int) {
	n := 0
	for i := range len(w.text) {
		if n++; column.ClassOf(w.text[i])&classes == 0 {
			n = 0
		}
		longest = max(longest, n)
	}
	if w.prefix && n > 0 {
		return column.MaxHex
	}
	return longest
}

// reaches reports whether w can reach over an element of c, the column of a slot, with
// what stands beside it. None of a number's digits can be left out, but that a mark
// behind it makes another letter of the last one, from a to f, in the normal form.
func (w *Word) reaches(c *column.Column) bool {
	d, ok := c.Digits()
	switch {
	case !ok:
		return c.Nature() != column.Nothing
	case !d.Hexadecimal:
		return w.decimal >= d.Fewest
	case w.never:
		return w.hex >= d.Fewest-1
	}
	return w.hex >= d.Fewest
}

// In reports whether text, ASCII in any case, holds w, whatever stands beside it.
func (w *Word) In(text string) bool {
	if w.never {
		return false
	}
	return w.next(text, w.lower) >= 0 || w.lower != w.upper && w.next(text, w.upper) >= 0
}

// next returns where w first is in text with its rare byte being c, or -1.
func (w *Word) next(text string, c byte) int {
	if len(text) < len(w.text) {
		return -1
	}
	// The rare byte can only be where the rest of the word has room around it.
	room := text[w.rare : len(text)-(len(w.text)-1-w.rare)]
	for from := 0; ; {
		i := strings.IndexByte(room[from:], c)
		if i < 0 {
			return -1
		}
		i += from
		if equalLower(text[i:i+len(w.text)], w.text) {
			return i
		}
		from = i + 1
	}
}

// equalLower reports whether s, ASCII, in lower case is word, which is as long.
func equalLower(s, word string) bool {
	for i := range len(word) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// joined is a set of the bytes that, beside a word, make it part of a longer one.
type joined [256]bool

// A slot makes the word beside it longer, whatever it holds, and is looked into by
// itself.
var joinedText, joinedTemplate = func() (text, template joined) {
	for c := range text {
		text[c] = column.ClassOf(byte(c)) != 0
		template[c] = text[c] || column.IsMark(byte(c)) && !column.IsEscape(byte(c))
	}
	return text, template
}()

// alone reports whether w, which is at text[at:], is not part of a longer word. If j
// is nil, nothing is known of what stands beside it.
func (w *Word) alone(text string, at int, j *joined) bool {
	if j == nil {
		return true
	}
	end := at + len(w.text)
	return (at == 0 || !j[text[at-1]] || at > 1 && column.IsEscape(text[at-2])) &&
		(w.prefix || end == len(text) || !j[text[end]])
}
