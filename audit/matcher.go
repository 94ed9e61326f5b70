package audit

import (
	"slices"
	"strings"
)

// Matcher is what a query asks of an entry alone, everything but its project and text, made
// ready for many entries. It may be used by several goroutines.
type Matcher struct {
	from, to   int64
	conditions []condition
}

// condition is what is asked of one field.
type condition struct {
	field    *Field
	not      bool
	values   []string // exact
	prefixes []string
	test     func(string) bool // instead
}

// NewMatcher makes q, normalized and valid, ready.
func NewMatcher(q *Query) *Matcher {
	m := &Matcher{}
	m.from, m.to = q.Bounds()
	if len(q.Is)+len(q.Not) == 0 {
		return m
	}
	for _, f := range fields {
		if values := q.Is[f.Name]; len(values) > 0 {
			m.conditions = append(m.conditions, newCondition(f, values, false))
		}
		if values := q.Not[f.Name]; len(values) > 0 {
			m.conditions = append(m.conditions, newCondition(f, values, true))
		}
	}
	return m
}

func newCondition(f *Field, values []string, not bool) condition {
	c := condition{field: f, not: not}
	switch f.Asked {
	case Beginning:
		c.values, c.prefixes = SplitPrefixes(values)
	case Addressed:
		c.test = AnyAddress(values)
	default:
		c.values = values
	}
	return c
}

// SplitPrefixes parts the values of a field that is asked for by Beginning: those that are
// meant as they are, and what others begin with, the dot included.
func SplitPrefixes(values []string) (exact, prefixes []string) {
	for _, v := range values {
		if strings.HasSuffix(v, ".*") {
			prefixes = append(prefixes, strings.TrimSuffix(v, "*"))
		} else {
			exact = append(exact, v)
		}
	}
	return exact, prefixes
}

// Match reports whether e, of a project that the query looks into, is selected by everything but Text.
func (m *Matcher) Match(e *Entry) bool {
	if at := e.CreatedAt.UnixMicro(); at < m.from || at >= m.to {
		return false
	}
	for i := range m.conditions {
		if c := &m.conditions[i]; c.holds(e) == c.not {
			return false
		}
	}
	return true
}

// holds reports whether e has what c names.
func (c *condition) holds(e *Entry) bool {
	v := *c.field.text(e)
	switch c.field.Asked {
	case Folded:
		if c.field.Values == nil { // those that have one of some values have it as it is spelled here
			return slices.ContainsFunc(c.values, func(value string) bool { return strings.EqualFold(v, value) })
		}
	case Addressed:
		return c.test(v)
	case Listed:
		list := e.Metadata[ListedResources]
		if list != "" && slices.ContainsFunc(c.values, func(id string) bool { return ListsResource(list, id) }) {
			return true
		}
	}
	return slices.Contains(c.values, v) || slices.ContainsFunc(c.prefixes, func(p string) bool { return strings.HasPrefix(v, p) })
}
