package audit

import (
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
	// Searched says that full-text search looks into it, for words.
	Searched bool
	// Whole says that full-text search finds it whole, as it is written, and not by its
	// words: an id of which each entry has another, and of which nobody looks for a part.
	Whole bool

	text  func(*Entry) *string
	query func(*Query) *string
}

// Of returns the field of an entry.
func (f *Field) Of(e *Entry) *string { return f.text(e) }

// Filter returns what a query asks of the field, empty for anything, or nil where
// filters do not ask for a single value of it.
func (f *Field) Filter(q *Query) *string {
	if f.query == nil {
		return nil
	}
	return f.query(q)
}

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

// fields is the table of Fields.
var fields = []*Field{
	{Path: "recordedBy", Name: "recordedBy", Column: "recordedBy", Title: "recorded by",
		Usage: "the id of the `token` that recorded it", Asks: "only recorded with the token of this `id`; auditlog: the log's own entries",
		Limit: MaxName, Given: true,
		text:  func(e *Entry) *string { return &e.RecordedBy },
		query: func(q *Query) *string { return &q.RecordedBy }},
	{Path: "project", Name: "project", Column: "project", Title: "project",
		Usage: "the `project`", Limit: MaxProject, Required: true,
		text:  func(e *Entry) *string { return &e.Project },
		query: func(q *Query) *string { return &q.Project }},
	{Path: "outcome", Name: "outcome", Column: "outcome", Title: "outcome",
		Usage: "how it `ended`: success, forbidden or error", Limit: MaxName, Required: true, Values: names(Outcomes()),
		text: func(e *Entry) *string { return (*string)(&e.Outcome) }},
	{Path: "actor.email", Name: "actor", Column: "actorEmail", Title: "actor",
		Usage: "who did it: an `e-mail` or another stable name", Limit: MaxName, Required: true, Searched: true,
		text:  func(e *Entry) *string { return &e.Actor.Email },
		Asks:  "only by this `actor`",
		query: func(q *Query) *string { return &q.Actor }},
	{Path: "actor.type", Name: "actorType", Column: "actorType", Title: "actor type",
		Usage: "what they are, `User` or ServiceAccount", Limit: MaxName, Required: true, Values: names(ActorTypes()),
		text:  func(e *Entry) *string { return (*string)(&e.Actor.Type) },
		Asks:  "only by this `type` of actor: User or ServiceAccount",
		query: func(q *Query) *string { return (*string)(&q.ActorType) }},
	{Path: "actor.label", Name: "label", Column: "actorLabel", Title: "label",
		Usage: "what acted in their name, such as an agent's `session`", Limit: MaxValue, Searched: true,
		text: func(e *Entry) *string { return &e.Actor.Label }},
	{Path: "action", Name: "action", Column: "action", Title: "action",
		Usage: "what was done, as `resource.verb`: deployment.deploy", Limit: MaxName, Required: true, Searched: true,
		text:  func(e *Entry) *string { return &e.Action },
		Asks:  "only this `action`, or deployment.* for all that begin so",
		query: func(q *Query) *string { return &q.Action }},
	{Path: "resource.type", Name: "resourceType", Column: "resourceType", Title: "resource",
		Usage: "the `type` of what it was done to: Deployment", Limit: MaxName, Required: true, Searched: true,
		text:  func(e *Entry) *string { return &e.Resource.Type },
		Asks:  "only of this `type` of resource",
		query: func(q *Query) *string { return &q.ResourceType }},
	{Path: "resource.id", Name: "resourceId", Column: "resourceId", Title: "  id",
		Usage: "its `id`", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Resource.ID },
		Asks:  "only of the resource with this `id`, also among several of a call",
		query: func(q *Query) *string { return &q.ResourceID }},
	{Path: "resource.name", Name: "resourceName", Column: "resourceName", Title: "  name",
		Usage: "its `name`", Limit: MaxValue, Searched: true,
		text: func(e *Entry) *string { return &e.Resource.Name }},
	{Path: "resource.locationId", Name: "location", Column: "locationId", Title: "  location",
		Usage: "`where` it is", Limit: MaxName, Searched: true,
		text: func(e *Entry) *string { return &e.Resource.LocationID }},
	{Path: "detail", Name: "detail", Column: "detail", Title: "detail",
		Usage: "what there is to say, in `words`", Searched: true,
		text: func(e *Entry) *string { return &e.Detail }},
	{Path: "channel", Name: "channel", Column: "channel", Title: "channel",
		Usage: "the `surface` it came through: api, console, cli or mcp", Limit: MaxName, Values: names(Channels()),
		text:  func(e *Entry) *string { return (*string)(&e.Channel) },
		Asks:  "only through this `channel`: api, console, cli or mcp",
		query: func(q *Query) *string { return (*string)(&q.Channel) }},
	{Path: "request.ip", Name: "ip", Column: "ip", Title: "ip",
		Usage: "the `address` it came from", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Request.IP },
		Asks:  "only from this `address`, or a range of them: 203.0.113.0/24",
		query: func(q *Query) *string { return &q.IP }},
	{Path: "request.userAgent", Name: "userAgent", Column: "userAgent", Title: "user agent",
		Usage: "the `program` it came from", Limit: MaxValue, Searched: true,
		text:  func(e *Entry) *string { return &e.Request.UserAgent },
		Asks:  "only by this `program`, as a whole",
		query: func(q *Query) *string { return &q.UserAgent }},
	{Path: "request.id", Name: "requestId", Column: "requestId", Title: "request",
		Usage: "the `id` of the request", Limit: MaxValue, Whole: true,
		text:  func(e *Entry) *string { return &e.Request.ID },
		Asks:  "only of the request with this `id`",
		query: func(q *Query) *string { return &q.RequestID }},
	{Path: "key", Name: "key", Column: "key", Title: "key",
		Usage: "what makes a retry safe: a `key` is recorded once a project", Limit: MaxKey, Whole: true,
		text:  func(e *Entry) *string { return &e.Key },
		Asks:  "only what was recorded with this `key`",
		query: func(q *Query) *string { return &q.Key }},
}

// What is checked of an entry, and cleaned: texts that are bounded, texts that can be one of
// some values, and texts that only the whole entry bounds.
var (
	bounded   = keep(func(f *Field) bool { return !f.Given && f.Limit > 0 && f.Values == nil })
	chosen    = keep(func(f *Field) bool { return !f.Given && f.Values != nil })
	unbounded = keep(func(f *Field) bool { return !f.Given && f.Limit == 0 })
	// filtered are the fields but the project that queries ask for one value of.
	filtered = keep(func(f *Field) bool { return f.query != nil && f.Path != "project" })
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

// validateFilter reports what is wrong with what a query asks of the field.
func (f *Field) validateFilter(s string) error {
	if s == "" || f.Values == nil {
		return validateName(f.Name, s, MaxValue, false)
	}
	return f.oneOf(f.Name, s)
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

func (f *Field) oneOf(path, s string) error {
	if slices.Contains(f.Values, s) {
		return nil
	}
	last := len(f.Values) - 1
	return FieldErrorf(path, "must be %s or %s", strings.Join(f.Values[:last], ", "), f.Values[last])
}
