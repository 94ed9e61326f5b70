// Package amounts writes numbers, sizes and lengths of time as people read them on the page. It
// stands on the standard library alone, and the rooms of package console call it.
package amounts

import (
	"strconv"
	"time"
)

// Count writes a number with its thousands apart.
func Count(n int64) string {
	if n < 0 {
		return "-" + Count(-n)
	}
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Of writes how many of something there are, whose plural has an s.
func Of(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return Count(n) + " " + unit + "s"
}

// Entries writes how many entries there are.
func Entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return Count(n) + " entries"
}

// Bytes writes a size in the unit that suits it.
func Bytes(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	size, unit := float64(n), 0
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return strconv.FormatInt(n, 10) + " bytes"
	}
	return strconv.FormatFloat(size, 'f', 1, 64) + " " + units[unit]
}

const day = 24 * time.Hour

// Span writes roughly how long a time is, or nothing of less than a minute.
func Span(d time.Duration) string {
	for _, u := range []struct {
		length time.Duration
		name   string
	}{{365 * day, "year"}, {30 * day, "month"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int64(d / u.length); n > 0 {
			return Of(n, u.name)
		}
	}
	return ""
}

// Uptime writes how long something has been going on, in its two largest units.
func Uptime(d time.Duration) string {
	switch {
	case d < time.Minute:
		return Of(int64(d/time.Second), "second")
	case d < time.Hour:
		return Of(int64(d/time.Minute), "minute")
	case d < day:
		return Of(int64(d/time.Hour), "hour") + ", " + Of(int64(d%time.Hour/time.Minute), "minute")
	}
	return Of(int64(d/day), "day") + ", " + Of(int64(d%day/time.Hour), "hour")
}

// Took writes how long an answer took, in seconds.
func Took(s float64) string {
	switch {
	case s < 0.001:
		return strconv.FormatFloat(s*1e6, 'f', 0, 64) + " µs"
	case s < 1:
		return strconv.FormatFloat(s*1e3, 'f', 1, 64) + " ms"
	}
	return strconv.FormatFloat(s, 'f', 2, 64) + " s"
}
