package console

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"auditlog/audit"
	"auditlog/spell"
)

// facet is a list of the values of one field, each a link that filters by it.
type facet struct {
	Key, Title string
	Values     []facetValue
	// Rest are the values that are shown on demand.
	Rest []facetValue
	// ClearURL takes the field's filter away; empty when there is none.
	ClearURL string
}

type facetValue struct {
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

// counts are the numbers of a page: of the entries that are shown, and of what
// there would be without the filter of one field, which is the same where that
// field is not filtered by.
type counts struct {
	shown                                    *audit.Stats
	anyOutcome, anyType, anyAction, anyActor *audit.Stats
}

// countPatience is how long a page waits for its counts. The entries themselves
// come quickly however many there are; what is not counted by then is asked for
// by the page's script, or by a link.
const countPatience = 100 * time.Millisecond

// countSoon is count for a page that has its entries already: nil when it takes
// too long.
func (c *console) countSoon(v *visit, f filter) (*counts, error) {
	ctx, cancel := context.WithTimeout(v.r.Context(), c.countPatience)
	defer cancel()
	n, err := c.count(ctx, v, f)
	if errors.Is(err, context.DeadlineExceeded) && v.r.Context().Err() == nil {
		return nil, nil
	}
	return n, err
}

// count asks the store for the counts of a view, all at once.
func (c *console) count(ctx context.Context, v *visit, f filter) (*counts, error) {
	first, last, _ := c.opts.Store.Extent(f.query(v.now, v.zone))
	bounds := chartBounds(f, first, last, v)
	group, ctx := errgroup.WithContext(ctx)
	ask := func(f filter, bounds []time.Time, answer **audit.Stats) {
		q := f.query(v.now, v.zone)
		group.Go(func() error {
			sel, err := c.opts.Store.Prepare(q)
			if err != nil {
				return err
			}
			*answer, err = sel.Stats(ctx, audit.Counting{Bounds: bounds, Top: audit.MaxTop})
			return err
		})
	}
	out := new(counts)
	ask(f, bounds, &out.shown)
	for _, other := range []struct {
		chosen bool
		key    string
		answer **audit.Stats
	}{
		{f.asks(keyOutcome), keyOutcome, &out.anyOutcome},
		{f.asks(keyResourceType), keyResourceType, &out.anyType},
		{f.asks(keyAction), keyAction, &out.anyAction},
		{f.asks(keyActor), keyActor, &out.anyActor},
	} {
		if other.chosen {
			ask(f.open(other.key), nil, other.answer)
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, answer := range []**audit.Stats{&out.anyOutcome, &out.anyType, &out.anyAction, &out.anyActor} {
		if *answer == nil {
			*answer = out.shown
		}
	}
	return out, nil
}

// suggestion is a value that there is, in the place of one that there is not.
type suggestion struct{ Value, URL string }

// mostSuggestions is how many values are suggested of each field.
const mostSuggestions = 3

// suggestions returns values that hold what a view filters by, for those who
// wrote a part of one.
func (n *counts) suggestions(f filter) []suggestion {
	var list []suggestion
	for _, field := range []struct {
		key, chosen string
		values      []audit.ValueCount
	}{
		{keyActor, f.Is.One(keyActor), n.anyActor.Actors.Top},
		{keyAction, strings.TrimSuffix(f.Is.One(keyAction), ".*"), n.anyAction.Actions.Top},
		{keyResourceType, f.Is.One(keyResourceType), n.anyType.ResourceTypes.Top},
	} {
		found := 0
		for _, vc := range field.values {
			if field.chosen != "" && found < mostSuggestions && strings.Contains(audit.Fold(vc.Value), audit.Fold(field.chosen)) {
				list = append(list, suggestion{label(field.key, vc.Value), f.with(field.key, vc.Value).url("/logs")})
				found++
			}
		}
	}
	return list
}

// facets returns the lists beside the entries.
func (n *counts) facets(f filter) []facet {
	return []facet{
		n.outcomeFacet(f),
		valueFacet(f, keyResourceType, "Resource type", n.anyType.ResourceTypes.Top),
		valueFacet(f, keyAction, "Action", n.anyAction.Actions.Top),
		valueFacet(f, keyActor, "Actor", n.anyActor.Actors.Top),
		fixedFacet(f, keyActorType, "Actor type",
			[][2]string{{string(audit.User), "People"}, {string(audit.ServiceAccount), "Service accounts"}}),
		fixedFacet(f, keyChannel, "Channel",
			[][2]string{{"api", "API"}, {"console", "Console"}, {"cli", "CLI"}, {"mcp", "MCP"}}),
	}
}

// asks reports whether anything is asked of a field.
func (f filter) asks(key string) bool { return len(f.Is[key]) > 0 || len(f.Not[key]) > 0 }

// open returns f without what it asks of a field.
func (f filter) open(key string) filter {
	f.At = time.Time{}
	f.Is, f.Not = without(f.Is, key), without(f.Not, key)
	return f
}

func (n *counts) outcomeFacet(f filter) facet {
	out := newFacet(f, keyOutcome, "Outcome")
	by := n.anyOutcome.Outcomes
	for _, o := range []struct {
		outcome audit.Outcome
		n       int64
	}{{audit.Success, by.Success}, {audit.Forbidden, by.Forbidden}, {audit.Error, by.Error}} {
		out.Values = append(out.Values, facetValue{
			Label: string(o.outcome), URL: f.also(keyOutcome, string(o.outcome)).url("/logs"), Count: o.n, Counted: true,
			Selected: slices.Contains(f.Is[keyOutcome], string(o.outcome)), Outcome: o.outcome,
		})
	}
	return out
}

// label returns a value as it is shown: actors so that they are told apart.
func label(key, value string) string {
	if key == keyActor {
		return spell.Name(value)
	}
	return value
}

func newFacet(f filter, key, title string) facet {
	out := facet{Key: key, Title: title}
	if f.asks(key) {
		out.ClearURL = f.open(key).url("/logs")
	}
	return out
}

// value returns a value of a facet: choosing it shows it alone, or takes the choice back, with
// one link more that shows it besides what is chosen, and one that leaves it out.
func (f filter) value(key, value string) facetValue {
	same := func(v string) bool { return audit.Fold(v) == audit.Fold(value) }
	fv := facetValue{
		Label: label(key, value), Selected: slices.ContainsFunc(f.Is[key], same), Excluded: slices.ContainsFunc(f.Not[key], same),
		URL: f.with(key, value).url("/logs"), ButURL: f.but(key, value).url("/logs"),
	}
	switch i := slices.IndexFunc(f.Is[key], same); {
	case fv.Selected:
		fv.URL = f.also(key, f.Is[key][i]).url("/logs")
	case fv.Excluded:
		fv.URL = f.but(key, f.Not[key][slices.IndexFunc(f.Not[key], same)]).url("/logs")
		fv.ButURL = ""
	default:
		fv.AlsoURL = f.also(key, value).url("/logs")
	}
	return fv
}

// valueFacet lists the values that occur. Those that are filtered by come first.
func valueFacet(f filter, key, title string, values []audit.ValueCount) facet {
	out := newFacet(f, key, title)
	var chosen, list []facetValue
	seen := make(map[string]bool)
	for _, vc := range values {
		value := f.value(key, vc.Value)
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
			chosen = append(chosen, f.value(key, asked))
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
func fixedFacet(f filter, key, title string, values [][2]string) facet {
	out := newFacet(f, key, title)
	for _, value := range values {
		fv := f.value(key, value[0])
		fv.Label = value[1]
		out.Values = append(out.Values, fv)
	}
	return out
}
