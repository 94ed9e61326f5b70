package calendar

import "time"

// A wall is a time of UTC that stands for what the clocks of a zone show.

// wallOf returns what the clocks in loc show at t.
func wallOf(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// farthest is more than any zone was ever away from UTC.
const farthest = 26 * time.Hour

// at returns the first moment at which the clocks in loc show wall or later,
// having shown less before.
func at(wall time.Time, loc *time.Location) time.Time {
	for t := wall.Add(-farthest); ; {
		start, end := t.In(loc).ZoneBounds()
		_, offset := t.In(loc).Zone()
		found := wall.Add(-time.Duration(offset) * time.Second)
		if found.Before(start) { // the clocks were put forward over it
			found = start
		}
		if end.IsZero() || found.Before(end) {
			return found.In(loc)
		}
		if !end.After(t) { // ZoneBounds says so on the last day of leap years to come
			end = t.Add(farthest)
		}
		t = end
	}
}

// AddDays returns the moment of the same wall clock time some days of the calendar
// after t, or before it.
func AddDays(t time.Time, days int, loc *time.Location) time.Time {
	return addDate(t, 0, 0, days, loc)
}

// AddYears is AddDays for years. From the 29th of February it leads to the 1st of
// March where there is no 29th.
func AddYears(t time.Time, years int, loc *time.Location) time.Time {
	return addDate(t, years, 0, 0, loc)
}

func addDate(t time.Time, years, months, days int, loc *time.Location) time.Time {
	if years == 0 && months == 0 && days == 0 {
		return t
	}
	return at(wallOf(t, loc).AddDate(years, months, days), loc)
}

// Today returns when the day of t began in loc, and when the next one begins.
func Today(t time.Time, loc *time.Location) (from, to time.Time) {
	from = Days(1).Floor(t, loc)
	return from, Days(1).Next(from, loc)
}

// Yesterday returns when the day before that of t began in loc, and when it ended.
func Yesterday(t time.Time, loc *time.Location) (from, to time.Time) {
	to = Days(1).Floor(t, loc)
	return Days(1).Floor(to.Add(-1), loc), to
}

// StartsDay reports whether a day of loc begins at t.
func StartsDay(t time.Time, loc *time.Location) bool {
	return Days(1).Floor(t, loc).Equal(t)
}
