package console

import (
	"strings"
	"time"

	"auditlog/audit"
)

// chip is one filter that is on.
type chip struct{ Key, Label, Value, RemoveURL string }

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
			chips = append(chips, chip{key, title, label(key, value), f.with(key, "").url("/logs")})
		}
	}
	switch r, ok := findRange(f.Range); {
	case ok:
		add(keyRange, "time", r.Title)
	case !f.From.IsZero() || !f.To.IsZero():
		add(keyRange, "time", f.customTitle(v.zone))
	}
	add(keyOutcome, "outcome", strings.Join(f.Outcomes, " or "))
	add(keyResourceType, "type", f.ResourceType)
	add(keyResourceID, "id", f.ResourceID)
	add(keyAction, "action", f.Action)
	add(keyActor, "actor", f.Actor)
	switch audit.ActorType(f.ActorType) {
	case audit.User:
		add(keyActorType, "by", "people")
	case audit.ServiceAccount:
		add(keyActorType, "by", "service accounts")
	}
	add(keyChannel, "channel", f.Channel)
	add(keyIP, "ip", f.IP)
	add(keyUserAgent, "user agent", f.UserAgent)
	add(keyRequestID, "request", f.RequestID)
	add(keyKey, "key", f.Key)
	switch f.RecordedBy {
	case audit.RecordedByLog:
		add(keyRecordedBy, "by", "the log itself")
	default:
		add(keyRecordedBy, "token", f.RecordedBy)
	}
	add(keyText, "text", f.Text)
	return chips
}

// kept returns the parameters of f that a form hands on as hidden fields.
func (f filter) kept() map[string]string {
	f.At = time.Time{}
	kept := make(map[string]string)
	for _, p := range f.params() {
		if p[1] != "" {
			kept[p[0]] = p[1]
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
