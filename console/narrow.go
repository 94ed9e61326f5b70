package console

import (
	"cmp"
	"strings"
	"time"

	"auditlog/audit"
)

// chip is one filter that is on.
type chip struct {
	Key, Label, Value, RemoveURL string
	Not                          bool
}

// view is a link to a filter that people often want.
type view struct {
	Title, URL string
	Current    bool
}

// rangeLink offers a range of time.
type rangeLink struct {
	Title, URL string
	Current    bool
}

// chips returns the filters that are on.
func (f filter) chips(v *visit) []chip {
	var chips []chip
	add := func(key, title, value string) {
		if value != "" {
			chips = append(chips, chip{Key: key, Label: title, Value: value, RemoveURL: f.with(key, "").url("/logs")})
		}
	}
	switch r, ok := findRange(f.Range); {
	case ok:
		add(keyRange, "time", r.Title)
	case !f.From.IsZero() || !f.To.IsZero():
		add(keyRange, "time", f.customTitle(v.zone))
	}
	for _, key := range fieldKeys() {
		chips = append(chips, f.termChips(key)...)
	}
	add(keyText, "text", f.Text)
	return chips
}

// termChips returns what is asked of a field: a chip for all outcomes, and else for each value.
func (f filter) termChips(key string) (chips []chip) {
	if is := f.Is[key]; key == keyOutcome && len(is) > 0 {
		chips = append(chips, chip{Key: key, Label: "outcome", Value: strings.Join(is, " or "), RemoveURL: f.with(key, "").url("/logs")})
	} else {
		for _, value := range f.Is[key] {
			title, shown := termTitle(key, value)
			chips = append(chips, chip{Key: key, Label: title, Value: shown, RemoveURL: f.also(key, value).url("/logs")})
		}
	}
	for _, value := range f.Not[key] {
		title, shown := termTitle(key, value)
		chips = append(chips, chip{Key: notPrefix + key, Label: "not " + title, Value: shown, RemoveURL: f.but(key, value).url("/logs"), Not: true})
	}
	return chips
}

// termTitle returns what a value of a field is called, in a few letters, and how it is shown.
func termTitle(key, value string) (title, shown string) {
	switch {
	case key == keyActorType && value == string(audit.User):
		return "by", "people"
	case key == keyActorType && value == string(audit.ServiceAccount):
		return "by", "service accounts"
	case key == keyRecordedBy && value == audit.RecordedByLog:
		return "by", "the log itself"
	}
	title = map[string]string{keyResourceType: "type", keyResourceID: "id", keyResourceName: "name", keyUserAgent: "user agent",
		keyRequestID: "request", keyRecordedBy: "token"}[key]
	return cmp.Or(title, key), label(key, value)
}

// param is a parameter that a form hands on as a hidden field.
type param struct{ Name, Value string }

// kept returns the parameters of f that a form hands on.
func (f filter) kept() []param {
	f.At = time.Time{}
	var kept []param
	for _, p := range f.params() {
		if p[1] != "" {
			kept = append(kept, param{p[0], p[1]})
		}
	}
	return kept
}

func (p *logsPage) addRanges(f filter, v *visit) {
	p.RangeTitle = "All time"
	for _, r := range ranges() {
		current := f.Range == r.Name
		p.Ranges = append(p.Ranges, rangeLink{r.Title, f.with(keyRange, r.Name).url("/logs"), current})
		if current {
			p.RangeTitle = r.Title
		}
	}
	custom := !f.From.IsZero() || !f.To.IsZero()
	p.Ranges = append(p.Ranges, rangeLink{"All time", f.with(keyRange, "").url("/logs"), f.Range == "" && !custom})
	if custom {
		p.RangeTitle = f.customTitle(v.zone)
	}
	q := f.query(v.now, v.zone)
	p.FromLocal, p.ToLocal = formatLocal(q.From, v.zone), formatLocal(q.To, v.zone)
}

// formatLocal writes a time as the browser's own field for times takes it.
func formatLocal(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if !t.Truncate(time.Minute).Equal(t) {
		return t.In(zone).Format("2006-01-02T15:04:05.999")
	}
	return t.In(zone).Format("2006-01-02T15:04")
}

// customTitle names a range by its ends.
func (f filter) customTitle(zone *time.Location) string {
	layout := "2 Jan 2006 15:04"
	if !f.From.Truncate(time.Minute).Equal(f.From) || !f.To.Truncate(time.Minute).Equal(f.To) {
		layout += ":05"
	}
	switch from, to := f.From.In(zone).Format(layout), f.To.In(zone).Format(layout); {
	case f.To.IsZero():
		return "Since " + from
	case f.From.IsZero():
		return "Until " + to
	default:
		return from + " – " + to
	}
}

// views are the questions that people come with, as links.
func views(f filter, n *counts) []view {
	all := filter{Project: f.Project}
	views := []view{
		{Title: "Everything", URL: all.url("/logs")},
		{Title: "Deployments", URL: deployments(all, n).url("/logs")},
	}
	views = append(views,
		view{Title: "Blocked", URL: all.with(keyOutcome, string(audit.Forbidden)).url("/logs")},
		view{Title: "Failed", URL: all.with(keyOutcome, string(audit.Error)).url("/logs")},
		view{Title: "Service accounts yesterday", URL: all.with(keyActorType, string(audit.ServiceAccount)).with(keyRange, "yesterday").url("/logs")},
		view{Title: "Today", URL: all.with(keyRange, "today").url("/logs")},
	)
	f.At = time.Time{}
	for i := range views {
		views[i].Current = views[i].URL == f.url("/logs")
	}
	return views
}

// deployments narrows a filter to deployments: by the action for them, where the
// counts know one, else by the word.
func deployments(all filter, n *counts) filter {
	if n != nil {
		for _, vc := range n.anyAction.Actions.Top {
			if strings.HasSuffix(vc.Value, ".deploy") {
				return all.with(keyAction, vc.Value)
			}
		}
	}
	return all.with(keyText, "deploy")
}
