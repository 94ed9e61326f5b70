package calendar

import (
	"fmt"
	"time"
)

// Unit is a measure of the calendar.
type Unit int

// The units, shortest first.
const (
	Second Unit = iota
	Minute
	Hour
	Day
	Week // begins on Monday
	Month
	Year
)

var unitNames = [...]string{"second", "minute", "hour", "day", "week", "month", "year"}

func (u Unit) String() string { return unitNames[u] }

// Step is a round part of the calendar: N units, N being 1 or more. Steps of
// several units begin where a count of them from the calendar's beginning does, so
// that 15 minutes begin at a quarter of an hour, and three months at a quarter of a
// year. N hours divide a day, N minutes an hour, N seconds a minute.
type Step struct {
	N    int
	Unit Unit
}

// Days is the step of so many days.
func Days(n int) Step { return Step{n, Day} }

// String writes the step as "hour" or "15 minutes".
func (s Step) String() string {
	if s.N == 1 {
		return s.Unit.String()
	}
	return fmt.Sprintf("%d %ss", s.N, s.Unit)
}

// length returns about how long the step is, and at most how long an undisturbed
// one is.
func (s Step) length() float64 {
	units := [...]float64{1, 60, 3600, 86400, 7 * 86400, 31 * 86400, 366 * 86400}
	return float64(s.N) * units[s.Unit]
}

// isShort reports whether the step goes by the time that passes, so that an hour
// that comes twice is two steps. Longer steps go by the clocks alone.
func (s Step) isShort() bool { return s.Unit < Hour || s.Unit == Hour && s.N == 1 }

// Floor returns when the step began in loc that t lies in.
func (s Step) Floor(t time.Time, loc *time.Location) time.Time {
	if s.isShort() {
		return s.floorShort(t, loc)
	}
	wall := s.floorWall(wallOf(t, loc))
	for {
		next := s.addWall(wall)
		if at(next, loc).After(t) {
			return at(wall, loc)
		}
		wall = next // the clocks were put back over where a step begins
	}
}

// Next returns when the first step after t begins in loc.
func (s Step) Next(t time.Time, loc *time.Location) time.Time {
	if s.isShort() {
		return s.nextShort(t, loc)
	}
	wall := s.floorWall(wallOf(t, loc))
	for {
		wall = s.addWall(wall)
		if next := at(wall, loc); next.After(t) {
			return next
		}
	}
}

// floorShort is Floor for steps that also begin where the clocks are changed.
func (s Step) floorShort(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	floor := s.floorWall(wallOf(t, loc)).Add(-time.Duration(offset) * time.Second).In(loc)
	start, _ := t.In(loc).ZoneBounds()
	if _, before := floor.Zone(); before != offset && floor.Before(start) {
		return start
	}
	return floor
}

func (s Step) nextShort(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	next := s.addWall(s.floorWall(wallOf(t, loc))).Add(-time.Duration(offset) * time.Second).In(loc)
	_, end := t.In(loc).ZoneBounds()
	if _, after := next.Zone(); after != offset && !end.IsZero() && end.Before(next) {
		return end
	}
	return next
}

// floorWall returns the beginning of the step by the clocks alone.
func (s Step) floorWall(wall time.Time) time.Time {
	year, month, day := wall.Date()
	switch s.Unit {
	case Year:
		return date(year-mod(year, s.N), time.January, 1)
	case Month:
		months := year*12 + int(month) - 1
		return date(year, month-time.Month(mod(months, s.N)), 1)
	case Week:
		days := dayNumber(wall)
		return date(year, month, day-mod(days, 7*s.N))
	case Day:
		return date(year, month, day-mod(dayNumber(wall), s.N))
	}
	return wall.Truncate(s.clock()) // from the year 1's first midnight on
}

func (s Step) addWall(wall time.Time) time.Time {
	switch s.Unit {
	case Year:
		return wall.AddDate(s.N, 0, 0)
	case Month:
		return wall.AddDate(0, s.N, 0)
	case Week:
		return wall.AddDate(0, 0, 7*s.N)
	case Day:
		return wall.AddDate(0, 0, s.N)
	}
	return wall.Add(s.clock())
}

// clock returns the length of a step that is no longer than hours.
func (s Step) clock() time.Duration {
	units := [...]time.Duration{Second: time.Second, Minute: time.Minute, Hour: time.Hour}
	return time.Duration(s.N) * units[s.Unit]
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// dayNumber counts days from a Monday on.
func dayNumber(wall time.Time) int {
	const firstMonday = -3 // 29 December 1969, seen from the day of the Unix epoch
	sec := wall.Unix()
	days := int(sec / 86400)
	if sec%86400 < 0 {
		days--
	}
	return days - firstMonday
}

// mod is the remainder that is never negative.
func mod(a, b int) int { return ((a % b) + b) % b }
