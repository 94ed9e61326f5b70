package audit

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Field describes one text of an entry. What is to be done with every text, such as to
// check, clean, search, export or ask for it, goes by the table of Fields, so that a new one
// is one line there.
type Field struct {
	// Path is where it stands in an entry's JSON, as faults name it: "resource.id".
	Path string
	// Name is what it is called by itself: by filters, and, with dashes, by flags.
	Name string
	// Column is its column in CSV.
	Column string
	// Title is what people are shown.
	Title string
	// Usage says what it is, for whoever records an entry; the word in backquotes stands
	// for the value.
	Usage string
	// Asks is what Usage is for those who ask for entries.
	Asks string

	// Given says that the log gives it: a caller does not, and it is not checked.
	Given bool
	// Limit bounds its bytes; 0 leaves it to the whole entry's. A field without a limit
	// may hold control characters, such as new lines.
	Limit int
	// Required says that no entry is without it.
	Required bool
	// Values lists what it can be, as people write them; nil is any text.
	Values []string
	// Groups are what filters take besides, each for several of Values.
	Groups map[string][]string
	// Searched says that full-text search looks into it, for words.
	Searched bool
	// Whole says that full-text search finds it whole, as it is written, and not by its
	// words: an id of which each entry has another, and of which nobody looks for a part.
	Whole bool
	// Indexed says that the full-text index knows its values, as they are, besides their words: filters
	// of many projects ask it which blocks have one. Few entries have another than those around them.
	Indexed bool

	// Asked says how filters ask for it.
	Asked Asked

	text func(*Entry) *string
}

// Asked is how a field is compared with the values that a query asks for.
type Asked uint8

// The ways of asking.
const (
	Unasked   Asked = iota // there is no filter
	Exactly                // as it is
	Folded                 // without regard to how the query spells it, nor the entry if it may be anything
	Beginning              // as it is, or by what it begins with: "deployment.*"
	Addressed              // an address, or a range of them: see ParseAddresses
	Listed                 // as it is, or as one of those that metadata lists: see ListedResources
)

// Of returns the field of an entry.
func (f *Field) Of(e *Entry) *string { return f.text(e) }

// Flag returns the name of its flag.
func (f *Field) Flag() string {
	var b strings.Builder
	for _, r := range f.Name {
		if unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Fields returns the texts of an entry in the order in which they are shown.
func Fields() []*Field { return slices.Clone(fields) }

// FieldAt returns the field with a path or a name, or nil.
func FieldAt(path string) *Field {
	for _, f := range fields {
		if f.Path == path || f.Name == path {
			return f
		}
	}
	return nil
}

// FieldNamed returns the field with a name, or nil.
func FieldNamed(name string) *Field {
	for _, f := range fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// fields is the table of Fields.
var fields = []*Field{
	{Path: "recordedBy", Name: "recordedBy", Column: "recordedBy", Title: "recorded by",
		Usage: "the id of the `token` that recorded it", Asks: "only recorded with the token of this `id`; auditlog: the log's own entries",
		Limit: MaxName, Given: true,
		text:  func(e *Entry) *string { return &e.RecordedBy },
		Asked: Exactly},
	{Path: "project", Name: "project", Column: "project", Title: "project",
		Usage: "the `project`", Limit: MaxProject, Required: true,
		text: func(e *Entry) *string { return &e.Project }},
	{Path: "outcome", Name: "outcome", Column: "outcome", Title: "outcome",
		Usage: "how it `ended`: success, forbidden or error", Limit: MaxName, Required: true, Values: names(Outcomes()),
		text:   func(e *Entry) *string { return (*string)(&e.Outcome) },
		Groups: map[string][]string{Failure: {string(Forbidden), string(Error)}},
		Asks:   "only these `outcomes`: success, forbidden, error; failure is the last two",
		Asked:  Folded},
	{Path: "actor.email", Name: "actor", Column: "actorEmail", Title: "actor",
		Usage: "who did it: an `e-mail` or another stable name", Limit: MaxName, Required: true, Searched: true, Indexed: true,
		text:  func(e *Entry) *string { return &e.Actor.Email },
		Asks:  "only by this `actor`",
		Asked: Exactly},
	{Path: "actor.type", Name: "actorType", Column: "actorType", Title: "actor type",
		Usage: "what they are, `User` or ServiceAccount", Limit: MaxName, Required: true, Values: names(ActorTypes()),
		text:  func(e *Entry) *string { return (*string)(&e.Actor.Type) },
		Asks:  "only by this `type` of actor: User or ServiceAccount",
		Asked: Exactly},
	{Path: "actor.label", Name: "label", Column: "actorLabel", Title: "label",
		Usage: "what acted in their name, such as an agent's `session`", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Actor.Label },
		Asks:  "only with this `label` of the actor",
		Asked: Exactly},
	{Path: "action", Name: "action", Column: "action", Title: "action",
		Usage: "what was done, as `resource.verb`: deployment.deploy", Limit: MaxName, Required: true, Searched: true, Indexed: true,
		text:  func(e *Entry) *string { return &e.Action },
		Asks:  "only this `action`, or deployment.* for all that begin so",
		Asked: Beginning},
	{Path: "resource.type", Name: "resourceType", Column: "resourceType", Title: "resource",
		Usage: "the `type` of what it was done to: Deployment", Limit: MaxName, Required: true, Searched: true,
		text:  func(e *Entry) *string { return &e.Resource.Type },
		Asks:  "only of this `type` of resource",
		Asked: Folded},
	{Path: "resource.id", Name: "resourceId", Column: "resourceId", Title: "  id",
		Usage: "its `id`", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Resource.ID },
		Asks:  "only of the resource with this `id`, also among several of a call",
		Asked: Listed},
	{Path: "resource.name", Name: "resourceName", Column: "resourceName", Title: "  name",
		Usage: "its `name`", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Resource.Name },
		Asks:  "only of resources with this `name`",
		Asked: Exactly},
	{Path: "resource.locationId", Name: "location", Column: "locationId", Title: "  location",
		Usage: "`where` it is", Limit: MaxName, Searched: true,
		text:  func(e *Entry) *string { return &e.Resource.LocationID },
		Asks:  "only of resources at this `location`",
		Asked: Exactly},
	{Path: "detail", Name: "detail", Column: "detail", Title: "detail",
		Usage: "what there is to say, in `words`", Searched: true,
		text: func(e *Entry) *string { return &e.Detail }},
	{Path: "channel", Name: "channel", Column: "channel", Title: "channel",
		Usage: "the `surface` it came through: api, console, cli or mcp", Limit: MaxName, Values: names(Channels()),
		text:  func(e *Entry) *string { return (*string)(&e.Channel) },
		Asks:  "only through this `channel`: api, console, cli or mcp",
		Asked: Folded},
	{Path: "request.ip", Name: "ip", Column: "ip", Title: "ip",
		Usage: "the `address` it came from", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Request.IP },
		Asks:  "only from this `address`, or a range of them: 203.0.113.0/24",
		Asked: Addressed},
	{Path: "request.userAgent", Name: "userAgent", Column: "userAgent", Title: "user agent",
		Usage: "the `program` it came from", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Request.UserAgent },
		Asks:  "only by this `program`, as a whole",
		Asked: Exactly},
	{Path: "request.id", Name: "requestId", Column: "requestId", Title: "request",
		Usage: "the `id` of the request", Limit: MaxValue, Whole: true,
		text:  func(e *Entry) *string { return &e.Request.ID },
		Asks:  "only of the request with this `id`",
		Asked: Exactly},
	{Path: "key", Name: "key", Column: "key", Title: "key",
		Usage: "what makes a retry safe: a `key` is recorded once a project", Limit: MaxKey, Whole: true,
		text:  func(e *Entry) *string { return &e.Key },
		Asks:  "only what was recorded with this `key`",
		Asked: Exactly},
}

// What is checked of an entry, and cleaned: texts that are bounded, texts that can be one of
// some values, and texts that only the whole entry bounds.
var (
	bounded   = keep(func(f *Field) bool { return !f.Given && f.Limit > 0 && f.Values == nil })
	chosen    = keep(func(f *Field) bool { return !f.Given && f.Values != nil })
	unbounded = keep(func(f *Field) bool { return !f.Given && f.Limit == 0 })
	// closed are the fields that every entry has, with one of some values.
	closed = keep(func(f *Field) bool { return f.Values != nil && f.Required })
)

func keep(is func(*Field) bool) []*Field {
	return slices.DeleteFunc(Fields(), func(f *Field) bool { return !is(f) })
}

func names[S ~string](values []S) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// normal appends what a query asks of the field in one form.
func (f *Field) normal(list []string, asked string) []string {
	switch f.Asked {
	case Folded:
		asked = Fold(asked)
	case Addressed:
		asked = normalAddresses(asked)
	}
	if group, ok := f.Groups[asked]; ok {
		return append(list, group...)
	}
	return append(list, asked)
}

// validateFilter reports what is wrong with what a query asks of the field at a path.
func (f *Field) validateFilter(path, s string) error {
	if f.Values != nil {
		return f.oneOf(path, s, slices.Sorted(maps.Keys(f.Groups))...)
	}
	if err := validateName(path, s, MaxValue, true); err != nil {
		return err
	}
	if f.Asked == Addressed {
		if _, err := ParseAddresses(s); err != nil {
			return AtPath(err, path)
		}
	}
	if i := strings.IndexByte(s, '*'); f.Asked == Beginning && i >= 0 && (i != len(s)-1 || !strings.HasSuffix(s, ".*")) {
		return FieldErrorf(path, `must be exact or end in ".*", as in "deployment.*"`)
	}
	return nil
}

// validateValue reports what is wrong with s, of a field that can be one of some values.
func (f *Field) validateValue(s string) error {
	switch {
	case s != "":
		return f.oneOf(f.Path, s)
	case f.Required:
		return FieldErrorf(f.Path, "is required")
	}
	return nil
}

// oneOf reports if s is none of f's values, which are named with what else may stand there.
func (f *Field) oneOf(path, s string, also ...string) error {
	if slices.Contains(f.Values, s) {
		return nil
	}
	can := slices.Concat(f.Values, also)
	last := len(can) - 1
	return FieldErrorf(path, "must be %s or %s", strings.Join(can[:last], ", "), can[last])
}
