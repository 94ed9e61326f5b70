package filter

import (
	"strings"
	"time"

	"auditlog/calendar"
)

// timeRange is a range of time that is named by its distance from now.
type timeRange struct {
	Name, Title string
	// step is that of the chart's bars, and what the bounds are widened to.
	step calendar.Step
	// since returns from when on the range holds what happened until now. It is nil
	// for a day, whose bounds day returns.
	since func(now time.Time, zone *time.Location) time.Time
	day   func(now time.Time, zone *time.Location) (from, to time.Time)
}

// ranges returns the ranges that are offered, shortest first. Days and years are those
// of the calendar of the visitor's zone.
func ranges() []timeRange {
	minute, quarter := calendar.Step{N: 1, Unit: calendar.Minute}, calendar.Step{N: 15, Unit: calendar.Minute}
	hours := func(n int) calendar.Step { return calendar.Step{N: n, Unit: calendar.Hour} }
	days := func(n int) func(time.Time, *time.Location) time.Time {
		return func(now time.Time, zone *time.Location) time.Time { return calendar.AddDays(now, -n, zone) }
	}
	hour := func(now time.Time, _ *time.Location) time.Time { return now.Add(-time.Hour) }
	year := func(now time.Time, zone *time.Location) time.Time { return calendar.AddYears(now, -1, zone) }
	return []timeRange{
		{Name: "1h", Title: "Last hour", step: minute, since: hour},
		{Name: "today", Title: "Today", step: quarter, day: calendar.Today},
		{Name: "yesterday", Title: "Yesterday", step: quarter, day: calendar.Yesterday},
		{Name: "7d", Title: "Last 7 days", step: hours(2), since: days(7)},
		{Name: "30d", Title: "Last 30 days", step: hours(12), since: days(30)},
		{Name: "90d", Title: "Last 90 days", step: calendar.Days(1), since: days(90)},
		{Name: "1y", Title: "Last year", step: calendar.Step{N: 1, Unit: calendar.Week}, since: year},
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

// RangeNames lists the names of the ranges.
func RangeNames() string {
	var names []string
	for _, r := range ranges() {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// bounds returns where the range begins and ends as of now: whole steps, so that
// nothing of it is left out.
func (r timeRange) bounds(now time.Time, zone *time.Location) (from, to time.Time) {
	if r.day != nil {
		return r.day(now, zone)
	}
	return calendar.Widen(r.since(now, zone), now, r.step, zone)
}
