package console

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// mostCompletions is how many completions the search box offers at once.
const mostCompletions = 12

// namesFrom is how many of the latest entries are looked into for names and ids of resources.
const namesFrom = 500

// completion is what the search box may go on to: the whole text of the box.
type completion struct{ Text, Label string }

// completionsPage is what stands in for the completions that were there.
type completionsPage struct{ Completions []completion }

// suggest answers with what the text of the search box may go on to: saved searches, keys and, behind
// a key, values that occur.
func (c *console) suggest(v *visit) error {
	params := v.r.URL.Query()
	f, err := parseFilter(params, v.zone)
	if err != nil {
		return err
	}
	if f.within, err = c.mayRead(v, rights.AuditLogList, f.Project); err != nil {
		return err
	}
	typed := params.Get(keySearch)
	if len(typed) > audit.MaxValue {
		typed = ""
	}
	list, err := c.completions(v, f, typed)
	if err != nil {
		return err
	}
	return c.renderPart(v, http.StatusOK, "logs", "completions", completionsPage{list})
}

func (c *console) completions(v *visit, f filter, typed string) ([]completion, error) {
	pieces := splitSearch(typed)
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
		return c.keyCompletions(v, f, head, sign, key)
	}
	param, err := paramOf(key)
	if err != nil {
		return nil, nil // the answer to the search will say so
	}
	values, err := c.values(v, f, param)
	if err != nil {
		return nil, err
	}
	var list []completion
	begun = audit.Fold(strings.TrimPrefix(begun, `"`))
	for _, value := range values {
		if !strings.HasPrefix(audit.Fold(value), begun) || len(list) == mostCompletions {
			continue
		}
		text := value
		if strings.ContainsAny(value, " \t") {
			text = `"` + value + `"`
		}
		list = append(list, completion{head + sign + key + ":" + text, ""})
	}
	return list, nil
}

// keyCompletions returns saved searches, at the beginning of the text, and keys that begin so.
func (c *console) keyCompletions(v *visit, f filter, head, sign, begun string) ([]completion, error) {
	var list []completion
	if head == "" && sign == "" {
		menu, err := c.saved(v, f)
		if err != nil {
			return nil, err
		}
		for _, s := range menu.Searches {
			if strings.Contains(audit.Fold(savedKey+s.Name), audit.Fold(begun)) && len(list) < mostCompletions {
				list = append(list, completion{savedKey + `"` + s.Name + `"`, s.Name})
			}
		}
	}
	if begun == "" {
		return list, nil
	}
	told := make(map[string]bool)
	for _, k := range searchKeys() {
		if strings.HasPrefix(strings.ToLower(k.name), strings.ToLower(begun)) && !told[k.param] && len(list) < mostCompletions {
			told[k.param] = true
			list = append(list, completion{head + sign + k.name + ":", ""})
		}
	}
	return list, nil
}

// values returns the values that a parameter has in the view's projects, the most frequent first.
func (c *console) values(v *visit, f filter, param string) ([]string, error) {
	all := filter{Project: f.Project, within: f.within}
	sel, err := c.opts.Store.Prepare(all.query(v.now, v.zone))
	if err != nil {
		return nil, err
	}
	field := audit.FieldNamed(param)
	switch {
	case param == keyActorType:
		return []string{"user", "service"}, nil
	case param == keyRange:
		return strings.Split(rangeNames(), ", "), nil
	case field != nil && field.Values != nil:
		return field.Values, nil
	case param == keyActor || param == keyAction || param == keyResourceType:
		return c.counted(v.r.Context(), sel, param)
	case param == keyResourceName || param == keyResourceID || param == keyLocation || param == keyLabel:
		return latest(v.r.Context(), sel, field)
	}
	return nil, nil
}

// counted returns the values of a field that counts tell of. What takes long is not waited for.
func (c *console) counted(ctx context.Context, sel audit.Selection, param string) (values []string, err error) {
	waited, cancel := context.WithTimeout(ctx, c.countPatience)
	defer cancel()
	stats, err := sel.Stats(waited, audit.Counting{Top: audit.MaxTop})
	if err != nil {
		if waited.Err() != nil && ctx.Err() == nil {
			return nil, nil
		}
		return nil, err
	}
	top := map[string]audit.Values{keyActor: stats.Actors, keyAction: stats.Actions, keyResourceType: stats.ResourceTypes}[param].Top
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
