package calendar

import (
	"time"

	"auditlog/audit"
)

// steps are what a range may be cut into where nobody asked for one, shortest first.
var steps = [...]Step{
	{1, Second}, {5, Second}, {15, Second}, {30, Second},
	{1, Minute}, {2, Minute}, {5, Minute}, {15, Minute}, {30, Minute},
	{1, Hour}, {2, Hour}, {6, Hour}, {12, Hour},
	{1, Day}, {1, Week}, {1, Month}, {3, Month},
	{1, Year}, {5, Year}, {10, Year}, {50, Year}, {100, Year}, {500, Year}, {1000, Year}, {10000, Year},
}

// Choose returns the shortest step by which cut makes at most most parts of a range.
// There is always one, as long as the range lies within the years 1 to 9999 and most is
// 1 or more: the longest step has them all.
func Choose(from, to time.Time, loc *time.Location, most int) Step {
	span := to.Sub(from).Seconds()
	if years := to.Year() - from.Year(); years > 250 { // a Duration ends at 292 years
		span = float64(years) * 365 * 86400
	}
	for _, s := range steps {
		if span/s.length() > float64(most) {
			continue
		}
		if _, ok := cut(from, to, s, loc, most); ok {
			return s
		}
	}
	return steps[len(steps)-1]
}

// cut returns the bounds of the parts that steps in loc cut a range into: from, each
// beginning of a step between, to. So the first and the last part are shorter where the
// range does not begin and end with a step. ok is false where that are more than most parts.
func cut(from, to time.Time, s Step, loc *time.Location, most int) (bounds []time.Time, ok bool) {
	bounds = append(bounds, from)
	for t := s.Next(from, loc); t.Before(to); t = s.Next(t, loc) {
		if len(bounds) >= most {
			return nil, false
		}
		bounds = append(bounds, t)
	}
	return append(bounds, to), true
}

// Widen returns the least range of whole steps that holds both moments, as far as the
// years 1 to 9999 go.
func Widen(first, last time.Time, s Step, loc *time.Location) (from, to time.Time) {
	from, to = s.Floor(first, loc), s.Next(last, loc)
	if !audit.HoldsTime(from) {
		from = first
	}
	if !audit.HoldsTime(to) {
		to = last.Add(time.Microsecond)
	}
	return from, to
}

// Open is a range of time whose ends may be open, which are zero. It ends there where
// something that lies in it does: from First to Last, both inclusive.
type Open struct {
	From, To    time.Time
	First, Last time.Time
}

// closed returns the range with its ends. It is empty only where From and To are the same.
func (o Open) closed() (from, to time.Time) {
	const least = time.Microsecond
	from, to = o.From, o.To
	if from.IsZero() {
		from = o.First
	}
	if to.IsZero() {
		to = o.Last.Add(least)
	}
	switch {
	case from.Before(to):
	case o.To.IsZero() && audit.HoldsTime(from.Add(least)):
		to = from.Add(least)
	case o.From.IsZero() && audit.HoldsTime(to.Add(-least)):
		from = to.Add(-least)
	}
	return from.UTC(), to.UTC()
}

// Bars cuts a range as cut does, by a step or, where s is zero, by the one that Choose
// takes. Open ends are widened to whole steps. An empty range has no bounds.
func Bars(o Open, s Step, loc *time.Location, most int) (step Step, bounds []time.Time, ok bool) {
	from, to := o.closed()
	if s == (Step{}) {
		s = Choose(from, to, loc, most)
	}
	if !from.Before(to) {
		return s, nil, true
	}
	wideFrom, wideTo := Widen(from, to.Add(-time.Microsecond), s, loc)
	if o.From.IsZero() {
		from = wideFrom
	}
	if o.To.IsZero() {
		to = wideTo
	}
	bounds, ok = cut(from, to, s, loc, most)
	return s, bounds, ok
}
