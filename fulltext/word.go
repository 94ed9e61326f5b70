package fulltext

import (
	"math"
	"strings"

	"auditlog/audit"
)

// Word is a word of a full-text condition, made ready to be looked for. It is never
// changed.
type Word struct {
	Text  string
	Bytes []byte // Text again
	// Prefix says that longer words which begin so will do.
	Prefix bool
	// Never says that ASCII text cannot hold the word.
	Never bool
	// Lower and Upper are the byte of Text that texts hold least often, in both of
	// its cases: what is searched for first.
	Lower, Upper byte
	rare         int // its offset
	// Decimal and Hex are how many decimal and hexadecimal digits stand side by side
	// in the word at most, and, if it is a prefix, may do so behind it.
	Decimal, Hex int
}

// byRarity has the bytes of words in the order of how rare they are in texts.
const byRarity = "qzjxkvwy9876543210bgpfmuhdclrsnioate"

// NewWord returns a word in its normal form: if it is ASCII, lower case letters and
// digits. prefix says that longer words which begin so will do.
func NewWord(text string, prefix bool) Word {
	w := Word{Text: text, Bytes: []byte(text), Prefix: prefix, Never: !audit.IsASCII(text)}
	w.Decimal = w.run(isDigit)
	w.Hex = w.run(isHex)
	if w.Never || text == "" {
		return w
	}
	best := len(byRarity)
	for i := range len(text) {
		if r := strings.IndexByte(byRarity, text[i]); r >= 0 && r < best {
			best, w.rare = r, i
		}
	}
	w.Lower = text[w.rare]
	w.Upper = w.Lower
	if 'a' <= w.Lower && w.Lower <= 'z' {
		w.Upper -= 'a' - 'A'
	}
	return w
}

// run returns how many bytes of a kind there are side by side in w at most, or could
// be in a longer word.
func (w *Word) run(is func(c byte) bool) (longest int) {
	n := 0
	for i := range len(w.Text) {
		if n++; !is(w.Text[i]) {
			n = 0
		}
		longest = max(longest, n)
	}
	if w.Prefix && n > 0 {
		return math.MaxInt
	}
	return longest
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isHex reports whether c is a hexadecimal digit in normal form.
func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }

// In reports whether text, ASCII in any case, holds w, whatever stands beside it.
func (w *Word) In(text string) bool {
	if w.Never {
		return false
	}
	return w.Next(text, w.Lower) >= 0 || w.Lower != w.Upper && w.Next(text, w.Upper) >= 0
}

// Next returns where w first is in text, ASCII, with its rare byte being c, which is
// Lower or Upper, or -1.
func (w *Word) Next(text string, c byte) int {
	if len(text) < len(w.Text) {
		return -1
	}
	// The rare byte can only be where the rest of the word has room around it.
	room := text[w.rare : len(text)-(len(w.Text)-1-w.rare)]
	for from := 0; ; {
		i := strings.IndexByte(room[from:], c)
		if i < 0 {
			return -1
		}
		i += from
		if EqualLower(text[i:i+len(w.Text)], w.Text) {
			return i
		}
		from = i + 1
	}
}

// EqualLower reports whether s, ASCII, in lower case is word, which is as long.
func EqualLower(s, word string) bool {
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
