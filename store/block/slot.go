package block

import (
	"strings"

	"auditlog/store/block/bits"
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
	for from > 0 && charClass[text[from-1]] != 0 {
		from--
	}
	for to < len(text) && charClass[text[to]] != 0 {
		to++
	}
	g.left, g.right = text[from:i], text[i+1:to]
	g.open = from > 0 && opens(text[from-1]) || to < len(text) && opens(text[to])
	return g
}

// opens reports whether nobody knows what c is to the word beside it.
func opens(c byte) bool { return isMark(c) || isRef(c) || c >= 0x80 }

// behindLeft cuts the left glue off a word; ok is false if it begins otherwise.
func (g *glue) behindLeft(word string) (rest string, ok bool) {
	if len(word) < len(g.left) || !equalLower(g.left, word[:len(g.left)]) {
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
		if rest := word[:len(word)-n]; equalLower(g.right[:n], word[len(rest):]) {
			fn(rest)
		}
	}
}

// inSlot returns which elements of c, into which w reaches, may be in it together with
// what stands beside them.
func (n *narrower) inSlot(c *column, g glue, w *Word) (set bits.Rows) {
	if c.kind != kindInt && c.kind != kindDigits && c.kind != kindHex {
		return n.inStrings(c, g, w)
	}
	if g.open {
		return bits.All(int(c.m))
	}
	if c.kind == kindHex && c.flags&hexUUID != 0 {
		return n.inUUID(c, g, w)
	}
	rest, ok := g.behindLeft(w.text)
	if !ok {
		return set
	}
	if w.prefix || g.right == "" {
		n.b.numbers(c, rest, w.prefix, &set)
	}
	g.eachBeforeRight(rest, w.prefix, func(rest string) { n.b.numbers(c, rest, false, &set) })
	return set
}

// inUUID is inSlot for a column of UUIDs, each of which is five words.
func (n *narrower) inUUID(c *column, g glue, w *Word) (set bits.Rows) {
	if g != (glue{}) {
		return bits.All(int(c.m))
	}
	for _, group := range [...]struct{ off, n int }{{0, 8}, {8, 4}, {12, 4}, {16, 4}, {20, 12}} {
		if len(w.text) == group.n || w.prefix && len(w.text) < group.n {
			n.b.hexEqual(c, group.off, w.text, &set)
		}
	}
	return set
}

// inStrings is inSlot for a column of strings of any kind.
func (n *narrower) inStrings(c *column, g glue, w *Word) (set bits.Rows) {
	if g.open {
		return bits.All(int(c.m))
	}
	look := func(part string) {
		if part == "" {
			set = bits.All(int(c.m))
			return
		}
		word := NewWord(part, true)
		found := n.may(c, &word, nil)
		set.Or(&found)
	}
	set = n.may(c, w, nil)
	g.eachBeforeRight(w.text, w.prefix, look)
	if rest, ok := g.behindLeft(w.text); ok && g.left != "" {
		look(rest)
		g.eachBeforeRight(rest, w.prefix, look)
	}
	return set
}

// numbers adds the elements of c to set whose digits are want, or begin so.
func (b *Block) numbers(c *column, want string, prefix bool, set *bits.Rows) {
	switch {
	case want == "":
	case c.kind == kindHex:
		if len(want) == int(c.n) || prefix && len(want) < int(c.n) {
			b.hexEqual(c, 0, want, set)
		}
	case len(want) > maxDigits || strings.Trim(want, "0123456789") != "":
	case c.kind == kindDigits:
		if missing := int(c.n) - len(want); missing == 0 || prefix && missing > 0 {
			b.numbersFrom(c, decimal(want), powers[missing], set)
		}
	case want[0] == '0' && len(want) > 1:
	case !prefix || want == "0":
		b.numbersFrom(c, decimal(want), 1, set)
	default:
		for _, p := range powers[:maxDigits-len(want)+1] {
			b.numbersFrom(c, decimal(want), p, set)
		}
	}
}

// powers are those of ten.
var powers = func() (p [maxDigits + 1]int64) {
	p[0] = 1
	for i := range maxDigits {
		p[i+1] = 10 * p[i]
	}
	return p
}()

// numbersFrom adds the elements of c to set whose values are one of unit from want·unit on.
func (b *Block) numbersFrom(c *column, want, unit int64, set *bits.Rows) {
	c.ints.Within(b.data, b.frames, want*unit, unit, set)
}

// hexEqual adds the elements of c to set whose digits from off on are want.
func (b *Block) hexEqual(c *column, off int, want string, set *bits.Rows) {
	for i := range len(want) {
		if hexDigit := nibbles[want[i]]; hexDigit == 0 && want[i] != '0' {
			return
		}
	}
	data := b.data[c.text:]
	for i := range int(c.m) {
		at, k := i*int(c.n)+off, 0
		for k < len(want) && data[(at+k)/2]>>(4-(at+k)%2*4)&15 == nibbles[want[k]] {
			k++
		}
		if k == len(want) {
			set.Set(i)
		}
	}
}
