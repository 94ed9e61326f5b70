package block

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"auditlog/audit"
)

// Filter is a query's conditions, made ready for many blocks. It may be used by
// several goroutines.
type Filter struct {
	from, to    int64
	constraints []constraint
}

// constraint is the condition on one field: one of values, or a prefix.
type constraint struct {
	field  Field
	values []string // folded if the field compares so
	hashes []uint32
	parsed []parsed
	prefix string
}

// FieldHashes says that a row's value of Field has one of Hashes.
type FieldHashes struct {
	Field  Field
	Hashes []uint32
}

// NewFilter returns the filter of everything in q but Project and Text.
func NewFilter(q *audit.Query) *Filter {
	n := *q
	n.Outcomes = slices.Clone(q.Outcomes)
	n.Normalize()
	f := &Filter{}
	f.from, f.to = n.Bounds()
	// First what leaves the fewest rows: the rest looks at those only.
	f.equal(ResourceID, n.ResourceID)
	f.equal(Actor, n.Actor)
	outcomes := make([]string, len(n.Outcomes))
	for i, o := range n.Outcomes {
		outcomes[i] = string(o)
	}
	f.oneOf(Outcome, outcomes)
	if prefix, ok := n.ActionPrefix(); ok {
		f.constraints = append(f.constraints, constraint{field: Action, prefix: prefix})
	} else {
		f.equal(Action, n.Action)
	}
	f.equal(ResourceType, n.ResourceType)
	f.equal(Channel, string(n.Channel))
	f.equal(ActorType, string(n.ActorType))
	f.equal(RecordedBy, n.RecordedBy)
	return f
}

func (f *Filter) equal(field Field, value string) {
	if value != "" {
		f.oneOf(field, []string{value})
	}
}

func (f *Filter) oneOf(field Field, values []string) {
	if len(values) == 0 {
		return
	}
	c := constraint{field: field, values: values}
	for _, v := range values {
		c.hashes = append(c.hashes, Hash(field, v))
		c.parsed = append(c.parsed, parse(v))
	}
	f.constraints = append(f.constraints, c)
}

// Values returns what the filter asks of values, in hashes. What a combination
// asks for is left out besides.
func (f *Filter) Values() []FieldHashes {
	var all []FieldHashes
	combined, covered := f.combined()
	if combined != nil {
		all = append(all, FieldHashes{Combination, combined})
	}
	for _, c := range f.constraints {
		if slices.Contains(covered, c.field) {
			continue
		}
		if c.prefix != "" {
			all = append(all, FieldHashes{ActionPrefix, []uint32{hash(c.prefix)}})
		} else {
			all = append(all, FieldHashes{c.field, c.hashes})
		}
	}
	return all
}

// matches reports whether v is what c asks for.
func (c *constraint) matches(v string) bool {
	if c.prefix != "" {
		return strings.HasPrefix(v, c.prefix)
	}
	if c.field == ResourceType {
		return foldEqual(v, c.values[0])
	}
	for _, want := range c.values {
		if v == want {
			return true
		}
	}
	return false
}

// foldEqual reports whether audit.Fold(v) is folded, without making it.
func foldEqual(v, folded string) bool {
	for i := range len(v) {
		c := v[i]
		switch {
		case c >= utf8.RuneSelf:
			return audit.Fold(v) == folded
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if i >= len(folded) || c != folded[i] {
			return false
		}
	}
	return len(v) == len(folded)
}

// valuesOf returns the column of a column's distinct strings.
func (b *Block) valuesOf(c *column) *column {
	if c.kind == kindDict {
		return b.kid(c, 0)
	}
	return c
}

// fingered reports whether fingerprints follow a field's column: where its
// values cannot be compared without decoding a text frame.
func fingered(b *Block, c *column) bool {
	v := b.valuesOf(c)
	return v.kind == kindEach && !b.isRaw(v)
}

// isRaw reports whether v's strings are at hand since Open.
func (b *Block) isRaw(v *column) bool {
	switch v.kind {
	case kindEmpty:
		return true
	case kindOne, kindEach:
		return int(v.text) < b.raws
	}
	return false
}

// candidates adds to set which of the distinct values of c's column may match: all
// that do, and some that do not unless exact. It decodes nothing.
func (b *Block) candidates(c *constraint, set *Rows) (exact bool) {
	v := b.valuesOf(&b.columns[fieldColumns[c.field]])
	switch {
	case b.isRaw(v):
		b.rawEqual(v, c, set)
		return true
	case v.kind == kindTemplate && c.prefix == "" && int(v.text)+int(v.n) <= b.raws:
		exact = true
		for i := range c.parsed {
			exact = b.templateEqual(v, &c.parsed[i], set) && exact
		}
		return exact
	case b.fingers[c.field] != 0 && c.prefix == "":
		b.fingersEqual(c, int(v.m), set)
	case v.kind == kindOne:
		set.Set(0)
	default:
		*set = All(int(v.m))
	}
	return false
}

// rawEqual adds the elements of v, whose strings are raw, to set that c asks for.
func (b *Block) rawEqual(v *column, c *constraint, set *Rows) {
	if v.kind == kindEmpty {
		if c.matches("") {
			set.Set(0)
		}
		return
	}
	n := int(v.m)
	if v.kind == kindOne {
		n = 1
	}
	p := b.texts[0].pool.Load() // there since Open
	for i := range n {
		if c.matches(p.get(int(v.text) + i)) {
			set.Set(i)
		}
	}
}

// fingersEqual adds those of n values to set whose fingerprints c asks for.
func (b *Block) fingersEqual(c *constraint, n int, set *Rows) {
	off := int(b.fingers[c.field])
	fingers := b.data[off : off+2*n]
	for _, h := range c.hashes {
		for i := range n {
			if binary.LittleEndian.Uint16(fingers[2*i:]) == uint16(h) {
				set.Set(i)
			}
		}
	}
}

// Match removes the rows from rows that do not match. Blocks that do not have one
// of the values that are asked for cost little.
func (f *Filter) Match(b *Block, rows *Rows) error {
	if b.last.At < f.from || b.first.At >= f.to {
		*rows = Rows{}
		return nil
	}
	var sets [fieldCount]Rows
	var exact [fieldCount]bool
	for i := range f.constraints {
		if exact[i] = b.candidates(&f.constraints[i], &sets[i]); sets[i].Empty() {
			*rows = Rows{}
			return nil
		}
	}
	b.within(f.from, f.to, rows)
	for i := range f.constraints {
		if b.keep(f.constraints[i].field, &sets[i], rows); rows.Empty() {
			return nil
		}
	}
	// Only now, for what is left, texts are decoded.
	for i := range f.constraints {
		if exact[i] {
			continue
		}
		if err := b.verify(&f.constraints[i], &sets[i], rows); err != nil {
			return err
		}
	}
	return nil
}

// within removes the rows from rows that are not of the time from, or later but
// before to.
func (b *Block) within(from, to int64, rows *Rows) {
	lo, hi := 0, b.rows
	if b.first.At < from {
		lo = b.Search(audit.Position{At: from, ID: math.MinInt64})
	}
	if b.last.At >= to {
		hi = b.Search(audit.Position{At: to, ID: math.MinInt64})
	}
	span := Span(lo, hi)
	rows.And(&span)
}

// keep removes the rows from rows whose value of f is not in set.
func (b *Block) keep(f Field, set, rows *Rows) {
	c := &b.columns[fieldColumns[f]]
	switch c.kind {
	case kindEmpty, kindOne:
		if !set.Has(0) {
			*rows = Rows{}
		}
	case kindDict:
		b.keepHaving(&c.index, set, rows)
	default:
		rows.And(set)
	}
}

// verify removes the rows from rows whose value, one of set, is not what c asks for.
func (b *Block) verify(c *constraint, set, rows *Rows) error {
	col := &b.columns[fieldColumns[c.field]]
	if col.kind != kindDict && col.kind != kindOne {
		set.And(rows)
	}
	v := b.valuesOf(col)
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		s, err := b.value(v, i)
		if err != nil {
			return err
		}
		if !c.matches(s) {
			set.Clear(i)
		}
	}
	b.keep(c.field, set, rows)
	return nil
}
