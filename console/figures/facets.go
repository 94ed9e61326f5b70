package figures

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"auditlog/audit"
	"auditlog/console/clock"
	"auditlog/console/filter"
)

// Facet is a list of the values of one field, each a link that filters by it.
type Facet struct {
	Key, Title string
	Values     []FacetValue
	// Rest are the values that are shown on demand.
	Rest []FacetValue
	// ClearURL takes the field's filter away; empty when there is none.
	ClearURL string
}

// FacetValue is one of them.
type FacetValue struct {
	Label string
	URL   string
	// AlsoURL shows the value besides those that are chosen, ButURL leaves it out. AlsoURL is
	// empty where it is chosen, ButURL where it is left out.
	AlsoURL, ButURL string
	Excluded        bool
	Count           int64
	Counted         bool
	Selected        bool
	// Outcome is set in the list of outcomes.
	Outcome audit.Outcome
}

// How many values a facet shows at once and on demand.
const (
	facetShown = 7
	facetMost  = 100
)

// Counts are the numbers of a page: of the entries that are shown, and of what
// there would be without the filter of one field, which is the same where that
// field is not filtered by.
type Counts struct {
	Shown *audit.Stats

	anyOutcome, anyType, anyAction, anyActor *audit.Stats
}

// Actions are the most frequent actions, whatever action is asked for; none of nil.
func (n *Counts) Actions() []audit.ValueCount {
	if n == nil {
		return nil
	}
	return n.anyAction.Actions.Top
}

// Log counts entries.
type Log interface {
	// Extent returns the times of the first and the last entry of a query's projects.
	Extent(q audit.Query) (first, last time.Time, ok bool)
	Prepare(q audit.Query) (audit.Selection, error)
}

// CountSoon is Count for a page that has its entries already: nil when it takes longer than it
// has patience.
func CountSoon(ctx context.Context, log Log, f filter.Filter, at clock.Clock, patience time.Duration) (*Counts, error) {
	waited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n, err := Count(waited, log, f, at)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, nil
	}
	return n, err
}

// Count asks the log for the counts of a view, all at once.
func Count(ctx context.Context, log Log, f filter.Filter, at clock.Clock) (*Counts, error) {
	first, last, _ := log.Extent(f.Query(at.Now, at.Zone))
	bounds := chartBounds(f, first, last, at)
	group, ctx := errgroup.WithContext(ctx)
	ask := func(f filter.Filter, bounds []time.Time, answer **audit.Stats) {
		q := f.Query(at.Now, at.Zone)
		group.Go(func() error {
			sel, err := log.Prepare(q)
			if err != nil {
				return err
			}
			*answer, err = sel.Stats(ctx, audit.Counting{Bounds: bounds, Top: audit.MaxTop})
			return err
		})
	}
	out := new(Counts)
	ask(f, bounds, &out.Shown)
	for _, other := range []struct {
		chosen bool
		key    string
		answer **audit.Stats
	}{
		{f.Asks(filter.KeyOutcome), filter.KeyOutcome, &out.anyOutcome},
		{f.Asks(filter.KeyResourceType), filter.KeyResourceType, &out.anyType},
		{f.Asks(filter.KeyAction), filter.KeyAction, &out.anyAction},
		{f.Asks(filter.KeyActor), filter.KeyActor, &out.anyActor},
	} {
		if other.chosen {
			ask(f.Open(other.key), nil, other.answer)
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, answer := range []**audit.Stats{&out.anyOutcome, &out.anyType, &out.anyAction, &out.anyActor} {
		if *answer == nil {
			*answer = out.Shown
		}
	}
	return out, nil
}

// Suggestion is a value that there is, in the place of one that there is not.
type Suggestion struct{ Value, URL string }

// mostSuggestions is how many values are suggested of each field.
const mostSuggestions = 3

// Suggestions returns values that hold what a view filters by, for those who
// wrote a part of one.
func (n *Counts) Suggestions(f filter.Filter) []Suggestion {
	var list []Suggestion
	for _, field := range []struct {
		key, chosen string
		values      []audit.ValueCount
	}{
		{filter.KeyActor, f.Is.One(filter.KeyActor), n.anyActor.Actors.Top},
		{filter.KeyAction, strings.TrimSuffix(f.Is.One(filter.KeyAction), ".*"), n.anyAction.Actions.Top},
		{filter.KeyResourceType, f.Is.One(filter.KeyResourceType), n.anyType.ResourceTypes.Top},
	} {
		found := 0
		for _, vc := range field.values {
			if field.chosen != "" && found < mostSuggestions && strings.Contains(audit.Fold(vc.Value), audit.Fold(field.chosen)) {
				list = append(list, Suggestion{filter.Label(field.key, vc.Value), f.With(field.key, vc.Value).URL("/logs")})
				found++
			}
		}
	}
	return list
}

// Facets returns the lists beside the entries.
func (n *Counts) Facets(f filter.Filter) []Facet {
	return []Facet{
		n.outcomeFacet(f),
		valueFacet(f, filter.KeyResourceType, "Resource type", n.anyType.ResourceTypes.Top),
		valueFacet(f, filter.KeyAction, "Action", n.anyAction.Actions.Top),
		valueFacet(f, filter.KeyActor, "Actor", n.anyActor.Actors.Top),
		fixedFacet(f, filter.KeyActorType, "Actor type",
			[][2]string{{string(audit.User), "People"}, {string(audit.ServiceAccount), "Service accounts"}}),
		fixedFacet(f, filter.KeyChannel, "Channel",
			[][2]string{{"api", "API"}, {"console", "Console"}, {"cli", "CLI"}, {"mcp", "MCP"}}),
	}
}

func (n *Counts) outcomeFacet(f filter.Filter) Facet {
	out := newFacet(f, filter.KeyOutcome, "Outcome")
	by := n.anyOutcome.Outcomes
	for _, o := range []struct {
		outcome audit.Outcome
		n       int64
	}{{audit.Success, by.Success}, {audit.Forbidden, by.Forbidden}, {audit.Error, by.Error}} {
		out.Values = append(out.Values, FacetValue{
			Label: string(o.outcome), URL: f.Also(filter.KeyOutcome, string(o.outcome)).URL("/logs"), Count: o.n, Counted: true,
			Selected: slices.Contains(f.Is[filter.KeyOutcome], string(o.outcome)), Outcome: o.outcome,
		})
	}
	return out
}

func newFacet(f filter.Filter, key, title string) Facet {
	out := Facet{Key: key, Title: title}
	if f.Asks(key) {
		out.ClearURL = f.Open(key).URL("/logs")
	}
	return out
}

// Value returns a value of a facet: choosing it shows it alone, or takes the choice back, with
// one link more that shows it besides what is chosen, and one that leaves it out.
func Value(f filter.Filter, key, value string) FacetValue {
	same := func(v string) bool { return audit.Fold(v) == audit.Fold(value) }
	fv := FacetValue{
		Label: filter.Label(key, value), Selected: slices.ContainsFunc(f.Is[key], same), Excluded: slices.ContainsFunc(f.Not[key], same),
		URL: f.With(key, value).URL("/logs"), ButURL: f.But(key, value).URL("/logs"),
	}
	switch i := slices.IndexFunc(f.Is[key], same); {
	case fv.Selected:
		fv.URL = f.Also(key, f.Is[key][i]).URL("/logs")
	case fv.Excluded:
		fv.URL = f.But(key, f.Not[key][slices.IndexFunc(f.Not[key], same)]).URL("/logs")
		fv.ButURL = ""
	default:
		fv.AlsoURL = f.Also(key, value).URL("/logs")
	}
	return fv
}

// valueFacet lists the values that occur. Those that are filtered by come first.
func valueFacet(f filter.Filter, key, title string, values []audit.ValueCount) Facet {
	out := newFacet(f, key, title)
	var chosen, list []FacetValue
	seen := make(map[string]bool)
	for _, vc := range values {
		value := Value(f, key, vc.Value)
		value.Count, value.Counted = vc.Count, true
		if value.Selected || value.Excluded {
			seen[audit.Fold(vc.Value)] = true
			chosen = append(chosen, value)
		} else if len(list) < facetMost {
			list = append(list, value)
		}
	}
	for _, asked := range slices.Concat(f.Is[key], f.Not[key]) {
		if !seen[audit.Fold(asked)] {
			chosen = append(chosen, Value(f, key, asked))
		}
	}
	list = append(chosen, list...)
	out.Values = list
	if len(list) > facetShown+1 {
		shown := max(facetShown, len(chosen))
		out.Values, out.Rest = list[:shown], list[shown:]
	}
	return out
}

// fixedFacet lists values that are known beforehand, without counts.
func fixedFacet(f filter.Filter, key, title string, values [][2]string) Facet {
	out := newFacet(f, key, title)
	for _, value := range values {
		fv := Value(f, key, value[0])
		fv.Label = value[1]
		out.Values = append(out.Values, fv)
	}
	return out
}
