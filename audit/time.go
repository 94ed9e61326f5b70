package audit

import (
	"strconv"
	"strings"
	"time"
)

// localLayouts are the forms of ParseTime that name no zone.
var localLayouts = [...]string{
	"2006-01-02",
	"2006-01-02 15:04",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04",
	"2006-01-02T15:04:05",
}

// ParseTime reads a time as a person writes it:
//
//   - RFC 3339: 2026-05-01T14:30:00Z, 2026-05-01T14:30:00.25+07:00
//   - a date, or a date and a time of day, in loc: 2026-05-01, 2026-05-01 14:30
//   - a span before now: 90m, 24h, 1h30m, 7d, 2w, a day being 24 hours
//   - now; today and yesterday, which are midnight in loc
//
// Anything else, and a time outside the years 1 to 9999, is an Invalid Fault
// without a path.
func ParseTime(s string, now time.Time, loc *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	t, ok := parseTime(s, now, loc)
	if !ok {
		return time.Time{}, Errorf(Invalid, "%q is not a time: write 2026-05-01T14:30:00Z, 2026-05-01, "+
			"2026-05-01 14:30, a span before now such as 90m, 24h, 7d or 2w, now, today or yesterday", s)
	}
	if t.Before(minTime) || t.After(maxTime) {
		return time.Time{}, Errorf(Invalid, "%q lies outside the years 1 to 9999", s)
	}
	return t, nil
}

func parseTime(s string, now time.Time, loc *time.Location) (time.Time, bool) {
	switch strings.ToLower(s) {
	case "now":
		return now, true
	case "today":
		return midnight(now, loc, 0), true
	case "yesterday":
		return midnight(now, loc, -1), true
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	for _, layout := range localLayouts {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t, true
		}
	}
	ago, ok := ParseSpan(s)
	return now.Add(-ago), ok
}

// midnight returns the start of the day in loc that is days after now's.
func midnight(now time.Time, loc *time.Location, days int) time.Time {
	y, m, d := now.In(loc).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, loc)
}

// ParseSpan reads whole days or weeks (30d, 2w), or what time.ParseDuration takes,
// without a sign. ok is false for anything else.
func ParseSpan(s string) (span time.Duration, ok bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	unit := time.Duration(0)
	switch s[len(s)-1] {
	case 'd':
		unit = 24 * time.Hour
	case 'w':
		unit = 7 * 24 * time.Hour
	default:
		d, err := time.ParseDuration(s)
		return d, err == nil && d >= 0
	}
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 64)
	if err != nil || n > int64(1<<63-1)/int64(unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
