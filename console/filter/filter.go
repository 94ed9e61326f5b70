package filter

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
)

// Filter is what a page of entries selects, as its URL says it. It is a value:
// the methods that change it return another.
type Filter struct {
	// Project is the one whose entries are shown, or empty for those of all in Within.
	Project string
	// Within are the projects that the visitor may read.
	Within audit.Scope
	// Is and Not are what is asked of fields: see audit.Query. Those without a value are left
	// out; outcomes stand in the order of audit.Outcomes.
	Is, Not audit.Terms
	Text    string
	// Oldest has the oldest entries come first.
	Oldest bool

	// Range is the name of one of the ranges, or empty for From and To.
	Range string
	// From and To are whole microseconds; zero is open.
	From, To time.Time
	// At is when the view was first opened. Later pages of it carry it along, so
	// that a range which ends now stays where it was.
	At time.Time
}

// The parameters of a filter. Those of fields are called as audit.Field has it, and
// excluded values have NotPrefix before that.
const (
	KeyProject      = "project"
	KeyRange        = "range"
	KeyFrom         = "from"
	KeyTo           = "to"
	KeyOutcome      = "outcome"
	KeyResourceType = "resourceType"
	KeyResourceID   = "resourceId"
	KeyResourceName = "resourceName"
	KeyLocation     = "location"
	KeyAction       = "action"
	KeyActor        = "actor"
	KeyActorType    = "actorType"
	KeyLabel        = "label"
	KeyChannel      = "channel"
	KeyIP           = "ip"
	KeyUserAgent    = "userAgent"
	KeyRequestID    = "requestId"
	KeyKey          = "key"
	KeyRecordedBy   = "recordedBy"
	KeyText         = "q"
	KeyAt           = "at"
	KeyOrder        = "order"

	NotPrefix = "not."
)

// parameters are the parameters of fields in the order in which they stand in a URL.
func parameters() []string {
	return []string{KeyOutcome, KeyResourceType, KeyResourceID, KeyResourceName, KeyLocation, KeyAction, KeyActor, KeyActorType,
		KeyLabel, KeyChannel, KeyIP, KeyUserAgent, KeyRequestID, KeyKey, KeyRecordedBy}
}

// Parse reads a filter from a URL's parameters. Times that name no zone
// are meant in zone. It returns Invalid Faults with the parameter as path.
func Parse(v url.Values, zone *time.Location) (Filter, error) {
	f := Filter{Project: v.Get(KeyProject), Text: strings.TrimSpace(v.Get(KeyText)), Oldest: v.Get(KeyOrder) == rpc.OrderOldest}
	if order := v.Get(KeyOrder); order != "" && order != rpc.OrderNewest && !f.Oldest {
		return f, audit.FieldErrorf(KeyOrder, "must be %s or %s", rpc.OrderNewest, rpc.OrderOldest)
	}
	for _, key := range parameters() {
		for _, value := range v[key] {
			f.Is = plus(f.Is, key, value)
		}
		for _, value := range v[NotPrefix+key] {
			f.Not = plus(f.Not, key, value)
		}
	}
	if s := v.Get(KeyAt); s != "" {
		sec, err := strconv.ParseInt(s, 10, 64)
		if err != nil || sec < 0 || sec > 1<<36 {
			return f, audit.FieldErrorf(KeyAt, "must be seconds since 1970")
		}
		f.At = time.Unix(sec, 0).UTC()
	}
	if err := f.parseTimes(v, zone); err != nil {
		return f, err
	}
	return f, f.validate(time.Now(), zone)
}

// validate returns what cannot be meant, whatever the visitor may read.
func (f Filter) validate(now time.Time, zone *time.Location) error {
	f.Within = audit.AllProjects()
	q := f.Query(now, zone)
	return q.Validate()
}

func (f *Filter) parseTimes(v url.Values, zone *time.Location) error {
	if name := v.Get(KeyRange); name != "" {
		if _, ok := findRange(name); !ok {
			return audit.FieldErrorf(KeyRange, "must be one of %s", RangeNames())
		}
		f.Range = name
		return nil
	}
	var err error
	if f.From, err = ParseBound(KeyFrom, v.Get(KeyFrom), zone); err != nil {
		return err
	}
	f.To, err = ParseBound(KeyTo, v.Get(KeyTo), zone)
	return err
}

// ParseBound reads a bound of a range, in the forms of calendar.ParseTime.
func ParseBound(path, s string, zone *time.Location) (time.Time, error) {
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

// plus returns terms with one more value of a field, or several outcomes with commas between
// them. What is unknown is kept for the query's validation to name.
func plus(terms audit.Terms, key, value string) audit.Terms {
	t := terms.Clone()
	if t == nil {
		t = make(audit.Terms, 1)
	}
	values := []string{strings.TrimSpace(value)}
	switch key {
	case KeyOutcome:
		values = outcomes(value)
	case KeyChannel:
		values[0] = audit.Fold(values[0])
	}
	for _, v := range values {
		if v != "" && !slices.Contains(t[key], v) {
			t[key] = append(t[key], v)
		}
	}
	if key == KeyOutcome {
		order := func(s string) int { return slices.Index(audit.Outcomes(), audit.Outcome(s)) }
		slices.SortStableFunc(t[key], func(a, b string) int { return order(a) - order(b) })
	}
	return settled(t, key)
}

// less returns terms without one value of a field.
func less(terms audit.Terms, key, value string) audit.Terms {
	if !slices.Contains(terms[key], value) {
		return terms
	}
	t := terms.Clone()
	t[key] = slices.DeleteFunc(t[key], func(v string) bool { return v == value })
	return settled(t, key)
}

// turned returns terms without a value of a field where they have it, or with it and the opposite
// terms without.
func turned(terms, opposite audit.Terms, key, value string) (audit.Terms, audit.Terms) {
	if slices.Contains(terms[key], value) {
		return less(terms, key, value), opposite
	}
	return plus(terms, key, value), less(opposite, key, value)
}

// settled drops a field that has no value left.
func settled(t audit.Terms, key string) audit.Terms {
	if len(t[key]) == 0 {
		delete(t, key)
	}
	if len(t) == 0 {
		return nil
	}
	return t
}

// outcomes parts a list of outcomes, and spells out what stands for several.
func outcomes(list string) (all []string) {
	for s := range strings.SplitSeq(list, ",") {
		switch s = audit.Fold(strings.TrimSpace(s)); s {
		case audit.Failure:
			all = append(all, string(audit.Forbidden), string(audit.Error))
		default:
			all = append(all, s)
		}
	}
	return all
}

// Query returns what the filter selects as of now.
func (f Filter) Query(now time.Time, zone *time.Location) audit.Query {
	q := audit.Query{Project: f.Project, Within: f.Within, Is: f.Is, Not: f.Not, Text: f.Text, Oldest: f.Oldest}
	q.From, q.To, _ = f.Span(now, zone)
	q.Normalize()
	return q
}

// Span returns the range of time that f selects as of now, and the step of time that suits it;
// none for a range of its own.
func (f Filter) Span(now time.Time, zone *time.Location) (from, to time.Time, step calendar.Step) {
	if r, ok := findRange(f.Range); ok {
		from, to = r.bounds(f.asOf(now), zone)
		return from, to, r.step
	}
	return f.From, f.To, step
}

// asOf returns the time that relative ranges are measured from.
func (f Filter) asOf(now time.Time) time.Time {
	if !f.At.IsZero() && f.At.Before(now) {
		return f.At
	}
	return now
}

// Narrowed reports whether anything but the project and the order is chosen.
func (f Filter) Narrowed() bool {
	f.At, f.Oldest = time.Time{}, false
	return f.Encode() != Filter{Project: f.Project}.Encode()
}

// With returns f with one parameter set to one value, as a link that narrows a view does, or
// without it where the value is empty.
func (f Filter) With(key, value string) Filter {
	f.At = time.Time{}
	switch key {
	case KeyText:
		f.Text = value
	case KeyRange:
		f.Range, f.From, f.To = value, time.Time{}, time.Time{}
	default:
		f.Is = plus(without(f.Is, key), key, value)
		f.Not = less(f.Not, key, value)
	}
	return f
}

// without returns terms without a field.
func without(terms audit.Terms, key string) audit.Terms {
	t := terms.Clone()
	delete(t, key)
	return settled(t, key)
}

// Also returns f with one more value of a field, or without it where it has that.
func (f Filter) Also(key, value string) Filter {
	f.At = time.Time{}
	f.Is, f.Not = turned(f.Is, f.Not, key, value)
	return f
}

// But returns f without what has a value, or with it again where that is excluded.
func (f Filter) But(key, value string) Filter {
	f.At = time.Time{}
	f.Not, f.Is = turned(f.Not, f.Is, key, value)
	return f
}

// InOrder returns f with the oldest entries first, or the newest.
func (f Filter) InOrder(oldest bool) Filter {
	f.At, f.Oldest = time.Time{}, oldest
	return f
}

// Between returns f with a range of its own.
func (f Filter) Between(from, to time.Time) Filter {
	f.At, f.Range = time.Time{}, ""
	f.From, f.To = from.UTC(), to.UTC()
	return f
}

// Pinned returns f with its relative range held at now, for links to later pages.
func (f Filter) Pinned(now time.Time) Filter {
	if f.Range != "" && f.At.IsZero() {
		f.At = now.UTC().Truncate(time.Second)
	}
	return f
}

// Encode returns f as the query part of a URL, the same for equal filters.
func (f Filter) Encode() string {
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
		b.WriteString(EscapeParam(p[1]))
	}
	return b.String()
}

// params returns the parameters in their order, unset ones empty.
func (f Filter) params() [][2]string {
	at, order := "", ""
	if !f.At.IsZero() {
		at = strconv.FormatInt(f.At.Unix(), 10)
	}
	if f.Oldest {
		order = rpc.OrderOldest
	}
	params := [][2]string{
		{KeyProject, f.Project},
		{KeyRange, f.Range},
		{KeyFrom, FormatBound(f.From)},
		{KeyTo, FormatBound(f.To)},
	}
	for _, key := range parameters() {
		params = appendTerm(params, key, key, f.Is[key])
		params = appendTerm(params, NotPrefix+key, key, f.Not[key])
	}
	return append(params, [2]string{KeyText, f.Text}, [2]string{KeyOrder, order}, [2]string{KeyAt, at})
}

func appendTerm(params [][2]string, param, key string, values []string) [][2]string {
	if key == KeyOutcome {
		values = []string{strings.Join(values, ",")}
	}
	for _, v := range values {
		params = append(params, [2]string{param, v})
	}
	return params
}

// FormatBound writes a bound for a URL, to the minute where it is a whole one.
func FormatBound(t time.Time) string {
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

// EscapeParam returns a value as the query of a URL has it.
func EscapeParam(s string) string { return unescaped.Replace(url.QueryEscape(s)) }

// URL returns the URL of a page that shows what f selects, with further
// parameters as pairs of name and value; those without a value are left out.
func (f Filter) URL(path string, more ...string) string {
	u := path + "?" + cmp.Or(f.Encode(), KeyProject+"=")
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			u += "&" + more[i] + "=" + EscapeParam(more[i+1])
		}
	}
	return u
}

// Asks reports whether anything is asked of a field.
func (f Filter) Asks(key string) bool { return len(f.Is[key]) > 0 || len(f.Not[key]) > 0 }

// Open returns f without what it asks of a field.
func (f Filter) Open(key string) Filter {
	f.At = time.Time{}
	f.Is, f.Not = without(f.Is, key), without(f.Not, key)
	return f
}
