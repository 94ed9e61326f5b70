package console

import (
	"strings"
	"time"
)

// timeRange is a range of time that is named by its distance from now.
type timeRange struct {
	Name, Title string
	// step is the width of the chart's bars, and what the bounds are rounded to.
	step time.Duration
	// days of the calendar back to where the range begins, or a length.
	days   int
	length time.Duration
	// calendar ranges begin and end at midnight.
	calendar bool
}

const day = 24 * time.Hour

// ranges returns the ranges that are offered, shortest first.
func ranges() []timeRange {
	return []timeRange{
		{Name: "1h", Title: "Last hour", length: time.Hour, step: time.Minute},
		{Name: "today", Title: "Today", calendar: true, step: 15 * time.Minute},
		{Name: "yesterday", Title: "Yesterday", calendar: true, days: 1, step: 15 * time.Minute},
		{Name: "7d", Title: "Last 7 days", length: 7 * day, step: 2 * time.Hour},
		{Name: "30d", Title: "Last 30 days", length: 30 * day, step: 12 * time.Hour},
		{Name: "90d", Title: "Last 90 days", length: 90 * day, step: day},
		{Name: "1y", Title: "Last year", length: 365 * day, step: 5 * day},
	}
}

func findRange(name string) (timeRange, bool) {
	for _, r := range ranges() {
		if r.Name == name {
			return r, true
		}
	}
	return timeRange{}, false
}

func rangeNames() string {
	var names []string
	for _, r := range ranges() {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// bounds returns where the range begins and ends as of now, both in whole steps,
// and how many steps that is. A length is rounded up, so that nothing of it is
// left out.
func (r timeRange) bounds(now time.Time, zone *time.Location) (from, to time.Time, steps int) {
	if r.calendar {
		y, m, d := now.In(zone).Date()
		from = time.Date(y, m, d-r.days, 0, 0, 0, 0, zone)
		to = time.Date(y, m, d-r.days+1, 0, 0, 0, 0, zone)
		return from, to, int(to.Sub(from) / r.step)
	}
	from, to = floorTime(now.Add(-r.length), r.step, zone), ceilTime(now, r.step, zone)
	return from, to, int(to.Sub(from) / r.step)
}

// floorTime returns the last whole step at or before t by the clocks of zone:
// steps of a day begin at midnight there.
func floorTime(t time.Time, step time.Duration, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	shift := time.Duration(offset) * time.Second
	return t.Add(shift).Truncate(step).Add(-shift)
}

// ceilTime returns the first whole step after t.
func ceilTime(t time.Time, step time.Duration, zone *time.Location) time.Time {
	return floorTime(t, step, zone).Add(step)
}

// chartSteps are the widths of bars for a range that has none of its own.
func chartSteps() []time.Duration {
	return []time.Duration{
		time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 364 * day,
	}
}

// maxBars is how many bars the chart has at most, about.
const maxBars = 100

// chartStep returns the width of bars that cuts what lies between two times into
// not too many. It counts in microseconds: a Duration ends at 292 years.
func chartStep(from, to time.Time) time.Duration {
	span := to.UnixMicro() - from.UnixMicro()
	steps := chartSteps()
	for _, s := range steps {
		if span/s.Microseconds() < maxBars {
			return s
		}
	}
	longest := steps[len(steps)-1]
	return longest * time.Duration(span/(maxBars*longest.Microseconds())+1)
}

// countSteps returns how many steps it takes from one time to another.
func countSteps(from, to time.Time, step time.Duration) int {
	span := to.UnixMicro() - from.UnixMicro()
	return int(max(1, (span+step.Microseconds()-1)/step.Microseconds()))
}
