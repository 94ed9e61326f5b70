package search

import (
	"bytes"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
	"auditlog/store/block/column"
	"auditlog/store/block/lex"
)

// rarest returns the word to look for first.
func rarest(c *fulltext.Clue) *fulltext.Word {
	return &c.Words[longest(c.Words)]
}

func longest(words []fulltext.Word) (k int) {
	for i := range words {
		if words[i].Never {
			return i
		}
		if len(words[i].Text) > len(words[k].Text) {
			k = i
		}
	}
	return k
}

// occurrence says of each element whether a term occurs in it: for sure, or maybe. It
// occurs in no other.
type occurrence struct{ sure, maybe bits.Rows }

func (o *occurrence) or(p *occurrence) {
	o.sure.Or(&p.sure)
	o.maybe.Or(&p.maybe)
}

// narrower finds where one term of a condition can occur, without making the values
// of templates. The first error stays.
type narrower struct {
	set    *column.Set
	t      fulltext.Condition
	clues  *fulltext.Clues
	term   int
	clue   *fulltext.Clue
	normal []byte
	// known are the terms that occur in strings which are not ASCII.
	known map[int]uint64
	err   error
}

func (n *narrower) fail(err error) {
	if n.err == nil {
		n.err = err
	}
}

// occurs reports whether the term occurs in a value.
func (n *narrower) occurs(value string) bool {
	return value != "" && n.t.Terms(value)>>n.term&1 != 0
}

func (n *narrower) text(i int) string {
	s, err := n.set.Text(i)
	n.fail(err)
	return s
}

// find returns which of count strings hold w, by itself as far as j tells, or are not ASCII.
func (n *narrower) find(text, count int, w *fulltext.Word, j *joined) (set bits.Rows) {
	n.fail(n.set.EachChunk(text, count, func(p *chunk.Strings, lo, hi, base int) {
		find(p, w, j, lo, hi, base, &set)
	}))
	return set
}

// holding returns which of count strings may hold w.
func (n *narrower) holding(text, count int, w *fulltext.Word, j *joined) bits.Rows {
	set := n.find(text, count, w, j)
	if j == nil {
		return set
	}
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		if s := n.text(text + i); !audit.IsASCII(s) && !n.strange(s, w) {
			set.Clear(i)
		}
	}
	return set
}

// strange reports whether s, not ASCII, may hold w: as it is, or with what a name
// makes of it that is not set apart.
func (n *narrower) strange(s string, w *fulltext.Word) bool {
	for i := range len(s) {
		if column.IsRef(s[i]) && (i > 0 && s[i-1] >= 0x80 || i+1 < len(s) && s[i+1] >= 0x80) {
			return true
		}
	}
	n.normal = n.clues.Normal(n.normal[:0], s)
	return bytes.Contains(n.normal, w.Bytes)
}

// rows returns in which rows the term occurs.
func (n *narrower) rows() (all occurrence) {
	layout := n.set.Layout()
	for col := range layout {
		if layout[col].Whole {
			same := n.whole(col)
			all.sure.Or(&same)
			continue
		}
		if !layout[col].Searched {
			continue
		}
		var o occurrence
		if c := n.set.At(col); layout[col].Names > 0 {
			o = n.lists(c)
		} else {
			o = n.column(c)
		}
		all.or(&o)
	}
	return all
}

// whole returns in which rows column col is the term.
func (n *narrower) whole(col int) (rows bits.Rows) {
	if n.clue.Whole == "" || n.err != nil || n.set.At(col).Nature() == column.Nothing {
		return rows
	}
	v := OneOf(n.set.Layout(), col, n.clue.Whole)
	var set bits.Rows
	exact := v.Candidates(n.set, &set)
	if set.Empty() {
		return rows
	}
	rows = bits.All(n.set.At(col).Len())
	v.Keep(n.set, &set, &rows)
	if !exact && !rows.Empty() {
		n.err = v.Verify(n.set, &set, &rows)
	}
	return rows
}

// column returns in which elements of c the term occurs.
func (n *narrower) column(c *column.Column) (o occurrence) {
	switch c.Nature() {
	case column.Nothing:
	case column.Plain:
		of := n.strings(c.Strings())
		o.sure = n.set.Lift(c, &of)
	case column.Chosen:
		of := n.column(n.set.Kid(c, 0))
		o.sure = n.set.Lift(c, &of.sure)
		o.maybe = n.set.Lift(c, &of.maybe)
	case column.Templates:
		return n.templates(c)
	case column.Marked:
		return n.marked(c)
	default:
		o.maybe = bits.All(c.Len())
	}
	return o
}

// strings returns which of count strings hold the term.
func (n *narrower) strings(text, count int) bits.Rows {
	set := n.find(text, count, rarest(n.clue), &joinedText)
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		if n.termsOf(text+i)>>n.term&1 == 0 {
			set.Clear(i)
		}
	}
	return set
}

// termsOf returns the terms that occur in string i. One that is not ASCII takes so
// long that it is looked at once for all terms.
func (n *narrower) termsOf(i int) uint64 {
	s := n.text(i)
	if audit.IsASCII(s) {
		return n.t.Terms(s)
	}
	if len(n.clues.Terms) == 1 {
		if !n.strange(s, rarest(n.clue)) {
			return 0
		}
		return n.t.Terms(s)
	}
	terms, ok := n.known[i]
	if !ok {
		if n.known == nil {
			n.known = make(map[int]uint64)
		}
		terms = n.t.Terms(s)
		n.known[i] = terms
	}
	return terms
}

// may returns which elements of c may hold w. j says what stands beside words in c.
func (n *narrower) may(c *column.Column, w *fulltext.Word, j *joined) (r bits.Rows) {
	switch c.Nature() {
	case column.Nothing:
	case column.Plain:
		first, count := c.Strings()
		of := n.holding(first, count, w, j)
		r = n.set.Lift(c, &of)
	case column.Chosen:
		of := n.may(n.set.Kid(c, 0), w, j)
		r = n.set.Lift(c, &of)
	case column.Templates:
		if j == nil {
			return bits.All(c.Len())
		}
		return n.mayTemplates(c, w)
	default:
		r = bits.All(c.Len())
	}
	return r
}

// mayTemplates does so for a column of templates.
func (n *narrower) mayTemplates(c *column.Column, w *fulltext.Word) (r bits.Rows) {
	first, count := c.Strings()
	texts := n.holding(first, count, w, &joinedTemplate) // in which w is, whatever the slots hold
	for t := range count {
		if texts.Has(t) || !n.reaches(c, t, w) {
			continue
		}
		ranks, all := n.slots(c, t, w)
		if all {
			texts.Set(t)
			continue
		}
		found := n.set.Spread(c, t, &ranks)
		r.Or(&found)
	}
	whole := n.set.Lift(c, &texts)
	r.Or(&whole)
	return r
}

// reaches reports whether w can reach into a slot of template t.
func (n *narrower) reaches(c *column.Column, t int, w *fulltext.Word) bool {
	for slot, end := n.set.SlotsOf(c, t); slot < end; slot++ {
		if reaches(w, n.set.Kid(c, slot)) {
			return true
		}
	}
	return false
}

// slots returns which of the elements with template t may hold w, reaching into a
// slot, or that all may.
func (n *narrower) slots(c *column.Column, t int, w *fulltext.Word) (ranks bits.Rows, all bool) {
	first, _ := c.Strings()
	text := n.text(first + t)
	slot, end := n.set.SlotsOf(c, t)
	for i := 0; i < len(text) && slot < end; i++ {
		switch {
		case lex.IsEscape(text[i]):
			return ranks, true
		case lex.IsMark(text[i]):
			if kid := n.set.Kid(c, slot); reaches(w, kid) {
				found := n.inSlot(kid, glueAt(text, i), w)
				ranks.Or(&found)
			}
			slot++
		}
	}
	return ranks, false
}

// templates returns in which elements of a column of templates the term occurs.
func (n *narrower) templates(c *column.Column) (o occurrence) {
	if o.maybe = n.mayHoldAll(c, nil); !o.maybe.Empty() {
		o.sure = n.inPieces(c)
	}
	return o
}

// marked does so for a column whose marks stand for others. No mark of theirs touches a letter or
// digit, so a term of one word that a mark stands for occurs in the mark's own
// column as well.
func (n *narrower) marked(c *column.Column) (o occurrence) {
	var named []int
	if len(n.clue.Words) > 1 {
		named = n.set.Marked(c)
	}
	kid := n.set.Kid(c, 0)
	if o.maybe = n.mayHoldAll(kid, named); !o.maybe.Empty() {
		o.sure = n.inPieces(kid)
	}
	return o
}

// mayHoldAll returns which elements of c may hold all words of the term, each of them
// either in c or in one of the columns named.
func (n *narrower) mayHoldAll(c *column.Column, named []int) bits.Rows {
	all := bits.All(c.Len())
	for i := range n.clue.Words {
		w := &n.clue.Words[i]
		may := n.may(c, w, &joinedText)
		for _, col := range named {
			found := n.may(n.set.At(col), w, &joinedText)
			may.Or(&found)
		}
		if all.And(&may); all.Empty() {
			break
		}
	}
	return all
}

// inPieces returns the elements of c, whose texts have marks, in which the term
// occurs whatever the marks stand for. There may be more.
func (n *narrower) inPieces(c *column.Column) (r bits.Rows) {
	switch c.Nature() {
	case column.Plain, column.Templates:
		of := n.withPieces(c.Strings())
		r = n.set.Lift(c, &of)
	case column.Chosen:
		of := n.inPieces(n.set.Kid(c, 0))
		r = n.set.Lift(c, &of)
	}
	return r
}

// withPieces returns which of count texts have the term in a piece.
func (n *narrower) withPieces(text, count int) bits.Rows {
	texts := n.holding(text, count, rarest(n.clue), &joinedTemplate)
	for t := texts.Next(0); t >= 0; t = texts.Next(t + 1) {
		if !n.inPiece(n.text(text + t)) {
			texts.Clear(t)
		}
	}
	return texts
}

// inPiece reports whether the term occurs in a piece of a text with marks, which
// stands between two separators.
func (n *narrower) inPiece(text string) bool {
	if lex.HasEscape(text) {
		return false
	}
	for i := 0; i < len(text); i++ {
		start := i
		for i < len(text) && !lex.IsMark(text[i]) && !column.IsRef(text[i]) {
			i++
		}
		end := i
		if start > 0 {
			for start < end && (lex.ClassOf(text[start]) != 0 || text[start] >= 0x80) {
				start++
			}
		}
		if end < len(text) {
			for start < end && (lex.ClassOf(text[end-1]) != 0 || text[end-1] >= 0x80) {
				end--
			}
		}
		if n.occurs(text[start:end]) {
			return true
		}
	}
	return false
}

// lists returns in which rows of a column of names and values the term occurs.
func (n *narrower) lists(c *column.Column) (o occurrence) {
	switch c.Nature() {
	case column.Nothing:
	case column.Shapes:
		return n.shapes(c)
	case column.Blob:
		o.maybe = n.may(n.set.Kid(c, 0), rarest(n.clue), nil)
	default:
		o.maybe = bits.All(c.Len())
	}
	return o
}

// shapes does so for a column of shapes.
func (n *narrower) shapes(c *column.Column) (o occurrence) {
	first, count := c.Strings()
	names := n.holding(first, count, rarest(n.clue), nil)
	for t := names.Next(0); t >= 0; t = names.Next(t + 1) {
		holds := false
		n.fail(column.SplitShape(n.text(first+t), func(name string) { holds = holds || n.occurs(name) }))
		if !holds {
			names.Clear(t)
		}
	}
	o.sure = n.set.Lift(c, &names)
	for t := range count {
		var of occurrence
		for k, end := n.set.SlotsOf(c, t); k < end; k++ {
			values := n.column(n.set.Kid(c, k))
			of.or(&values)
		}
		sure, maybe := n.set.Spread(c, t, &of.sure), n.set.Spread(c, t, &of.maybe)
		o.sure.Or(&sure)
		o.maybe.Or(&maybe)
	}
	return o
}
