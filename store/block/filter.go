package block

import (
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/search"
)

// Filter is a query's conditions, made ready for many blocks. It may be used by
// several goroutines.
type Filter struct {
	from, to    int64
	constraints []constraint
	excluded    []constraint
	// resourceIDs are those of the first constraint, if there is one of them: rows whose
	// metadata lists one are found besides. notResourceIDs are those of excluded.
	resourceIDs, notResourceIDs []string
}

// constraint is the condition on one field: one of values, or of prefixes.
type constraint struct {
	field    Field // noField where no hashes are kept
	value    search.Value
	hashes   []uint32 // of the values
	prefixes []uint32 // of the prefixes
}

// asked are the columns that filters ask for. What leaves the fewest rows comes first: the
// rest looks at those only.
var asked = [...]int{
	colResourceID, colActor, colOutcome, colAction, colRequest, colKey, colIP, colAgent, colResourceName, colLabel,
	colResourceType, colLocation, colChannel, colActorType, colRecordedBy,
}

// maxConstraints is how many constraints a filter has at most.
const maxConstraints = len(asked)

// FieldHashes says that a row's value of Field has one of Hashes.
type FieldHashes struct {
	Field  Field
	Hashes []uint32
}

// NewFilter returns the filter of everything in q, which is normalized, but Project and
// Text.
func NewFilter(q *audit.Query) *Filter {
	f := &Filter{resourceIDs: q.Is["resourceId"], notResourceIDs: q.Not["resourceId"]}
	f.from, f.to = q.Bounds()
	if len(q.Is)+len(q.Not) == 0 {
		return f
	}
	for _, col := range asked {
		name := parts[col].of.Name
		if values := q.Is[name]; len(values) > 0 {
			f.constraints = append(f.constraints, newConstraint(col, values))
		}
		if values := q.Not[name]; len(values) > 0 {
			f.excluded = append(f.excluded, newConstraint(col, values))
		}
	}
	return f
}

func newConstraint(col int, values []string) constraint {
	c := constraint{field: noField}
	if p := parts[col].field; p != nil {
		c.field = p.field
	}
	switch parts[col].of.Asked {
	case audit.Addressed:
		c.value = search.Satisfying(col, audit.AnyAddress(values))
		return c
	case audit.Beginning:
		exact, prefixes := audit.SplitPrefixes(values)
		c.value = search.Beginning(layout, col, exact, prefixes)
		for _, p := range prefixes {
			c.prefixes = append(c.prefixes, hash(p))
		}
		values = exact
	default:
		c.value = search.OneOf(layout, col, values...)
	}
	if c.field != noField {
		for _, v := range values {
			c.hashes = append(c.hashes, hashOf(c.field, v))
		}
	}
	return c
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
		switch {
		case c.field == noField || slices.Contains(covered, c.field):
		case len(c.prefixes) == 0:
			all = append(all, FieldHashes{c.field, c.hashes})
		case len(c.hashes) == 0:
			all = append(all, FieldHashes{ActionPrefix, c.prefixes})
		} // of both together nothing is kept
	}
	return all
}

// Within reports whether the filter asks nothing but for times and values of some fields.
func (f *Filter) Within(fields []Field) bool {
	outside := func(c constraint) bool { return !slices.Contains(fields, c.field) }
	return !slices.ContainsFunc(f.constraints, outside) && !slices.ContainsFunc(f.excluded, outside)
}

// Passes reports whether a row with a value in a field can be selected.
func (f *Filter) Passes(field Field, value string) bool {
	for i := range f.constraints {
		if c := &f.constraints[i]; c.field == field && !c.value.Matches(value) {
			return false
		}
	}
	for i := range f.excluded {
		if c := &f.excluded[i]; c.field == field && c.value.Matches(value) {
			return false
		}
	}
	return true
}

// Match removes the rows from rows that do not match. Blocks that do not have one
// of the values that are asked for cost little.
func (f *Filter) Match(b *Block, rows *bits.Rows) error {
	if b.last.At < f.from || b.first.At >= f.to {
		*rows = bits.Rows{}
		return nil
	}
	if err := f.matchAll(b, rows); err != nil {
		return err
	}
	for i := range f.excluded {
		if rows.Empty() {
			return nil
		}
		if err := f.exclude(b, &f.excluded[i], rows); err != nil {
			return err
		}
	}
	return nil
}

// matchAll removes the rows from rows that fail a constraint.
func (f *Filter) matchAll(b *Block, rows *bits.Rows) error {
	if len(f.resourceIDs) == 0 {
		return f.match(b, f.constraints, rows)
	}
	listed, err := b.listing(f.resourceIDs)
	if err != nil {
		return err
	}
	listed.And(rows)
	if err := f.match(b, f.constraints, rows); err != nil || listed.Empty() {
		return err
	}
	err = f.match(b, f.constraints[1:], &listed)
	rows.Or(&listed)
	return err
}

// exclude removes the rows from rows that c holds for.
func (f *Filter) exclude(b *Block, c *constraint, rows *bits.Rows) error {
	if c.field == ResourceID {
		listed, err := b.listing(f.notResourceIDs)
		if err != nil {
			return err
		}
		rows.AndNot(&listed)
	}
	var set bits.Rows
	exact := c.value.Candidates(&b.columns, &set)
	if set.Empty() {
		return nil
	}
	held := *rows
	c.value.Keep(&b.columns, &set, &held)
	if !exact && !held.Empty() {
		if err := c.value.Verify(&b.columns, &set, &held); err != nil {
			return err
		}
	}
	rows.AndNot(&held)
	return nil
}

// listing returns the rows whose metadata lists one of the resources with those ids.
func (b *Block) listing(ids []string) (rows bits.Rows, err error) {
	err = b.columns.EachOfName(colMetadata, audit.ListedResources, func(row int, list string) {
		if slices.ContainsFunc(ids, func(id string) bool { return audit.ListsResource(list, id) }) {
			rows.Set(row)
		}
	})
	return rows, err
}

// match removes the rows from rows that are not of the time or fail a constraint.
func (f *Filter) match(b *Block, constraints []constraint, rows *bits.Rows) error {
	var sets [maxConstraints]bits.Rows
	var exact [maxConstraints]bool
	for i := range constraints {
		if exact[i] = constraints[i].value.Candidates(&b.columns, &sets[i]); sets[i].Empty() {
			*rows = bits.Rows{}
			return nil
		}
	}
	b.within(f.from, f.to, rows)
	for i := range constraints {
		if constraints[i].value.Keep(&b.columns, &sets[i], rows); rows.Empty() {
			return nil
		}
	}
	// Only now, for what is left, texts are decoded.
	for i := range constraints {
		if exact[i] {
			continue
		}
		if err := constraints[i].value.Verify(&b.columns, &sets[i], rows); err != nil {
			return err
		}
	}
	return nil
}

// within removes the rows from rows that are not of the time from, or later but
// before to.
func (b *Block) within(from, to int64, rows *bits.Rows) {
	lo, hi := 0, b.rows
	if b.first.At < from {
		lo = b.Search(audit.Position{At: from, ID: math.MinInt64})
	}
	if b.last.At >= to {
		hi = b.Search(audit.Position{At: to, ID: math.MinInt64})
	}
	between := bits.Between(lo, hi)
	rows.And(&between)
}

// MatchText removes the rows from rows that do not match t.
func (b *Block) MatchText(t fulltext.Condition, rows *bits.Rows) error {
	all := bits.All(b.rows)
	rows.And(&all)
	return search.Match(&b.columns, t, rows)
}
