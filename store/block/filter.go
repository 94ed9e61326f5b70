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
	f.equal(ResourceType, n.ResourceType)
	f.equal(ResourceID, n.ResourceID)
	f.equal(Actor, n.Actor)
	f.equal(ActorType, string(n.ActorType))
	f.equal(Channel, string(n.Channel))
	if prefix, ok := n.ActionPrefix(); ok {
		f.constraints = append(f.constraints, constraint{field: Action, prefix: prefix})
	} else {
		f.equal(Action, n.Action)
	}
	outcomes := make([]string, len(n.Outcomes))
	for i, o := range n.Outcomes {
		outcomes[i] = string(o)
	}
	f.oneOf(Outcome, outcomes)
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
		if v[i] >= utf8.RuneSelf {
			return audit.Fold(v) == folded
		}
	}
	if len(v) != len(folded) {
		return false
	}
	for i := range len(v) {
		c := v[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != folded[i] {
			return false
		}
	}
	return true
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
	return v.kind == kindEmpty || v.kind != kindTemplate && int(v.text) < b.raws
}

// fingerprint returns the stored part of the hash of value i of a field.
func (b *Block) fingerprint(f Field, i int) uint16 {
	return binary.LittleEndian.Uint16(b.data[int(b.fingers[f])+2*i:])
}

// candidates returns which of the distinct values of c's column may match: all
// that do, and some that do not unless exact. It decodes nothing.
func (b *Block) candidates(c *constraint) (set Rows, exact bool) {
	v := b.valuesOf(&b.columns[fieldColumns[c.field]])
	n := int(v.m)
	if v.kind == kindEmpty || v.kind == kindOne {
		n = 1
	}
	switch {
	case b.isRaw(v):
		for i := range n {
			if s, err := b.value(v, i); err == nil && c.matches(s) {
				set.Set(i)
			}
		}
		return set, true
	case v.kind == kindTemplate && c.prefix == "" && int(v.text)+int(v.n) <= b.raws:
		exact = true
		for i := range c.parsed {
			exact = b.templateEqual(v, &c.parsed[i], &set) && exact
		}
		return set, exact
	case b.fingers[c.field] != 0 && c.prefix == "":
		for i := range n {
			finger := b.fingerprint(c.field, i)
			for _, h := range c.hashes {
				if uint16(h) == finger {
					set.Set(i)
				}
			}
		}
		return set, false
	}
	return All(n), false
}

// May reports whether b can hold a row that matches. It looks at no row and
// decodes nothing.
func (f *Filter) May(b *Block) bool {
	if b.last.At < f.from || b.first.At >= f.to {
		return false
	}
	for i := range f.constraints {
		if set, _ := b.candidates(&f.constraints[i]); set.Empty() {
			return false
		}
	}
	return true
}

// Match removes the rows from rows that do not match.
func (f *Filter) Match(b *Block, rows *Rows) error {
	within := All(b.rows)
	if b.first.At < f.from || b.last.At >= f.to {
		within = Span(b.Search(audit.Position{At: f.from, ID: math.MinInt64}),
			b.Search(audit.Position{At: f.to, ID: math.MinInt64}))
	}
	rows.And(&within)
	var unsure [fieldCount]Rows
	for i := range f.constraints {
		c := &f.constraints[i]
		set, exact := b.candidates(c)
		if !exact {
			unsure[i] = set
		}
		b.keep(c.field, &set, rows)
		if rows.Empty() {
			return nil
		}
	}
	// Only now, for what is left, texts are decoded.
	for i := range f.constraints {
		if unsure[i].Empty() {
			continue
		}
		if err := b.verify(&f.constraints[i], &unsure[i], rows); err != nil {
			return err
		}
	}
	return nil
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
		having := b.having(&c.index, set)
		rows.And(&having)
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
