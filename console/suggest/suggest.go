// Package suggest says what the text of the search box may go on to: saved searches, keys and,
// behind a key, values that occur.
//
// It asks the log for counts and for a few entries, and waits for neither long. Package console
// alone uses it.
package suggest

import (
	"context"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/console/clock"
	"auditlog/console/filter"
)

// mostCompletions is how many completions the search box offers at once.
const mostCompletions = 12

// namesFrom is how many of the latest entries are looked into for names and ids of resources.
const namesFrom = 500

// SavedKey stands before the name of a saved search in the search box.
const SavedKey = "saved:"

// Completion is what the search box may go on to: the whole text of the box.
type Completion struct{ Text, Label string }

// Completer completes the text of a search box.
type Completer struct {
	// Log is asked for values that occur.
	Log interface {
		Prepare(audit.Query) (audit.Selection, error)
	}
	// Saved returns the names of the visitor's saved searches.
	Saved func() ([]string, error)
	At    clock.Clock
	// Patience is how long counts are waited for.
	Patience time.Duration
}

// Complete returns what a text of the search box may go on to, in a view of f.
func (c *Completer) Complete(ctx context.Context, f filter.Filter, typed string) ([]Completion, error) {
	pieces := filter.Split(typed)
	last := ""
	if len(pieces) > 0 && strings.HasSuffix(typed, pieces[len(pieces)-1]) {
		last = pieces[len(pieces)-1]
	}
	head := strings.TrimSuffix(typed, last)
	sign := ""
	if strings.HasPrefix(last, "-") {
		sign = "-"
	}
	key, begun, ok := strings.Cut(strings.TrimPrefix(last, "-"), ":")
	if !ok {
		return c.keys(head, sign, key)
	}
	param, err := filter.ParamOf(key)
	if err != nil {
		return nil, nil // the answer to the search will say so
	}
	values, err := c.values(ctx, f, param)
	if err != nil {
		return nil, err
	}
	var list []Completion
	begun = audit.Fold(strings.TrimPrefix(begun, `"`))
	for _, value := range values {
		if !strings.HasPrefix(audit.Fold(value), begun) || len(list) == mostCompletions {
			continue
		}
		text := value
		if strings.ContainsAny(value, " \t") {
			text = `"` + value + `"`
		}
		list = append(list, Completion{head + sign + key + ":" + text, ""})
	}
	return list, nil
}

// keys returns saved searches, at the beginning of the text, and keys that begin so.
func (c *Completer) keys(head, sign, begun string) ([]Completion, error) {
	var list []Completion
	if head == "" && sign == "" {
		names, err := c.Saved()
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.Contains(audit.Fold(SavedKey+name), audit.Fold(begun)) && len(list) < mostCompletions {
				list = append(list, Completion{SavedKey + `"` + name + `"`, name})
			}
		}
	}
	if begun == "" {
		return list, nil
	}
	told := make(map[string]bool)
	for _, k := range filter.Keys() {
		if strings.HasPrefix(strings.ToLower(k.Name), strings.ToLower(begun)) && !told[k.Param] && len(list) < mostCompletions {
			told[k.Param] = true
			list = append(list, Completion{head + sign + k.Name + ":", ""})
		}
	}
	return list, nil
}

// values returns the values that a parameter has in the view's projects, the most frequent first.
func (c *Completer) values(ctx context.Context, f filter.Filter, param string) ([]string, error) {
	all := filter.Filter{Project: f.Project, Within: f.Within}
	sel, err := c.Log.Prepare(all.Query(c.At.Now, c.At.Zone))
	if err != nil {
		return nil, err
	}
	field := audit.FieldNamed(param)
	switch {
	case param == filter.KeyActorType:
		return []string{"user", "service"}, nil
	case param == filter.KeyRange:
		return strings.Split(filter.RangeNames(), ", "), nil
	case field != nil && field.Values != nil:
		return field.Values, nil
	case param == filter.KeyActor || param == filter.KeyAction || param == filter.KeyResourceType:
		return c.counted(ctx, sel, param)
	case param == filter.KeyResourceName || param == filter.KeyResourceID || param == filter.KeyLocation || param == filter.KeyLabel:
		return latest(ctx, sel, field)
	}
	return nil, nil
}

// counted returns the values of a field that counts tell of. What takes long is not waited for.
func (c *Completer) counted(ctx context.Context, sel audit.Selection, param string) (values []string, err error) {
	waited, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	stats, err := sel.Stats(waited, audit.Counting{Top: audit.MaxTop})
	if err != nil {
		if waited.Err() != nil && ctx.Err() == nil {
			return nil, nil
		}
		return nil, err
	}
	top := map[string]audit.Values{filter.KeyActor: stats.Actors, filter.KeyAction: stats.Actions, filter.KeyResourceType: stats.ResourceTypes}[param].Top
	for _, vc := range top {
		values = append(values, vc.Value)
	}
	return values, nil
}

// latest returns the values that a field has in the latest entries.
func latest(ctx context.Context, sel audit.Selection, field *audit.Field) (values []string, err error) {
	page, err := sel.List(ctx, audit.Paging{Limit: namesFrom})
	for _, e := range page.Entries {
		if value := *field.Of(e); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values, err
}
