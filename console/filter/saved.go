package filter

import (
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
)

// savedTimes are the ranges of the page as saved searches have them.
func savedTimes(name string) (from, to string) {
	switch name {
	case "yesterday":
		return "yesterday", "today"
	case "1y":
		return "365d", ""
	}
	return name, ""
}

// Saved returns what a filter asks for, as it is saved: a range by its words.
func (f Filter) Saved() rpc.SavedQuery {
	var from, to string
	if !f.From.IsZero() {
		from = f.From.UTC().Format(time.RFC3339Nano)
	}
	if !f.To.IsZero() {
		to = f.To.UTC().Format(time.RFC3339Nano)
	}
	if f.Range != "" {
		from, to = savedTimes(f.Range)
	}
	return rpc.SavedQueryOf(audit.Query{Project: f.Project, Is: f.Is, Not: f.Not, Text: f.Text, Oldest: f.Oldest}, from, to)
}

// OfSaved returns the filter of a saved search, whose times are of a zone unless it names one.
// Times that are no range of the page are those of now.
func OfSaved(s *rpc.SavedQuery, here *time.Location) (Filter, error) {
	w := s.Query()
	q, err := w.Query()
	if err != nil {
		return Filter{}, err
	}
	f := Filter{Project: q.Project, Is: q.Is, Not: q.Not, Text: q.Text, Oldest: q.Oldest}
	for _, r := range ranges() {
		if from, to := savedTimes(r.Name); s.From == from && s.To == to {
			f.Range = r.Name
			return f, nil
		}
	}
	zone := here
	if s.Zone != "" {
		if zone, err = calendar.Zone(s.Zone); err != nil {
			return f, err
		}
	}
	if f.From, err = ParseBound(KeyFrom, s.From, zone); err != nil {
		return f, err
	}
	f.To, err = ParseBound(KeyTo, s.To, zone)
	return f, err
}
