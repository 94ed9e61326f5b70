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

// Choose returns the shortest step by which Cut makes at most most parts of a range.
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
		if _, ok := Cut(from, to, s, loc, most); ok {
			return s
		}
	}
	return steps[len(steps)-1]
}

// Cut returns the bounds of the parts that steps in loc cut a range into: from, each
// beginning of a step between, to. So the first and the last part are shorter where the
// range does not begin and end with a step. ok is false where that are more than most parts.
func Cut(from, to time.Time, s Step, loc *time.Location, most int) (bounds []time.Time, ok bool) {
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
