package dialect

import (
	"time"

	"auditlog/audit"
	"auditlog/calendar"
)

// when is a time as a caller writes it, which calendar.ParseTime reads: in RFC 3339, as a date,
// or relative to now, such as 24h or yesterday.
type when string

// in returns the time that w is, where its words are of a zone; zero for none. It returns an
// Invalid Fault with the path.
func (w when) in(zone *time.Location, now time.Time, path string) (time.Time, error) {
	if w == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, string(w)); err == nil {
		return whenSet(t), nil
	}
	t, err := calendar.ParseTime(string(w), now, zone)
	return t, audit.AtPath(err, path)
}

// whenSet returns t unless it is a time that is not set, as Go's zero time is. Clients
// that move it to a zone of their own send another one of the year 1.
func whenSet(t time.Time) time.Time {
	if t.Year() == 1 {
		return time.Time{}
	}
	return t
}
