package filter

import (
	"cmp"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/spell"
)

// Chip is one filter that is on.
type Chip struct {
	Key, Label, Value, RemoveURL string
	Not                          bool
}

// View is a link to a filter that people often want.
type View struct {
	Title, URL string
	Current    bool
}

// RangeLink offers a range of time.
type RangeLink struct {
	Title, URL string
	Current    bool
}

// Chips returns the filters that are on.
func (f Filter) Chips(zone *time.Location) []Chip {
	var chips []Chip
	add := func(key, title, value string) {
		if value != "" {
			chips = append(chips, Chip{Key: key, Label: title, Value: value, RemoveURL: f.With(key, "").URL("/logs")})
		}
	}
	switch r, ok := findRange(f.Range); {
	case ok:
		add(KeyRange, "time", r.Title)
	case !f.From.IsZero() || !f.To.IsZero():
		add(KeyRange, "time", f.customTitle(zone))
	}
	for _, key := range parameters() {
		chips = append(chips, f.termChips(key)...)
	}
	add(KeyText, "text", f.Text)
	return chips
}

// termChips returns what is asked of a field: a chip for all outcomes, and else for each value.
func (f Filter) termChips(key string) (chips []Chip) {
	if is := f.Is[key]; key == KeyOutcome && len(is) > 0 {
		chips = append(chips, Chip{Key: key, Label: "outcome", Value: strings.Join(is, " or "), RemoveURL: f.With(key, "").URL("/logs")})
	} else {
		for _, value := range f.Is[key] {
			title, shown := termTitle(key, value)
			chips = append(chips, Chip{Key: key, Label: title, Value: shown, RemoveURL: f.Also(key, value).URL("/logs")})
		}
	}
	for _, value := range f.Not[key] {
		title, shown := termTitle(key, value)
		chips = append(chips, Chip{Key: NotPrefix + key, Label: "not " + title, Value: shown, RemoveURL: f.But(key, value).URL("/logs"), Not: true})
	}
	return chips
}

// termTitle returns what a value of a field is called, in a few letters, and how it is shown.
func termTitle(key, value string) (title, shown string) {
	switch {
	case key == KeyActorType && value == string(audit.User):
		return "by", "people"
	case key == KeyActorType && value == string(audit.ServiceAccount):
		return "by", "service accounts"
	case key == KeyRecordedBy && value == audit.RecordedByLog:
		return "by", "the log itself"
	}
	title = map[string]string{KeyResourceType: "type", KeyResourceID: "id", KeyResourceName: "name", KeyUserAgent: "user agent",
		KeyRequestID: "request", KeyRecordedBy: "token"}[key]
	return cmp.Or(title, key), Label(key, value)
}

// Param is a parameter that a form hands on as a hidden field.
type Param struct{ Name, Value string }

// Kept returns the parameters of f that a form hands on.
func (f Filter) Kept() []Param {
	f.At = time.Time{}
	var kept []Param
	for _, p := range f.params() {
		if p[1] != "" {
			kept = append(kept, Param{p[0], p[1]})
		}
	}
	return kept
}

// Times is the menu of the ranges of time.
type Times struct {
	Ranges []RangeLink
	// RangeTitle names the range that is shown; FromLocal and ToLocal fill its form.
	RangeTitle         string
	FromLocal, ToLocal string
}

// Times returns the menu of the ranges of time, as of now in a zone.
func (f Filter) Times(now time.Time, zone *time.Location) Times {
	t := Times{RangeTitle: "All time"}
	for _, r := range ranges() {
		current := f.Range == r.Name
		t.Ranges = append(t.Ranges, RangeLink{r.Title, f.With(KeyRange, r.Name).URL("/logs"), current})
		if current {
			t.RangeTitle = r.Title
		}
	}
	custom := !f.From.IsZero() || !f.To.IsZero()
	t.Ranges = append(t.Ranges, RangeLink{"All time", f.With(KeyRange, "").URL("/logs"), f.Range == "" && !custom})
	if custom {
		t.RangeTitle = f.customTitle(zone)
	}
	q := f.Query(now, zone)
	t.FromLocal, t.ToLocal = formatLocal(q.From, zone), formatLocal(q.To, zone)
	return t
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
func (f Filter) customTitle(zone *time.Location) string {
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

// Views are the questions that people come with about f's project, as links. actions are those
// that the counts know; nil where there are no counts.
func (f Filter) Views(actions []audit.ValueCount) []View {
	all := Filter{Project: f.Project}
	views := []View{
		{Title: "Everything", URL: all.URL("/logs")},
		{Title: "Deployments", URL: deployments(all, actions).URL("/logs")},
		{Title: "Blocked", URL: all.With(KeyOutcome, string(audit.Forbidden)).URL("/logs")},
		{Title: "Failed", URL: all.With(KeyOutcome, string(audit.Error)).URL("/logs")},
		{Title: "Service accounts yesterday", URL: all.With(KeyActorType, string(audit.ServiceAccount)).With(KeyRange, "yesterday").URL("/logs")},
		{Title: "Today", URL: all.With(KeyRange, "today").URL("/logs")},
	}
	f.At = time.Time{}
	for i := range views {
		views[i].Current = views[i].URL == f.URL("/logs")
	}
	return views
}

// deployments narrows a filter to deployments: by the action for them, where one is known, else
// by the word.
func deployments(all Filter, actions []audit.ValueCount) Filter {
	for _, vc := range actions {
		if strings.HasSuffix(vc.Value, ".deploy") {
			return all.With(KeyAction, vc.Value)
		}
	}
	return all.With(KeyText, "deploy")
}

// Label returns a value as it is shown: actors so that they are told apart.
func Label(key, value string) string {
	if key == KeyActor {
		return spell.Name(value)
	}
	return value
}
