package work

import (
	"time"

	"auditlog/audit"
)

// Limit is how many entries a listing asks for.
const Limit = 50

// Listing is one kind of question.
type Listing struct {
	Name string
	// parts tells which filters it has.
	parts parts
	// word is searched for, when not empty.
	word string
}

type parts uint8

const (
	byType parts = 1 << iota
	byOutcome
	byActor
	inMonth
)

// Listings returns the ten listings by filters.
func Listings() []Listing {
	return []Listing{
		{"newest", 0, ""},
		{"by resource type", byType, ""},
		{"by outcome", byOutcome, ""},
		{"by actor", byActor, ""},
		{"by type, outcome and actor", byType | byOutcome | byActor, ""},
		{"a month in the middle", inMonth, ""},
		{"that month, by type", inMonth | byType, ""},
		{"that month, by outcome", inMonth | byOutcome, ""},
		{"that month, by actor", inMonth | byActor, ""},
		{"that month, by all three", inMonth | byType | byOutcome | byActor, ""},
	}
}

// Counts returns what is counted: all of a project, and by one filter.
func Counts() []Listing {
	return []Listing{
		{"all of a project", 0, ""},
		{"of a resource type", byType, ""},
		{"of an outcome", byOutcome, ""},
		{"of an actor", byActor, ""},
		{"of a month", inMonth, ""},
	}
}

// Searches returns the listings by a word.
func Searches() []Listing {
	return []Listing{{"a rare word", 0, RareWord}, {"a common word", 0, CommonWord}}
}

// Query returns variant v of a listing. Projects are asked about as often as they
// are recorded to. Half of the filters take the values of an entry that there is,
// which are mostly frequent ones; the others take each value as often as any
// other, so that some match little or nothing.
func (w *Work) Query(l Listing, v int) audit.Query {
	r := stream(w.seed, saltQuery+uint64(l.parts)<<2, uint64(v))
	e := w.Entry(r.below(w.n))
	q := audit.Query{Project: e.Project, Text: l.word}
	even := v%2 == 1
	ask := func(part parts, name, value string) {
		if l.parts&part != 0 {
			if q.Is == nil {
				q.Is = make(audit.Terms)
			}
			q.Is[name] = []string{value}
		}
	}
	kind, outcome, actor := e.Resource.Type, e.Outcome, e.Actor.Email
	if even {
		if l.parts&byType != 0 {
			kind = kindNames[r.below(kinds)]
		}
		if l.parts&byOutcome != 0 {
			outcome = audit.Outcomes()[1+r.below(2)]
		}
		if l.parts&byActor != 0 {
			actor = w.anyActor(e.Project, &r)
		}
	}
	ask(byType, "resourceType", kind)
	ask(byOutcome, "outcome", string(outcome))
	ask(byActor, "actor", actor)
	if l.parts&inMonth != 0 {
		q.From = w.start.Add(time.Duration(100+r.below(170)) * 24 * time.Hour)
		q.To = q.From.Add(30 * 24 * time.Hour)
	}
	return q
}

// anyActor returns an actor of the project, or now and then one of another.
func (w *Work) anyActor(name string, r *random) string {
	for i := range w.projects {
		p := &w.projects[i]
		if p.name == name && r.chance(90) {
			return p.people[r.below(len(p.people))].Email
		}
	}
	p := &w.projects[r.below(Projects)]
	return p.people[r.below(len(p.people))].Email
}
