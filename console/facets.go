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
	Label    string
	URL      string
	Count    int64
	Counted  bool
	Selected bool
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
	project, err := c.opts.Store.Project(f.Project)
	if err != nil && audit.KindOf(err) != audit.NotFound {
		return nil, err
	}
	bounds := chartBounds(f, project, v)
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
		{len(f.Outcomes) > 0, keyOutcome, &out.anyOutcome},
		{f.ResourceType != "", keyResourceType, &out.anyType},
		{f.Action != "", keyAction, &out.anyAction},
		{f.Actor != "", keyActor, &out.anyActor},
	} {
		if other.chosen {
			ask(f.with(other.key, ""), nil, other.answer)
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
		{keyActor, f.Actor, n.anyActor.Actors.Top},
		{keyAction, strings.TrimSuffix(f.Action, ".*"), n.anyAction.Actions.Top},
		{keyResourceType, f.ResourceType, n.anyType.ResourceTypes.Top},
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
		valueFacet(f, keyResourceType, "Resource type", f.ResourceType, n.anyType.ResourceTypes.Top),
		valueFacet(f, keyAction, "Action", f.Action, n.anyAction.Actions.Top),
		valueFacet(f, keyActor, "Actor", f.Actor, n.anyActor.Actors.Top),
		fixedFacet(f, keyActorType, "Actor type", f.ActorType,
			[][2]string{{string(audit.User), "People"}, {string(audit.ServiceAccount), "Service accounts"}}),
		fixedFacet(f, keyChannel, "Channel", f.Channel,
			[][2]string{{"api", "API"}, {"console", "Console"}, {"cli", "CLI"}, {"mcp", "MCP"}}),
	}
}

func (n *counts) outcomeFacet(f filter) facet {
	out := facet{Key: keyOutcome, Title: "Outcome"}
	if len(f.Outcomes) > 0 {
		out.ClearURL = f.with(keyOutcome, "").url("/logs")
	}
	by := n.anyOutcome.Outcomes
	for _, o := range []struct {
		outcome audit.Outcome
		n       int64
	}{{audit.Success, by.Success}, {audit.Forbidden, by.Forbidden}, {audit.Error, by.Error}} {
		out.Values = append(out.Values, facetValue{
			Label: string(o.outcome), URL: f.toggled(string(o.outcome)).url("/logs"), Count: o.n, Counted: true,
			Selected: slices.Contains(f.Outcomes, string(o.outcome)), Outcome: o.outcome,
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

// valueFacet lists the values that occur. The one that is filtered by comes
// first, and choosing it again takes the filter away.
func valueFacet(f filter, key, title, chosen string, values []audit.ValueCount) facet {
	out := facet{Key: key, Title: title}
	var list []facetValue
	found := chosen == ""
	for _, vc := range values {
		selected := chosen != "" && audit.Fold(vc.Value) == audit.Fold(chosen)
		value := facetValue{Label: label(key, vc.Value), Count: vc.Count, Counted: true, Selected: selected, URL: f.with(key, vc.Value).url("/logs")}
		if selected {
			found = true
			value.URL = f.with(key, "").url("/logs")
			list = slices.Insert(list, 0, value)
		} else if len(list) < facetMost {
			list = append(list, value)
		}
	}
	if !found {
		list = slices.Insert(list, 0, facetValue{Label: label(key, chosen), Selected: true, URL: f.with(key, "").url("/logs")})
	}
	if chosen != "" {
		out.ClearURL = f.with(key, "").url("/logs")
	}
	out.Values = list
	if len(list) > facetShown+1 {
		out.Values, out.Rest = list[:facetShown], list[facetShown:]
	}
	return out
}

// fixedFacet lists values that are known beforehand, without counts.
func fixedFacet(f filter, key, title, chosen string, values [][2]string) facet {
	out := facet{Key: key, Title: title}
	for _, value := range values {
		fv := facetValue{Label: value[1], URL: f.with(key, value[0]).url("/logs"), Selected: chosen == value[0]}
		if fv.Selected {
			fv.URL = f.with(key, "").url("/logs")
			out.ClearURL = fv.URL
		}
		out.Values = append(out.Values, fv)
	}
	return out
}
