package search

import (
	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
	"auditlog/store/block/lex"
)

// A word can lie in a template's text, or reach into a slot. Then it is what stands
// beside the slot without a separator, and what the slot holds between.

// glue is what stands beside a slot and belongs to the same word.
type glue struct {
	left, right string
	// open says that this is not all that may belong to it.
	open bool
}

// glueAt returns the glue of the slot at text[i].
func glueAt(text string, i int) (g glue) {
	from, to := i, i+1
	for from > 0 && lex.ClassOf(text[from-1]) != 0 {
		from--
	}
	for to < len(text) && lex.ClassOf(text[to]) != 0 {
		to++
	}
	g.left, g.right = text[from:i], text[i+1:to]
	g.open = from > 0 && opens(text[from-1]) || to < len(text) && opens(text[to])
	return g
}

// opens reports whether nobody knows what c is to the word beside it.
func opens(c byte) bool { return lex.IsMark(c) || column.IsRef(c) || c >= 0x80 }

// behindLeft cuts the left glue off a word; ok is false if it begins otherwise.
func (g *glue) behindLeft(word string) (rest string, ok bool) {
	if len(word) < len(g.left) || !fulltext.EqualLower(g.left, word[:len(g.left)]) {
		return "", false
	}
	return word[len(g.left):], true
}

// eachBeforeRight calls fn with what is left of word without the right glue, or,
// if the word is a prefix, without as much of the glue as it can reach into.
func (g *glue) eachBeforeRight(word string, prefix bool, fn func(rest string)) {
	least := len(g.right)
	if prefix {
		least = 1
	}
	for n := max(least, 1); n <= min(len(g.right), len(word)); n++ {
		if rest := word[:len(word)-n]; fulltext.EqualLower(g.right[:n], word[len(rest):]) {
			fn(rest)
		}
	}
}

// inSlot returns which elements of c, into which w reaches, may be in it together with
// what stands beside them.
func (n *narrower) inSlot(c *column.Column, g glue, w *fulltext.Word) (set bits.Rows) {
	d, ok := c.Digits()
	switch {
	case !ok:
		return n.inStrings(c, g, w)
	case g.open || d.Words && g != (glue{}):
		return bits.All(c.Len())
	case d.Words:
		n.set.FindDigits(c, w.Text, w.Prefix, &set)
		return set
	}
	rest, ok := g.behindLeft(w.Text)
	if !ok {
		return set
	}
	if w.Prefix || g.right == "" {
		n.set.FindDigits(c, rest, w.Prefix, &set)
	}
	g.eachBeforeRight(rest, w.Prefix, func(rest string) { n.set.FindDigits(c, rest, false, &set) })
	return set
}

// inStrings is inSlot for a column of strings of any kind.
func (n *narrower) inStrings(c *column.Column, g glue, w *fulltext.Word) (set bits.Rows) {
	if g.open {
		return bits.All(c.Len())
	}
	look := func(part string) {
		if part == "" {
			set = bits.All(c.Len())
			return
		}
		word := fulltext.NewWord(part, true)
		found := n.may(c, &word, nil)
		set.Or(&found)
	}
	set = n.may(c, w, nil)
	g.eachBeforeRight(w.Text, w.Prefix, look)
	if rest, ok := g.behindLeft(w.Text); ok && g.left != "" {
		look(rest)
		g.eachBeforeRight(rest, w.Prefix, look)
	}
	return set
}
