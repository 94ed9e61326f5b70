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
//   - a time of day alone, which is today's: 14:30, 14:30:15
//   - a span before now: 90m, 24h, 1h30m, 7d, 2w; days and weeks are those of the
//     calendar, so that 7d is this time of day a week ago
//   - now; today and yesterday, which are when these days began
//
// Anything else, and a time outside the years 1 to 9999, is an Invalid Fault
// without a path.
func ParseTime(s string, now time.Time, loc *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	t, ok := parseTime(s, now, loc)
	if !ok {
		return time.Time{}, audit.Errorf(audit.Invalid, "%.40q is not a time: write 2026-05-01T14:30:00Z, 2026-05-01, "+
			"2026-05-01 14:30, 14:30, a span before now such as 90m, 24h, 7d or 2w, now, today or yesterday", s)
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
	for _, layout := range []string{"15:04", "15:04:05.999999999"} {
		if clock, err := time.Parse(layout, s); err == nil {
			today, _ := Today(now, loc)
			year, month, day := today.Date()
			return at(date(year, month, day).Add(clock.Sub(date(0, time.January, 1))), loc), true
		}
	}
	if days, ok := parseDays(s); ok {
		return AddDays(now, -days, loc), true
	}
	ago, ok := ParseSpan(s)
	return now.Add(-ago), ok
}

// ParseAhead is ParseTime for times to come: a span lies after now instead of before.
func ParseAhead(s string, now time.Time, loc *time.Location) (time.Time, error) {
	days, isDays := parseDays(s)
	span, isSpan := ParseSpan(s)
	switch {
	case isDays && isSpan:
		return AddDays(now, days, loc), nil
	case isSpan:
		return now.Add(span), nil
	}
	return ParseTime(s, now, loc)
}

// maxDays keeps days within the years that the log holds.
const maxDays = 10000 * 366

// parseDays reads a whole number of days or weeks, as in 30d or 2w.
func parseDays(s string) (days int, ok bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	unit := 1
	switch s[len(s)-1] {
	case 'd':
	case 'w':
		unit = 7
	default:
		return 0, false
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n > maxDays/unit {
		return 0, false
	}
	return n * unit, true
}

// ParseSpan reads a length of time: whole days of 24 hours or weeks of seven of them
// (30d, 2w), or what time.ParseDuration takes, without a sign. ok is false for anything
// else.
func ParseSpan(s string) (span time.Duration, ok bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	if days, ok := parseDays(s); ok {
		return time.Duration(days) * 24 * time.Hour, time.Duration(days) <= math.MaxInt64/(24*time.Hour)
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0
}
