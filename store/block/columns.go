package block

import (
	"slices"

	"auditlog/audit"
	"auditlog/store/block/column"
)

// The columns, in the order in which a block holds them. A column that another one can
// determine comes behind it.
const (
	colActor = iota
	colActorType
	colLabel
	colAction
	colResourceType
	colResourceID
	colResourceName
	colLocation
	colOutcome
	colDetail
	colChannel
	colIP
	colAgent
	colRequest
	colKey
	colRecordedBy
	colChanges
	colMetadata
	columnCount
)

// part is what a column holds of an entry: a string, or a list of names and values.
type part struct {
	of   *audit.Field
	list *list

	field *comparison // nil: no fingerprints of it are kept
	// narrows and narrowedBy say which values go together: an actor has few addresses, a
	// resource one name.
	narrows    bool
	narrowedBy []int
	marks      []int // what stands elsewhere in the row is often part of it
}

// comparison is how filters compare a column.
type comparison struct {
	field  Field
	folded bool // without regard to case
}

// list is a part that is names with values.
type list struct {
	per     int // values a name
	count   func(e *audit.Entry) int
	collect func(e *audit.Entry, l *column.Lists, keys []string) (used []string)
	add     func(e *audit.Entry, name, first, second string, n int)
	// same reports whether the k'th name of e, or the one called so, has these values.
	same func(e *audit.Entry, k int, name, first, second string) bool
}

// parts is the table of columns. What it says of one is part of the format.
var parts = [columnCount]part{
	colActor:        {of: audit.FieldAt("actor.email"), field: &comparison{field: Actor}, narrows: true},
	colActorType:    {of: audit.FieldAt("actor.type"), field: &comparison{field: ActorType}, narrowedBy: []int{colActor}},
	colLabel:        {of: audit.FieldAt("actor.label")},
	colAction:       {of: audit.FieldAt("action"), field: &comparison{field: Action}, narrows: true},
	colResourceType: {of: audit.FieldAt("resource.type"), field: &comparison{ResourceType, true}, narrowedBy: []int{colAction}},
	colResourceID:   {of: audit.FieldAt("resource.id"), field: &comparison{field: ResourceID}, narrows: true},
	colResourceName: {of: audit.FieldAt("resource.name"), narrowedBy: []int{colResourceID}},
	colLocation:     {of: audit.FieldAt("resource.locationId"), narrowedBy: []int{colResourceID, colResourceName}},
	colOutcome:      {of: audit.FieldAt("outcome"), field: &comparison{field: Outcome}},
	colDetail:       {of: audit.FieldAt("detail"), marks: []int{colResourceName, colResourceID, colActor, colAction}},
	colChannel:      {of: audit.FieldAt("channel"), field: &comparison{field: Channel}, narrowedBy: []int{colActor}},
	colIP:           {of: audit.FieldAt("request.ip"), narrowedBy: []int{colActor}},
	colAgent:        {of: audit.FieldAt("request.userAgent"), narrowedBy: []int{colActor, colIP}},
	colRequest:      {of: audit.FieldAt("request.id")},
	colKey:          {of: audit.FieldAt("key")},
	colRecordedBy:   {of: audit.FieldAt("recordedBy"), field: &comparison{field: RecordedBy}},
	colChanges:      {list: &changes},
	colMetadata:     {list: &metadata},
}

// layout is the table as the columns' codec has it.
var layout = func() column.Layout {
	l := make(column.Layout, columnCount)
	for col, p := range parts {
		s := column.Spec{Searched: p.searched(), Whole: p.of != nil && p.of.Whole, Indexed: p.of != nil && p.of.Indexed, Narrows: p.narrows, NarrowedBy: p.narrowedBy, Marks: p.marks}
		if p.list != nil {
			s.Names = p.list.per
		}
		if f := p.field; f != nil {
			s.Folded = f.folded
			s.Finger = func(v string) uint16 { return uint16(hashOf(f.field, v)) }
		}
		l[col] = s
	}
	return l
}()

// fieldColumns says which column holds a field.
var fieldColumns = func() (columns [fieldCount]int) {
	for col, p := range parts {
		if p.field != nil {
			columns[p.field.field] = col
		}
	}
	return columns
}()

// searched reports whether full-text search looks into the column.
func (p *part) searched() bool { return p.list != nil || p.of != nil && p.of.Searched }

// set gives e the string that a column has of it. The column is not a list.
func (p *part) set(e *audit.Entry, v string) { *p.of.Of(e) = v }

// changes are names with an old and a new value.
var changes = list{
	per:   2,
	count: func(e *audit.Entry) int { return len(e.Changes) },
	collect: func(e *audit.Entry, l *column.Lists, keys []string) []string {
		for i := range e.Changes {
			c := &e.Changes[i]
			l.Add(c.Field, c.Old, c.New)
		}
		return keys
	},
	add: func(e *audit.Entry, name, old, new string, n int) {
		if e.Changes == nil {
			e.Changes = make([]audit.Change, 0, n)
		}
		e.Changes = append(e.Changes, audit.Change{Field: name, Old: old, New: new})
	},
	same: func(e *audit.Entry, k int, name, old, new string) bool {
		return k < len(e.Changes) && e.Changes[k] == audit.Change{Field: name, Old: old, New: new}
	},
}

// metadata are names, in their order, with a value.
var metadata = list{
	per:   1,
	count: func(e *audit.Entry) int { return len(e.Metadata) },
	collect: func(e *audit.Entry, l *column.Lists, keys []string) []string {
		keys = keys[:0]
		for k := range e.Metadata {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			l.Add(k, e.Metadata[k])
		}
		return keys
	},
	add: func(e *audit.Entry, name, value, _ string, n int) {
		if e.Metadata == nil {
			e.Metadata = make(map[string]string, n)
		}
		e.Metadata[name] = value
	},
	same: func(e *audit.Entry, _ int, name, value, _ string) bool {
		v, ok := e.Metadata[name]
		return ok && v == value
	},
}
