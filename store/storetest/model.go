package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/fulltext"
)

// model is the log as anyone would write it who need not be fast: a slice, in commit
// order.
type model struct {
	entries []audit.Entry
	deleted map[string]int64 // project -> id of its project.delete entry
	lastID  int64
	lastSeq map[string]int64   // by project
	kept    map[string][]int64 // by project: ids that purges leave
	// sent holds what was sent of entries with keys, by id.
	sent map[int64]*audit.Entry
}

func newModel() model {
	return model{deleted: make(map[string]int64), lastSeq: make(map[string]int64), kept: make(map[string][]int64),
		sent: make(map[int64]*audit.Entry)}
}

// add appends an entry that the log says it has recorded, once it has the id and seq
// that it must have.
func (m *model) add(t *rapid.T, e *audit.Entry) {
	m.lastID++
	m.lastSeq[e.Project]++
	if e.ID != m.lastID || e.Seq != m.lastSeq[e.Project] {
		t.Fatalf("entry has id %d and seq %d, want %d and %d", e.ID, e.Seq, m.lastID, m.lastSeq[e.Project])
	}
	m.entries = append(m.entries, *e.Clone())
}

// addOwn adds one of the log's own entries, with the copy that outlives its project.
func (m *model) addOwn(t *rapid.T, e *audit.Entry) {
	m.add(t, e)
	if c := audit.Lasting(e); c != nil {
		c.ID, c.Seq = m.lastID+1, m.lastSeq[c.Project]+1
		m.add(t, c)
	}
}

// list returns what a query selects, in its order.
func (m *model) list(q audit.Query) []audit.Entry {
	var out []audit.Entry
	for i := range m.entries {
		if selects(q, &m.entries[i]) {
			out = append(out, m.entries[i])
		}
	}
	slices.SortFunc(out, func(a, b audit.Entry) int {
		if q.Oldest {
			a, b = b, a
		}
		return b.Position().Compare(a.Position())
	})
	return out
}

// keyed is the first entry that had a key, and what its caller sent.
type keyed struct {
	id    int64
	input string
}

// byKey returns the entry of a project with a key.
func (m *model) byKey(project, key string) (keyed, bool) {
	for _, e := range m.entries {
		if key != "" && e.Project == project && e.Key == key {
			return keyed{e.ID, input(m.sent[e.ID])}, true
		}
	}
	return keyed{}, false
}

// know keeps what was sent of e, which was added last.
func (m *model) know(e *audit.Entry, sent string) {
	if e.Key == "" {
		return
	}
	c := e.Clone()
	c.ID, c.Seq, c.RecordedAt = 0, 0, time.Time{}
	if !strings.Contains(sent, `,"createdAt":`) {
		c.CreatedAt = time.Time{}
	}
	m.sent[e.ID] = c
}

// input returns what the caller sent of e, normalized.
func input(e *audit.Entry) string {
	c := e.Clone()
	c.Normalize()
	return string(c.AppendInput(nil))
}

// find returns the entry of a project with an id, or nil.
func (m *model) find(project string, id int64) *audit.Entry {
	i := slices.IndexFunc(m.entries, func(e audit.Entry) bool { return e.ID == id && e.Project == project })
	if i < 0 {
		return nil
	}
	return &m.entries[i]
}

// holds reports whether a project has entries but those that purges left.
func (m *model) holds(project string) bool {
	return slices.ContainsFunc(m.entries, func(e audit.Entry) bool {
		return e.Project == project && !slices.Contains(m.kept[project], e.ID)
	})
}

// selects says what audit.Query says of its fields, in a way of its own.
func selects(q audit.Query, e *audit.Entry) bool {
	has := func(name string, values []string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return hasValue(e, name, v) })
	}
	for name, values := range q.Is {
		if len(values) > 0 && !has(name, values) {
			return false
		}
	}
	for name, values := range q.Not {
		if has(name, values) {
			return false
		}
	}
	if names, all := q.Within.Names(); q.Project == "" && slices.Contains(names, e.Project) == all {
		return false
	}
	return (e.Project == q.Project || q.Project == "") &&
		(q.From.IsZero() || !e.CreatedAt.Before(q.From)) && (q.To.IsZero() || e.CreatedAt.Before(q.To)) &&
		hasWords(e, strings.Fields(q.Text))
}

func hasValue(e *audit.Entry, name, v string) bool {
	switch name {
	case "resourceType":
		return strings.EqualFold(v, e.Resource.Type)
	case "resourceId":
		return v == e.Resource.ID || strings.Contains(" "+e.Metadata["resources"]+" ", " "+v+" ")
	case "resourceName":
		return v == e.Resource.Name
	case "location":
		return v == e.Resource.LocationID
	case "action":
		return v == e.Action || strings.HasSuffix(v, ".*") && strings.HasPrefix(e.Action, strings.TrimSuffix(v, "*"))
	case "actor":
		return v == e.Actor.Email
	case "actorType":
		return v == string(e.Actor.Type)
	case "label":
		return v == e.Actor.Label
	case "channel":
		return strings.EqualFold(v, string(e.Channel))
	case "recordedBy":
		return v == e.RecordedBy
	case "outcome":
		return strings.EqualFold(v, string(e.Outcome))
	case "ip":
		return slices.Contains(addresses[v], e.Request.IP)
	case "requestId":
		return v == e.Request.ID
	case "key":
		return v == e.Key
	case "userAgent":
		return v == e.Request.UserAgent
	}
	panic("the model does not know the filter " + name)
}

// addresses lists which of the addresses that entries are drawn with a query's IP means.
var addresses = map[string][]string{
	"203.0.113.9":       {"203.0.113.9", "::ffff:203.0.113.9"},
	"203.0.113.0/29":    {"203.0.113.4"},
	"::ffff:cb00:7104":  {"203.0.113.4"},
	"203.0.113.4":       {"203.0.113.4"},
	"2001:db8::/32":     {"2001:db8::1"},
	"ec2.amazonaws.com": {"ec2.amazonaws.com"},
}

// hasWords reports whether each word is in some value of e.
func hasWords(e *audit.Entry, words []string) bool {
	for _, w := range words {
		found := false
		e.EachText(func(v string) { found = found || strings.Contains(v, w) })
		e.EachWhole(func(v string) { found = found || v == w })
		if !found {
			return false
		}
	}
	return true
}

// words is a full-text query of plain parts of values, without an index.
type words []string

func parseWords(text string) (fulltext.Query, error) {
	if strings.Contains(text, "!") {
		return nil, audit.FieldErrorf("q", "must not be loud")
	}
	return words(strings.Fields(strings.ReplaceAll(text, `"`, ""))), nil
}

func (w words) Terms(value string) (terms uint64) {
	for i, s := range w {
		if strings.Contains(value, s) {
			terms |= 1 << i
		}
	}
	return terms
}

func (w words) Whole(value string) (terms uint64) {
	for i, s := range w {
		if value == s {
			terms |= 1 << i
		}
	}
	return terms
}

func (w words) Match(terms uint64) bool { return terms == 1<<len(w)-1 }

func (words) Clues() *fulltext.Clues { return nil }

func (words) Blocks(context.Context, []fulltext.ProjectID, audit.Position, int64) ([][]fulltext.BlockKey, uint64, bool, error) {
	return nil, 0, false, nil
}
