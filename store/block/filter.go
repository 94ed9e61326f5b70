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
	// resourceID is that of the first constraint, if there is one of it: rows whose
	// metadata lists it are found besides.
	resourceID string
}

// constraint is the condition on one field: one of values, or a prefix.
type constraint struct {
	field  Field // noField where no hashes are kept
	value  search.Value
	hashes []uint32 // of the values, or of the prefix
	prefix bool
}

// maxConstraints is how many constraints a filter has at most: what each field with hashes
// is asked for, and the four of those without.
const maxConstraints = int(fieldCount) + 4

// FieldHashes says that a row's value of Field has one of Hashes.
type FieldHashes struct {
	Field  Field
	Hashes []uint32
}

// NewFilter returns the filter of everything in q, which is normalized, but Project and
// Text.
func NewFilter(q *audit.Query) *Filter {
	f := &Filter{resourceID: q.ResourceID}
	f.from, f.to = q.Bounds()
	// First what leaves the fewest rows: the rest looks at those only.
	f.equal(ResourceID, q.ResourceID)
	f.equal(Actor, q.Actor)
	outcomes := make([]string, len(q.Outcomes))
	for i, o := range q.Outcomes {
		outcomes[i] = string(o)
	}
	f.oneOf(Outcome, outcomes)
	if prefix, ok := q.ActionPrefix(); ok {
		f.constraints = append(f.constraints, constraint{
			field: Action, value: search.Prefix(colAction, prefix), hashes: []uint32{hash(prefix)}, prefix: true,
		})
	} else {
		f.equal(Action, q.Action)
	}
	f.exactly(colRequest, q.RequestID)
	f.exactly(colKey, q.Key)
	f.addresses(q.IP)
	f.exactly(colAgent, q.UserAgent)
	f.equal(ResourceType, q.ResourceType)
	f.equal(Channel, string(q.Channel))
	f.equal(ActorType, string(q.ActorType))
	f.equal(RecordedBy, q.RecordedBy)
	return f
}

func (f *Filter) equal(field Field, value string) {
	if value != "" {
		f.oneOf(field, []string{value})
	}
}

// exactly asks for one value of a column that no hashes are kept of.
func (f *Filter) exactly(col int, value string) {
	if value != "" {
		f.constraints = append(f.constraints, constraint{field: noField, value: search.OneOf(layout, col, value)})
	}
}

// addresses asks for an address, or one of a range.
func (f *Filter) addresses(ip string) {
	if ip == "" {
		return
	}
	a, err := audit.ParseAddresses(ip)
	contain := func(s string) bool { return err == nil && a.Contain(s) } // a valid query has no error
	f.constraints = append(f.constraints, constraint{field: noField, value: search.Satisfying(colIP, contain)})
}

func (f *Filter) oneOf(field Field, values []string) {
	if len(values) == 0 {
		return
	}
	c := constraint{field: field, value: search.OneOf(layout, fieldColumns[field], values...)}
	for _, v := range values {
		c.hashes = append(c.hashes, Hash(field, v))
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
		if c.field == noField || slices.Contains(covered, c.field) {
			continue
		}
		field := c.field
		if c.prefix {
			field = ActionPrefix
		}
		all = append(all, FieldHashes{field, c.hashes})
	}
	return all
}

// Match removes the rows from rows that do not match. Blocks that do not have one
// of the values that are asked for cost little.
func (f *Filter) Match(b *Block, rows *bits.Rows) error {
	if b.last.At < f.from || b.first.At >= f.to {
		*rows = bits.Rows{}
		return nil
	}
	if f.resourceID == "" {
		return f.match(b, f.constraints, rows)
	}
	listed, err := b.listing(f.resourceID)
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

// listing returns the rows whose metadata lists the resource with that id.
func (b *Block) listing(id string) (rows bits.Rows, err error) {
	err = b.columns.EachOfName(colMetadata, audit.ListedResources, func(row int, list string) {
		if audit.ListsResource(list, id) {
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
