package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/calendar"
)

// filter is what a page of entries selects, as its URL says it. It is a value:
// the methods that change it return another.
type filter struct {
	Project      string
	ResourceType string
	ResourceID   string
	Action       string
	Outcomes     []string // of audit.Outcomes, in their order, each once
	Actor        string
	ActorType    string
	Channel      string
	IP           string
	UserAgent    string
	RequestID    string
	Key          string
	RecordedBy   string
	Text         string

	// Range is the name of one of the ranges, or empty for From and To.
	Range string
	// From and To are whole microseconds; zero is open.
	From, To time.Time
	// At is when the view was first opened. Later pages of it carry it along, so
	// that a range which ends now stays where it was.
	At time.Time
}

// The parameters of a filter in the order in which they stand in a URL.
const (
	keyProject      = "project"
	keyRange        = "range"
	keyFrom         = "from"
	keyTo           = "to"
	keyOutcome      = "outcome"
	keyResourceType = "resourceType"
	keyResourceID   = "resourceId"
	keyAction       = "action"
	keyActor        = "actor"
	keyActorType    = "actorType"
	keyChannel      = "channel"
	keyIP           = "ip"
	keyUserAgent    = "userAgent"
	keyRequestID    = "requestId"
	keyKey          = "key"
	keyRecordedBy   = "recordedBy"
	keyText         = "q"
	keyAt           = "at"
)

// failure stands for forbidden and error together, as it does in the API.
const failure = "failure"

// parseFilter reads a filter from a URL's parameters. Times that name no zone
// are meant in zone. It returns Invalid Faults with the parameter as path.
func parseFilter(v url.Values, zone *time.Location) (filter, error) {
	f := filter{
		Project:      v.Get(keyProject),
		ResourceType: strings.TrimSpace(v.Get(keyResourceType)),
		ResourceID:   strings.TrimSpace(v.Get(keyResourceID)),
		Action:       strings.TrimSpace(v.Get(keyAction)),
		Actor:        strings.TrimSpace(v.Get(keyActor)),
		ActorType:    v.Get(keyActorType),
		Channel:      audit.Fold(v.Get(keyChannel)),
		RecordedBy:   strings.TrimSpace(v.Get(keyRecordedBy)),
		Text:         strings.TrimSpace(v.Get(keyText)),
	}
	for _, key := range []string{keyIP, keyUserAgent, keyRequestID, keyKey} {
		*f.exact(key) = strings.TrimSpace(v.Get(key))
	}
	f.addOutcomes(v[keyOutcome]...)
	if s := v.Get(keyAt); s != "" {
		sec, err := strconv.ParseInt(s, 10, 64)
		if err != nil || sec < 0 || sec > 1<<36 {
			return f, audit.FieldErrorf(keyAt, "must be seconds since 1970")
		}
		f.At = time.Unix(sec, 0).UTC()
	}
	if err := f.parseTimes(v, zone); err != nil {
		return f, err
	}
	q := f.query(time.Now(), zone)
	return f, q.Validate()
}

func (f *filter) parseTimes(v url.Values, zone *time.Location) error {
	if name := v.Get(keyRange); name != "" {
		if _, ok := findRange(name); !ok {
			return audit.FieldErrorf(keyRange, "must be one of %s", rangeNames())
		}
		f.Range = name
		return nil
	}
	var err error
	if f.From, err = parseBound(keyFrom, v.Get(keyFrom), zone); err != nil {
		return err
	}
	f.To, err = parseBound(keyTo, v.Get(keyTo), zone)
	return err
}

// parseBound reads a bound of a range, in the forms of calendar.ParseTime.
func parseBound(path, s string, zone *time.Location) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(minuteLayout, s); err == nil {
		return t, nil
	}
	t, err := calendar.ParseTime(s, time.Now(), zone)
	if err != nil {
		return time.Time{}, audit.AtPath(err, path)
	}
	return audit.Truncate(t), nil
}

// minuteLayout is how a URL has a whole minute: in UTC.
const minuteLayout = "2006-01-02T15:04Z"

// addOutcomes adds outcomes that may be separated by commas. Unknown ones are
// kept for the query's validation to name.
func (f *filter) addOutcomes(lists ...string) {
	for _, list := range lists {
		for s := range strings.SplitSeq(list, ",") {
			switch s = audit.Fold(strings.TrimSpace(s)); s {
			case "":
			case failure:
				f.Outcomes = append(f.Outcomes, string(audit.Forbidden), string(audit.Error))
			default:
				f.Outcomes = append(f.Outcomes, s)
			}
		}
	}
	order := func(s string) int { return slices.Index(audit.Outcomes(), audit.Outcome(s)) }
	slices.SortFunc(f.Outcomes, func(a, b string) int { return order(a) - order(b) })
	f.Outcomes = slices.Compact(f.Outcomes)
}

// query returns what the filter selects as of now.
func (f filter) query(now time.Time, zone *time.Location) audit.Query {
	q := audit.Query{
		Project:      f.Project,
		ResourceType: f.ResourceType,
		ResourceID:   f.ResourceID,
		Action:       f.Action,
		Actor:        f.Actor,
		ActorType:    audit.ActorType(f.ActorType),
		Channel:      audit.Channel(f.Channel),
		IP:           f.IP,
		UserAgent:    f.UserAgent,
		RequestID:    f.RequestID,
		Key:          f.Key,
		RecordedBy:   f.RecordedBy,
		Text:         f.Text,
		From:         f.From,
		To:           f.To,
	}
	for _, o := range f.Outcomes {
		q.Outcomes = append(q.Outcomes, audit.Outcome(o))
	}
	if r, ok := findRange(f.Range); ok {
		q.From, q.To = r.bounds(f.asOf(now), zone)
	}
	q.Normalize()
	return q
}

// asOf returns the time that relative ranges are measured from.
func (f filter) asOf(now time.Time) time.Time {
	if !f.At.IsZero() && f.At.Before(now) {
		return f.At
	}
	return now
}

// Narrowed reports whether anything but the project is chosen.
func (f filter) Narrowed() bool {
	f.At = time.Time{}
	return f.encode() != filter{Project: f.Project}.encode()
}

// with returns f with one parameter set, as a link that narrows a view does.
func (f filter) with(key, value string) filter {
	f.At = time.Time{}
	switch key {
	case keyOutcome:
		f.Outcomes = nil
		f.addOutcomes(value)
	case keyResourceType:
		f.ResourceType = value
	case keyResourceID:
		f.ResourceID = value
	case keyAction:
		f.Action = value
	case keyActor:
		f.Actor = value
	case keyActorType:
		f.ActorType = value
	case keyChannel:
		f.Channel = value
	case keyIP, keyUserAgent, keyRequestID, keyKey:
		*f.exact(key) = value
	case keyRecordedBy:
		f.RecordedBy = value
	case keyText:
		f.Text = value
	case keyRange:
		f.Range, f.From, f.To = value, time.Time{}, time.Time{}
	}
	return f
}

// exact returns what the filter asks of the request or the key.
func (f *filter) exact(key string) *string {
	switch key {
	case keyIP:
		return &f.IP
	case keyUserAgent:
		return &f.UserAgent
	case keyRequestID:
		return &f.RequestID
	}
	return &f.Key
}

// toggled returns f with one outcome more or less.
func (f filter) toggled(outcome string) filter {
	f.At = time.Time{}
	if i := slices.Index(f.Outcomes, outcome); i >= 0 {
		f.Outcomes = slices.Delete(slices.Clone(f.Outcomes), i, i+1)
		return f
	}
	f.Outcomes = slices.Clone(f.Outcomes)
	f.addOutcomes(outcome)
	return f
}

// between returns f with a range of its own.
func (f filter) between(from, to time.Time) filter {
	f.At, f.Range = time.Time{}, ""
	f.From, f.To = from.UTC(), to.UTC()
	return f
}

// pinned returns f with its relative range held at now, for links to later pages.
func (f filter) pinned(now time.Time) filter {
	if f.Range != "" && f.At.IsZero() {
		f.At = now.UTC().Truncate(time.Second)
	}
	return f
}

// encode returns f as the query part of a URL, the same for equal filters.
func (f filter) encode() string {
	var b strings.Builder
	for _, p := range f.params() {
		if p[1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0])
		b.WriteByte('=')
		b.WriteString(escapeParam(p[1]))
	}
	return b.String()
}

// params returns the parameters in their order, unset ones empty.
func (f filter) params() [][2]string {
	at := ""
	if !f.At.IsZero() {
		at = strconv.FormatInt(f.At.Unix(), 10)
	}
	return [][2]string{
		{keyProject, f.Project},
		{keyRange, f.Range},
		{keyFrom, formatBound(f.From)},
		{keyTo, formatBound(f.To)},
		{keyOutcome, strings.Join(f.Outcomes, ",")},
		{keyResourceType, f.ResourceType},
		{keyResourceID, f.ResourceID},
		{keyAction, f.Action},
		{keyActor, f.Actor},
		{keyActorType, f.ActorType},
		{keyChannel, f.Channel},
		{keyIP, f.IP},
		{keyUserAgent, f.UserAgent},
		{keyRequestID, f.RequestID},
		{keyKey, f.Key},
		{keyRecordedBy, f.RecordedBy},
		{keyText, f.Text},
		{keyAt, at},
	}
}

// formatBound writes a bound for a URL, to the minute where it is a whole one.
func formatBound(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Truncate(time.Minute).Equal(t):
		return t.UTC().Format(minuteLayout)
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// unescaped may stand in the query of a URL as they are, which is how people
// read them there.
var unescaped = strings.NewReplacer("%2C", ",", "%3A", ":", "%2F", "/", "%40", "@", "%2A", "*")

func escapeParam(s string) string { return unescaped.Replace(url.QueryEscape(s)) }

// url returns the URL of a page that shows what f selects, with further
// parameters as pairs of name and value; those without a value are left out.
func (f filter) url(path string, more ...string) string {
	u := path + "?" + f.encode()
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			u += "&" + more[i] + "=" + escapeParam(more[i+1])
		}
	}
	return u
}
