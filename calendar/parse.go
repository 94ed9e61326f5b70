package calendar

import (
	"math"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
)

// localLayouts are the forms of ParseTime that name no zone: dates, and times of day
// after them.
var localLayouts = [...]string{
	"2006-01-02",
	"2006-01-02 15:04",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04",
	"2006-01-02T15:04:05.999999999",
}

// ParseTime reads a time as a person in loc writes it:
//
//   - RFC 3339: 2026-05-01T14:30:00Z, 2026-05-01T14:30:00.25+07:00
//   - a date, whose day it begins, or a date and a time of day: 2026-05-01,
//     2026-05-01 14:30, 2026-05-01 14:30:15
//   - a time of day alone, which is today's: 14:30, 14:30:15; or "yesterday 14:30"
//   - a span before now: 90m, 24h, 1h30m, 7d, 2w, 1y, 1d12h, with or without a minus before
//     it; days, weeks and years are those of the calendar, so that 7d is this time of day a
//     week ago
//   - now; today and yesterday, which are when these days began
//
// Anything else, and a time outside the years 1 to 9999, is an Invalid Fault
// without a path.
func ParseTime(s string, now time.Time, loc *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	t, ok := parseTime(s, now, loc)
	if !ok {
		return time.Time{}, audit.Errorf(audit.Invalid, "%.40q is not a time: write 2026-05-01T14:30:00Z, 2026-05-01, "+
			"2026-05-01 14:30, 14:30, a span before now such as 90m, 24h, 7d or 1y, now, today or yesterday", s)
	}
	if !audit.HoldsTime(t) {
		return time.Time{}, audit.Errorf(audit.Invalid, "%.40q lies outside the years 1 to 9999", s)
	}
	return t, nil
}

func parseTime(s string, now time.Time, loc *time.Location) (time.Time, bool) {
	switch strings.ToLower(s) {
	case "now":
		return now, true
	case "today":
		from, _ := Today(now, loc)
		return from, true
	case "yesterday":
		from, _ := Yesterday(now, loc)
		return from, true
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	for _, layout := range localLayouts {
		if wall, err := time.Parse(layout, s); err == nil {
			return at(wall, loc), true
		}
	}
	if t, ok := parseClock(s, now, loc); ok {
		return t, true
	}
	l, ok := parseLength(strings.TrimPrefix(s, "-"))
	return l.before(now, loc), ok
}

// parseClock reads a time of day: today's, or of a day that is named before it.
func parseClock(s string, now time.Time, loc *time.Location) (time.Time, bool) {
	day, _ := Today(now, loc)
	if name, rest, named := strings.Cut(s, " "); named {
		switch s = strings.TrimSpace(rest); strings.ToLower(name) {
		case "today":
		case "yesterday":
			day, _ = Yesterday(now, loc)
		default:
			return time.Time{}, false
		}
	}
	for _, layout := range []string{"15:04", "15:04:05.999999999"} {
		if clock, err := time.Parse(layout, s); err == nil {
			year, month, number := day.Date()
			return at(date(year, month, number).Add(clock.Sub(date(0, time.January, 1))), loc), true
		}
	}
	return time.Time{}, false
}

// ParseAhead is ParseTime for times to come: a span without a minus lies after now instead of before.
func ParseAhead(s string, now time.Time, loc *time.Location) (time.Time, error) {
	if l, ok := parseLength(s); ok {
		return AddYears(AddDays(now, l.days, loc), l.years, loc).Add(l.rest), nil
	}
	return ParseTime(s, now, loc)
}

// length is how long a span is, in units of the calendar and of the clock.
type length struct {
	years, days int
	rest        time.Duration
}

// before returns the time that lies so long before another.
func (l length) before(t time.Time, loc *time.Location) time.Time {
	return AddYears(AddDays(t.Add(-l.rest), -l.days, loc), -l.years, loc)
}

// maxDays keeps days within the years that the log holds.
const maxDays = 10000 * 366

// parseLength reads a span: whole years, weeks and days, and behind them what time.ParseDuration
// takes without a sign, as in 30d, 2w or 1d12h.
func parseLength(s string) (l length, ok bool) {
	rest := s
	for _, unit := range "ywd" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 || rune(rest[digits]) != unit {
			continue
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil || n > maxDays {
			return l, false
		}
		switch unit {
		case 'y':
			l.years = n
		case 'w':
			l.days = 7 * n
		case 'd':
			l.days += n
		}
		rest = rest[digits+1:]
	}
	if l.years > maxDays/366 || l.days > maxDays {
		return l, false
	}
	if rest == "" {
		return l, s != ""
	}
	if rest[0] < '0' || rest[0] > '9' {
		return l, false
	}
	var err error
	l.rest, err = time.ParseDuration(rest)
	return l, err == nil && l.rest >= 0
}

// ParseSpan reads a length of time: days of 24 hours, weeks of seven of them, years of 365, and what
// time.ParseDuration takes, without a sign: 30d, 2w, 1d12h. ok is false for anything else.
func ParseSpan(s string) (span time.Duration, ok bool) {
	l, ok := parseLength(s)
	const day = 24 * time.Hour
	days := time.Duration(l.days) + 365*time.Duration(l.years)
	if !ok || days > (math.MaxInt64-l.rest)/day {
		return 0, false
	}
	return days*day + l.rest, true
}
