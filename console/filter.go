package console

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

// filter is what a page of entries selects, as its URL says it. It is a value:
// the methods that change it return another.
type filter struct {
	// Project is the one whose entries are shown, or empty for those of all that are within.
	Project string
	within  audit.Scope
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
// excluded values have notPrefix before that.
const (
	keyProject      = "project"
	keyRange        = "range"
	keyFrom         = "from"
	keyTo           = "to"
	keyOutcome      = "outcome"
	keyResourceType = "resourceType"
	keyResourceID   = "resourceId"
	keyResourceName = "resourceName"
	keyLocation     = "location"
	keyAction       = "action"
	keyActor        = "actor"
	keyActorType    = "actorType"
	keyLabel        = "label"
	keyChannel      = "channel"
	keyIP           = "ip"
	keyUserAgent    = "userAgent"
	keyRequestID    = "requestId"
	keyKey          = "key"
	keyRecordedBy   = "recordedBy"
	keyText         = "q"
	keyAt           = "at"
	keyOrder        = "order"

	notPrefix = "not."
)

// fieldKeys are the parameters of fields in the order in which they stand in a URL.
func fieldKeys() []string {
	return []string{keyOutcome, keyResourceType, keyResourceID, keyResourceName, keyLocation, keyAction, keyActor, keyActorType,
		keyLabel, keyChannel, keyIP, keyUserAgent, keyRequestID, keyKey, keyRecordedBy}
}

// parseFilter reads a filter from a URL's parameters. Times that name no zone
// are meant in zone. It returns Invalid Faults with the parameter as path.
func parseFilter(v url.Values, zone *time.Location) (filter, error) {
	f := filter{Project: v.Get(keyProject), Text: strings.TrimSpace(v.Get(keyText)), Oldest: v.Get(keyOrder) == rpc.OrderOldest}
	if order := v.Get(keyOrder); order != "" && order != rpc.OrderNewest && !f.Oldest {
		return f, audit.FieldErrorf(keyOrder, "must be %s or %s", rpc.OrderNewest, rpc.OrderOldest)
	}
	for _, key := range fieldKeys() {
		for _, value := range v[key] {
			f.Is = plus(f.Is, key, value)
		}
		for _, value := range v[notPrefix+key] {
			f.Not = plus(f.Not, key, value)
		}
	}
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
	return f, f.validate(time.Now(), zone)
}

// validate returns what cannot be meant, whatever the visitor may read.
func (f filter) validate(now time.Time, zone *time.Location) error {
	f.within = audit.AllProjects()
	q := f.query(now, zone)
	return q.Validate()
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

// plus returns terms with one more value of a field, or several outcomes with commas between
// them. What is unknown is kept for the query's validation to name.
func plus(terms audit.Terms, key, value string) audit.Terms {
	t := terms.Clone()
	if t == nil {
		t = make(audit.Terms, 1)
	}
	values := []string{strings.TrimSpace(value)}
	switch key {
	case keyOutcome:
		values = outcomes(value)
	case keyChannel:
		values[0] = audit.Fold(values[0])
	}
	for _, v := range values {
		if v != "" && !slices.Contains(t[key], v) {
			t[key] = append(t[key], v)
		}
	}
	if key == keyOutcome {
		order := func(s string) int { return slices.Index(audit.Outcomes(), audit.Outcome(s)) }
		slices.SortStableFunc(t[key], func(a, b string) int { return order(a) - order(b) })
	}
	return settled(t, key)
}

// less returns terms without one value of a field.
func less(terms audit.Terms, key, value string) audit.Terms {
	t := terms.Clone()
	t[key] = slices.DeleteFunc(t[key], func(v string) bool { return v == value })
	return settled(t, key)
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

// query returns what the filter selects as of now.
func (f filter) query(now time.Time, zone *time.Location) audit.Query {
	q := audit.Query{Project: f.Project, Within: f.within, Is: f.Is, Not: f.Not, Text: f.Text, From: f.From, To: f.To, Oldest: f.Oldest}
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

// Narrowed reports whether anything but the project and the order is chosen.
func (f filter) Narrowed() bool {
	f.At, f.Oldest = time.Time{}, false
	return f.encode() != filter{Project: f.Project}.encode()
}

// with returns f with one parameter set to one value, as a link that narrows a view does, or
// without it where the value is empty.
func (f filter) with(key, value string) filter {
	f.At = time.Time{}
	switch key {
	case keyText:
		f.Text = value
	case keyRange:
		f.Range, f.From, f.To = value, time.Time{}, time.Time{}
	default:
		f.Is = plus(without(f.Is, key), key, value)
		if value != "" && slices.Contains(f.Not[key], value) {
			f.Not = less(f.Not, key, value)
		}
	}
	return f
}

// without returns terms without a field.
func without(terms audit.Terms, key string) audit.Terms {
	t := terms.Clone()
	delete(t, key)
	return settled(t, key)
}

// also returns f with one more value of a field, or without it where it has that.
func (f filter) also(key, value string) filter {
	f.At = time.Time{}
	if slices.Contains(f.Is[key], value) {
		f.Is = less(f.Is, key, value)
		return f
	}
	f.Is = plus(f.Is, key, value)
	if slices.Contains(f.Not[key], value) {
		f.Not = less(f.Not, key, value)
	}
	return f
}

// but returns f without what has a value, or with it again where that is excluded.
func (f filter) but(key, value string) filter {
	f.At = time.Time{}
	if slices.Contains(f.Not[key], value) {
		f.Not = less(f.Not, key, value)
		return f
	}
	f.Not = plus(f.Not, key, value)
	if slices.Contains(f.Is[key], value) {
		f.Is = less(f.Is, key, value)
	}
	return f
}

// inOrder returns f with the oldest entries first, or the newest.
func (f filter) inOrder(oldest bool) filter {
	f.At, f.Oldest = time.Time{}, oldest
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
	at, order := "", ""
	if !f.At.IsZero() {
		at = strconv.FormatInt(f.At.Unix(), 10)
	}
	if f.Oldest {
		order = rpc.OrderOldest
	}
	params := [][2]string{
		{keyProject, f.Project},
		{keyRange, f.Range},
		{keyFrom, formatBound(f.From)},
		{keyTo, formatBound(f.To)},
	}
	for _, key := range fieldKeys() {
		params = appendTerm(params, key, key, f.Is[key])
		params = appendTerm(params, notPrefix+key, key, f.Not[key])
	}
	return append(params, [2]string{keyText, f.Text}, [2]string{keyOrder, order}, [2]string{keyAt, at})
}

func appendTerm(params [][2]string, param, key string, values []string) [][2]string {
	if key == keyOutcome {
		values = []string{strings.Join(values, ",")}
	}
	for _, v := range values {
		params = append(params, [2]string{param, v})
	}
	return params
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
	u := path + "?" + cmp.Or(f.encode(), keyProject+"=")
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			u += "&" + more[i] + "=" + escapeParam(more[i+1])
		}
	}
	return u
}
