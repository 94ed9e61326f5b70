package search

import (
	"auditlog/fulltext"
	"auditlog/store/block/column"
	"auditlog/store/block/lex"
)

// reaches reports whether w can reach over an element of c, the column of a slot, with
// what stands beside it. None of a number's digits can be left out, but that a mark
// behind it makes another letter of the last one, from a to f, in the normal form.
func reaches(w *fulltext.Word, c *column.Column) bool {
	d, ok := c.Digits()
	switch {
	case !ok:
		return c.Nature() != column.Nothing
	case !d.Hexadecimal:
		return w.Decimal >= d.Fewest
	case w.Never:
		return w.Hex >= d.Fewest-1
	}
	return w.Hex >= d.Fewest
}

// joined is a set of the bytes that, beside a word, make it part of a longer one.
type joined [256]bool

// A slot makes the word beside it longer, whatever it holds, and is looked into by
// itself.
var joinedText, joinedTemplate = func() (text, template joined) {
	for c := range text {
		text[c] = lex.ClassOf(byte(c)) != 0
		template[c] = text[c] || lex.IsMark(byte(c)) && !lex.IsEscape(byte(c))
	}
	return text, template
}()

// alone reports whether w, which is at text[at:], is not part of a longer word. If j
// is nil, nothing is known of what stands beside it.
func alone(w *fulltext.Word, text string, at int, j *joined) bool {
	if j == nil {
		return true
	}
	end := at + len(w.Text)
	return (at == 0 || !j[text[at-1]] || at > 1 && lex.IsEscape(text[at-2])) &&
		(w.Prefix || end == len(text) || !j[text[end]])
}
