package clock

import (
	"net/http"
	"strings"
	"time"

	"auditlog/calendar"
	"auditlog/console/amounts"
)

// The cookies that keep what a visitor's browser says, and what they prefer. Scripts may write them.
const (
	ZoneCookie = "auditlog_zone"
	Cookie     = "auditlog_clock"
)

// Day is a day's length where none is of the calendar: of a session, or of how long ago
// something was, roughly.
const Day = 24 * time.Hour

// Clock is the time of a visit, and where.
type Clock struct {
	Now  time.Time
	Zone *time.Location
	// Local is what the browser said even where times are shown in UTC.
	Local *time.Location
	// Zoned is set when Zone is what the browser said, or the visitor wants, not UTC for want of
	// it; Universal when it is UTC because the visitor wants that.
	Zoned, Universal bool
}

// Of returns the clock of a visitor at a time.
func Of(r *http.Request, now time.Time) Clock {
	c := Clock{Now: now.UTC()}
	c.Local, c.Zoned = zoneOf(r)
	c.Zone = c.Local
	if showsUTC(r) {
		c.Zone, c.Zoned, c.Universal = time.UTC, true, true
	}
	return c
}

// UTC is what Cookie has where times are to be shown in UTC.
const UTC = "utc"

// showsUTC reports whether the visitor has chosen to see times in UTC.
func showsUTC(r *http.Request) bool {
	cookie, err := r.Cookie(Cookie)
	return err == nil && cookie.Value == UTC
}

// zoneOf returns the zone that the visitor's browser named, or UTC.
func zoneOf(r *http.Request) (zone *time.Location, told bool) {
	cookie, err := r.Cookie(ZoneCookie)
	if err != nil || cookie.Value == "" {
		return time.UTC, false
	}
	zone, err = calendar.Zone(cookie.Value)
	if err != nil {
		return time.UTC, false
	}
	return zone, true
}

// ShortZone names the zone of a time briefly: by its letters, or by how far it is
// from UTC where it has none.
func ShortZone(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}

// Moment is a time as the pages show it.
type Moment struct {
	time.Time
	zone  *time.Location
	local *time.Location // the visitor's, be times shown in UTC
	now   time.Time
}

// Moment returns a time as this clock shows it.
func (c Clock) Moment(t time.Time) Moment { return Moment{t, c.Zone, c.Local, c.Now} }

// Machine is the time for the datetime attribute.
func (m Moment) Machine() string { return m.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Short is the time in the visitor's zone, with the year where it is not this one.
func (m Moment) Short() string {
	t := m.In(m.zone)
	if t.Year() == m.now.In(m.zone).Year() {
		return t.Format("Jan _2 15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}

// Date is the day of the time in the visitor's zone.
func (m Moment) Date() string { return m.In(m.zone).Format("2 Jan 2006") }

// Long is the time in full in the visitor's own zone.
func (m Moment) Long() string { return m.In(m.local).Format("Mon, 2 Jan 2006, 15:04:05 MST") }

// Exact is the time in UTC with every digit that the log keeps.
func (m Moment) Exact() string { return m.UTC().Format("2006-01-02 15:04:05.000000") + " UTC" }

// Ago says how long ago the time was, roughly.
func (m Moment) Ago() string {
	if span := amounts.Span(m.now.Sub(m.Time)); span != "" {
		return span + " ago"
	}
	return "just now"
}
