package block

import (
	"bytes"
	"strings"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// Clues is what is known of a condition.
type Clues struct {
	Terms []Clue
	// Normal appends the normal form of a text, in which words are looked for if it
	// is not ASCII. ASCII has only letter cases, and never merges with what is before it.
	Normal func(dst []byte, text string) []byte
}

// Clue is what a value must hold for one of a condition's terms to occur in it: all
// of Words.
type Clue struct {
	Words []Word
	// Wanted says that no entry matches without the term.
	Wanted bool
}

// rarest returns the word to look for first.
func (c *Clue) rarest() *Word {
	return &c.Words[longest(c.Words)]
}

func longest(words []Word) (k int) {
	for i := range words {
		if words[i].never {
			return i
		}
		if len(words[i].text) > len(words[k].text) {
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
	b      *Block
	t      Text
	clues  *Clues
	term   int
	clue   *Clue
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
	s, err := n.b.text(i)
	n.fail(err)
	return s
}

// find returns which of count strings hold w, by itself as far as j tells, or are not ASCII.
func (n *narrower) find(text, count int, w *Word, j *joined) (set bits.Rows) {
	for k := range n.b.texts {
		f := &n.b.texts[k]
		lo, hi := max(text, f.first), min(text+count, f.first+f.n)
		if lo >= hi {
			continue
		}
		p, err := n.b.pool(f)
		if err != nil {
			n.fail(err)
			break
		}
		p.find(w, j, lo-f.first, hi-f.first, f.first-text, &set)
	}
	return set
}

// holding returns which of count strings may hold w.
func (n *narrower) holding(text, count int, w *Word, j *joined) bits.Rows {
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
func (n *narrower) strange(s string, w *Word) bool {
	for i := range len(s) {
		if isRef(s[i]) && (i > 0 && s[i-1] >= 0x80 || i+1 < len(s) && s[i+1] >= 0x80) {
			return true
		}
	}
	n.normal = n.clues.Normal(n.normal[:0], s)
	return bytes.Contains(n.normal, w.bytes)
}

// rows returns in which rows the term occurs.
func (n *narrower) rows() (all occurrence) {
	for _, col := range textColumns {
		o := n.column(&n.b.columns[col])
		all.or(&o)
	}
	for _, col := range []int{colChanges, colMetadata} {
		o := n.shapes(&n.b.columns[col])
		all.or(&o)
	}
	return all
}

// column returns in which elements of c the term occurs.
func (n *narrower) column(c *column) (o occurrence) {
	switch c.kind {
	case kindEmpty:
	case kindOne:
		if o.sure = n.strings(int(c.text), 1); !o.sure.Empty() {
			o.sure = bits.All(int(c.m))
		}
	case kindEach:
		o.sure = n.strings(int(c.text), int(c.m))
	case kindDict:
		of := n.column(n.b.kid(c, 0))
		o.sure = n.having(c, &of.sure)
		o.maybe = n.having(c, &of.maybe)
	case kindSome:
		of := n.column(n.b.kid(c, 0))
		o.sure = n.spread(c, 1, &of.sure)
		o.maybe = n.spread(c, 1, &of.maybe)
	case kindTemplate:
		return n.templates(c)
	case kindRefs:
		return n.refs(c)
	default:
		n.fail(bits.Corrupt("a column of kind %d where texts are", c.kind))
	}
	return o
}

// strings returns which of count strings hold the term.
func (n *narrower) strings(text, count int) bits.Rows {
	set := n.find(text, count, n.clue.rarest(), &joinedText)
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
		if !n.strange(s, n.clue.rarest()) {
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

// having returns the elements of c with an index out of want.
func (n *narrower) having(c *column, want *bits.Rows) (r bits.Rows) {
	if want.Empty() {
		return r
	}
	return n.b.having(&c.index, want)
}

// spread returns those of the elements of c with index v whose numbers among them
// are in ranks.
func (n *narrower) spread(c *column, v int, ranks *bits.Rows) (r bits.Rows) {
	rank := ranks.Next(0)
	if rank < 0 {
		return r
	}
	having := n.b.havingOne(&c.index, v)
	at := 0
	for i := having.Next(0); i >= 0 && rank >= 0; i = having.Next(i + 1) {
		if at == rank {
			r.Set(i)
			rank = ranks.Next(rank + 1)
		}
		at++
	}
	return r
}

// may returns which elements of c may hold w. j says what stands beside words in c.
func (n *narrower) may(c *column, w *Word, j *joined) (r bits.Rows) {
	switch c.kind {
	case kindEmpty:
	case kindOne:
		if r = n.holding(int(c.text), 1, w, j); !r.Empty() {
			r = bits.All(int(c.m))
		}
	case kindEach:
		r = n.holding(int(c.text), int(c.m), w, j)
	case kindDict:
		of := n.may(n.b.kid(c, 0), w, j)
		r = n.having(c, &of)
	case kindSome:
		of := n.may(n.b.kid(c, 0), w, j)
		r = n.spread(c, 1, &of)
	case kindTemplate:
		if j == nil {
			return bits.All(int(c.m))
		}
		texts := n.holding(int(c.text), int(c.n), w, &joinedTemplate)
		return n.mayTemplates(c, w, texts)
	default:
		r = bits.All(int(c.m))
	}
	return r
}

// mayTemplates returns which elements of a column of templates may hold w; those of
// texts may do so whatever their slots hold.
func (n *narrower) mayTemplates(c *column, w *Word, texts bits.Rows) (r bits.Rows) {
	for t := range int(c.n) {
		if texts.Has(t) || !n.reaches(c, t, w) {
			continue
		}
		ranks, all := n.slots(c, t, w)
		if all {
			texts.Set(t)
			continue
		}
		found := n.spread(c, t, &ranks)
		r.Or(&found)
	}
	whole := n.having(c, &texts)
	r.Or(&whole)
	return r
}

// reaches reports whether w can reach into a slot of template t.
func (n *narrower) reaches(c *column, t int, w *Word) bool {
	for slot, end := n.b.slotsOf(c, t); slot < end; slot++ {
		if w.reaches(n.b.kid(c, slot)) {
			return true
		}
	}
	return false
}

// slots returns which of the elements with template t may hold w, reaching into a
// slot, or that all may.
func (n *narrower) slots(c *column, t int, w *Word) (ranks bits.Rows, all bool) {
	text := n.text(int(c.text) + t)
	slot, end := n.b.slotsOf(c, t)
	for i := 0; i < len(text) && slot < end; i++ {
		switch {
		case text[i] == markEscape:
			return ranks, true
		case isMark(text[i]):
			if kid := n.b.kid(c, slot); w.reaches(kid) {
				found := n.inSlot(kid, glueAt(text, i), w)
				ranks.Or(&found)
			}
			slot++
		}
	}
	return ranks, false
}

// templates returns in which elements of a column of templates the term occurs.
func (n *narrower) templates(c *column) (o occurrence) {
	if o.maybe = n.mayHoldAll(c, nil); !o.maybe.Empty() {
		o.sure = n.inPieces(c)
	}
	return o
}

// refs does so for a column of references. No mark of theirs touches a letter or
// digit, so a term of one word that a mark stands for occurs in the mark's own
// column as well.
func (n *narrower) refs(c *column) (o occurrence) {
	var named []int
	if len(n.clue.Words) > 1 {
		named = refColumns[:]
	}
	kid := n.b.kid(c, 0)
	if o.maybe = n.mayHoldAll(kid, named); !o.maybe.Empty() {
		o.sure = n.inPieces(kid)
	}
	return o
}

// mayHoldAll returns which elements of c may hold all words of the term, each of them
// either in c or in one of the columns named.
func (n *narrower) mayHoldAll(c *column, named []int) bits.Rows {
	all := bits.All(int(c.m))
	for i := range n.clue.Words {
		w := &n.clue.Words[i]
		may := n.may(c, w, &joinedText)
		for _, col := range named {
			found := n.may(&n.b.columns[col], w, &joinedText)
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
func (n *narrower) inPieces(c *column) (r bits.Rows) {
	switch c.kind {
	case kindOne:
		if r = n.withPieces(c, 1); !r.Empty() {
			r = bits.All(int(c.m))
		}
	case kindEach:
		r = n.withPieces(c, int(c.m))
	case kindDict:
		of := n.inPieces(n.b.kid(c, 0))
		r = n.having(c, &of)
	case kindSome:
		of := n.inPieces(n.b.kid(c, 0))
		r = n.spread(c, 1, &of)
	case kindTemplate:
		of := n.withPieces(c, int(c.n))
		r = n.having(c, &of)
	}
	return r
}

// withPieces returns which of the first count texts of c have the term in a piece.
func (n *narrower) withPieces(c *column, count int) bits.Rows {
	texts := n.holding(int(c.text), count, n.clue.rarest(), &joinedTemplate)
	for t := texts.Next(0); t >= 0; t = texts.Next(t + 1) {
		if !n.inPiece(n.text(int(c.text) + t)) {
			texts.Clear(t)
		}
	}
	return texts
}

// inPiece reports whether the term occurs in a piece of a text with marks, which
// stands between two separators.
func (n *narrower) inPiece(text string) bool {
	if strings.IndexByte(text, markEscape) >= 0 {
		return false
	}
	for i := 0; i < len(text); i++ {
		start := i
		for i < len(text) && !isMark(text[i]) && !isRef(text[i]) {
			i++
		}
		end := i
		if start > 0 {
			for start < end && (charClass[text[start]] != 0 || text[start] >= 0x80) {
				start++
			}
		}
		if end < len(text) {
			for start < end && (charClass[text[end-1]] != 0 || text[end-1] >= 0x80) {
				end--
			}
		}
		if n.occurs(text[start:end]) {
			return true
		}
	}
	return false
}

// shapes returns in which rows of a column of shapes the term occurs.
func (n *narrower) shapes(c *column) (o occurrence) {
	switch c.kind {
	case kindEmpty:
		return o
	case kindBlob:
		o.maybe = n.may(n.b.kid(c, 0), n.clue.rarest(), nil)
		return o
	}
	names := n.holding(int(c.text), int(c.n), n.clue.rarest(), nil)
	for s := names.Next(0); s >= 0; s = names.Next(s + 1) {
		found := false
		n.fail(splitShape(n.text(int(c.text)+s), func(name string) { found = found || n.occurs(name) }))
		if !found {
			names.Clear(s)
		}
	}
	o.sure = n.having(c, &names)
	for s := range int(c.n) {
		var of occurrence
		for k, end := n.b.slotsOf(c, s); k < end; k++ {
			values := n.column(n.b.kid(c, k))
			of.or(&values)
		}
		sure, maybe := n.spread(c, s, &of.sure), n.spread(c, s, &of.maybe)
		o.sure.Or(&sure)
		o.maybe.Or(&maybe)
	}
	return o
}
