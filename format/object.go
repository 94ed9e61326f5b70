package format

import (
	"strings"

	"auditlog/audit"
)

// Row says where something of an entry goes.
type Row struct {
	// To is the name of where it goes. In a format of objects it is a path, in which [] stands
	// for a list of one.
	To string
	// From says what goes there, in words for people.
	From string
	// Only are the names of the classes of events that have it. None: all have.
	Only []string

	label string // of a row of CEF
	// One of these says what it is: a text, of which an empty one says nothing, or JSON.
	text func(*scene) string
	json value
}

// value returns what appends what a row holds.
func (r *Row) value() value {
	of := r.text
	if of == nil {
		return r.json
	}
	return func(b []byte, s *scene) []byte {
		if t := of(s); t != "" {
			return audit.AppendString(b, t)
		}
		return b
	}
}

// plain returns what a row holds, for a format of text.
func (r *Row) plain(s *scene) string {
	if r.text != nil {
		return r.text(s)
	}
	return string(r.json(nil, s))
}

// scene is an entry as it is being written.
type scene struct {
	*audit.Entry
	from *Origin
	deed deed
}

// member is a member of an object, and what it holds: a value or an object.
type member struct {
	name  string // with quotes and a colon
	value value
	inner []*member
	list  bool // the object stands alone in a list
}

// object makes an encoder of rows: members in the order in which the rows first name them,
// those left out of which there is nothing to say.
func object(rows []Row) []*member {
	var root member
	for _, r := range rows {
		at := &root
		names := strings.Split(r.To, ".")
		for i, name := range names {
			name, list := strings.CutSuffix(name, "[]")
			next := at.named(name)
			if i == len(names)-1 {
				next.value = r.value()
			} else {
				next.list = list
			}
			at = next
		}
	}
	return root.inner
}

// named returns the member with a name, which is made if need be.
func (m *member) named(name string) *member {
	quoted := string(audit.AppendString(nil, name)) + ":"
	for _, c := range m.inner {
		if c.name == quoted {
			return c
		}
	}
	c := &member{name: quoted}
	m.inner = append(m.inner, c)
	return c
}

// appendObject appends an object, or nothing where it would have no member.
func appendObject(b []byte, members []*member, s *scene) []byte {
	start := len(b)
	b = append(b, '{')
	for _, m := range members {
		before := len(b)
		if before > start+1 {
			b = append(b, ',')
		}
		b = append(b, m.name...)
		after := len(b)
		if b = m.append(b, s); len(b) == after {
			b = b[:before]
		}
	}
	if len(b) == start+1 {
		return b[:start]
	}
	return append(b, '}')
}

func (m *member) append(b []byte, s *scene) []byte {
	switch {
	case m.value != nil:
		return m.value(b, s)
	case !m.list:
		return appendObject(b, m.inner, s)
	}
	start := len(b)
	b = append(b, '[')
	if b = appendObject(b, m.inner, s); len(b) == start+1 {
		return b[:start]
	}
	return append(b, ']')
}
