package rpc

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"auditlog/audit"
)

// Query is the filters of list, stats and export. What is left out selects everything: without
// a Project, whatever the caller may read.
type Query struct {
	Project string `json:"project,omitempty"`
	Terms
	// Not selects what has none of its values.
	Not  Terms     `json:"not,omitzero"`
	From time.Time `json:"from,omitzero"` // inclusive
	To   time.Time `json:"to,omitzero"`   // exclusive
	// Q is the full-text query.
	Q string `json:"q,omitempty"`
	// Zone is the time zone, such as "Europe/Berlin" or "+05:30", of times that are written
	// without one, and whose clocks the parts of time of counts begin by. Empty means UTC.
	Zone string `json:"zone,omitempty"`
	// Order is OrderNewest or OrderOldest, by time and id; empty means OrderNewest. Counts do
	// not depend on it.
	Order string `json:"order,omitempty"`
}

// The orders of entries, by which come first.
const (
	OrderNewest = "newest"
	OrderOldest = "oldest"
)

// Terms are values of fields: any of them, of each field that has some. The fields are those of
// audit.Fields that filters ask for.
type Terms struct {
	ResourceType Values `json:"resourceType,omitempty"`
	ResourceID   Values `json:"resourceId,omitempty"`
	ResourceName Values `json:"resourceName,omitempty"`
	Location     Values `json:"location,omitempty"`
	Action       Values `json:"action,omitempty"` // exact, or "deployment.*"
	Outcome      Values `json:"outcome,omitempty"`
	Actor        Values `json:"actor,omitempty"`
	ActorType    Values `json:"actorType,omitempty"`
	Label        Values `json:"label,omitempty"`
	Channel      Values `json:"channel,omitempty"`
	IP           Values `json:"ip,omitempty"` // addresses or ranges of them
	UserAgent    Values `json:"userAgent,omitempty"`
	RequestID    Values `json:"requestId,omitempty"`
	Key          Values `json:"key,omitempty"`
	RecordedBy   Values `json:"recordedBy,omitempty"`
}

// named is the values of a field with its name, as audit.Field has it.
type named struct {
	name   string
	values *Values
}

// all returns what t has of each field.
func (t *Terms) all() [15]named {
	return [...]named{
		{"resourceType", &t.ResourceType}, {"resourceId", &t.ResourceID}, {"resourceName", &t.ResourceName},
		{"location", &t.Location}, {"action", &t.Action}, {"outcome", &t.Outcome}, {"actor", &t.Actor},
		{"actorType", &t.ActorType}, {"label", &t.Label}, {"channel", &t.Channel}, {"ip", &t.IP},
		{"userAgent", &t.UserAgent}, {"requestId", &t.RequestID}, {"key", &t.Key}, {"recordedBy", &t.RecordedBy},
	}
}

// Of returns the values of the field with a name, as audit.Field has it, or nil where
// filters do not ask for it.
func (t *Terms) Of(name string) *Values {
	for _, f := range t.all() {
		if f.name == name {
			return f.values
		}
	}
	return nil
}

// terms returns what t stands for.
func (t *Terms) terms() audit.Terms {
	var terms audit.Terms
	for _, f := range t.all() {
		if len(*f.values) == 0 {
			continue
		}
		if terms == nil {
			terms = make(audit.Terms)
		}
		terms[f.name] = slices.Clone(*f.values)
	}
	return terms
}

func termsOf(terms audit.Terms) (t Terms) {
	for name, values := range terms {
		if v := t.Of(name); v != nil {
			*v = slices.Clone(values)
		}
	}
	return t
}

// QueryOf returns q as it is sent.
func QueryOf(q audit.Query) Query {
	w := Query{Project: q.Project, Terms: termsOf(q.Is), Not: termsOf(q.Not), From: q.From, To: q.To, Q: q.Text}
	if q.Oldest {
		w.Order = OrderOldest
	}
	return w
}

// Query returns the query that w stands for, as it was asked, or an Invalid Fault for an order
// that is none: of the rest whoever prepares it finds out what cannot be meant. Without a project
// it is Within nothing yet.
func (w *Query) Query() (audit.Query, error) {
	q := audit.Query{
		Project: w.Project, Is: w.Terms.terms(), Not: w.Not.terms(), From: w.From, To: w.To, Text: w.Q, Oldest: w.Order == OrderOldest,
	}
	if w.Order != "" && w.Order != OrderNewest && !q.Oldest {
		return q, audit.FieldErrorf("order", "must be %s or %s", OrderNewest, OrderOldest)
	}
	return q, nil
}

// plain reports whether b is a string of JSON in which each byte stands for itself, as in most.
func plain(b []byte) bool {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return false
	}
	for _, c := range b[1 : len(b)-1] {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Values is a list that may also be written as one string.
type Values []string

// UnmarshalJSON reads a string, a list of strings or null. What is empty means no
// filter. Its error does not know the field's path.
func (v *Values) UnmarshalJSON(b []byte) error {
	*v = nil
	var list []string
	var err error
	if b = bytes.TrimSpace(b); plain(b) {
		if len(b) > 2 {
			*v = Values{string(b[1 : len(b)-1])}
		}
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		list = make([]string, 1)
		err = json.Unmarshal(b, &list[0])
	} else {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		return audit.Errorf(audit.Invalid, "must be a string or a list of strings")
	}
	for _, s := range list {
		if s != "" {
			*v = append(*v, s)
		}
	}
	return nil
}
