package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"auditlog/calendar"
)

// The cookies that keep what a visitor prefers. Scripts may write them.
const (
	themeCookie = "auditlog_theme"
	zoneCookie  = "auditlog_zone"
	clockCookie = "auditlog_clock"
)

// day is a day's length where none is of the calendar: of a session, or of how long ago
// something was, roughly.
const day = 24 * time.Hour

// clockUTC is what clockCookie has where times are to be shown in UTC.
const clockUTC = "utc"

// showsUTC reports whether the visitor has chosen to see times in UTC.
func showsUTC(r *http.Request) bool {
	cookie, err := r.Cookie(clockCookie)
	return err == nil && cookie.Value == clockUTC
}

// zoneOf returns the zone that the visitor's browser named, or UTC.
func zoneOf(r *http.Request) (zone *time.Location, told bool) {
	cookie, err := r.Cookie(zoneCookie)
	if err != nil || cookie.Value == "" {
		return time.UTC, false
	}
	zone, err = calendar.Zone(cookie.Value)
	if err != nil {
		return time.UTC, false
	}
	return zone, true
}

// shortZone names the zone of a time briefly: by its letters, or by how far it is
// from UTC where it has none.
func shortZone(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}

// setTheme keeps the theme that the visitor chose and goes back to the page.
func (c *console) setTheme(v *visit) error { return c.prefer(v, themeCookie, "theme", "light", "dark") }

// setClock keeps whether the visitor wants times in UTC and goes back to the page.
func (c *console) setClock(v *visit) error { return c.prefer(v, clockCookie, "clock", clockUTC) }

// prefer keeps what the visitor chose of some values, by the field of a form, and goes back to
// the page. Any other value is that nothing is chosen.
func (c *console) prefer(v *visit, name, field string, values ...string) error {
	cookie := &http.Cookie{
		Name: name, Value: v.r.PostFormValue(field), Path: c.cookiePath(),
		MaxAge: int((365 * day).Seconds()), SameSite: http.SameSiteStrictMode, Secure: isTLS(v.r),
	}
	if !slices.Contains(values, cookie.Value) {
		cookie.Value, cookie.MaxAge = "", -1
	}
	http.SetCookie(v.w, cookie)
	c.lead(v, localPath(v.r.PostFormValue("back")))
	return nil
}

// isTLS reports whether the visitor's browser speaks TLS, to this process or to
// a proxy before it.
func isTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// localPath returns s if it is an address on this host, else the start page.
func localPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") {
		return "/"
	}
	return s
}

// moment is a time as the pages show it.
type moment struct {
	time.Time
	zone  *time.Location
	local *time.Location // the visitor's, be times shown in UTC
	now   time.Time
}

func (v *visit) moment(t time.Time) moment { return moment{t, v.zone, v.local, v.now} }

// Machine is the time for the datetime attribute.
func (m moment) Machine() string { return m.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Short is the time in the visitor's zone, with the year where it is not this one.
func (m moment) Short() string {
	t := m.In(m.zone)
	if t.Year() == m.now.In(m.zone).Year() {
		return t.Format("Jan _2 15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}

// Date is the day of the time in the visitor's zone.
func (m moment) Date() string { return m.In(m.zone).Format("2 Jan 2006") }

// Long is the time in full in the visitor's own zone.
func (m moment) Long() string { return m.In(m.local).Format("Mon, 2 Jan 2006, 15:04:05 MST") }

// Exact is the time in UTC with every digit that the log keeps.
func (m moment) Exact() string { return m.UTC().Format("2006-01-02 15:04:05.000000") + " UTC" }

// Ago says how long ago the time was, roughly.
func (m moment) Ago() string {
	d := m.now.Sub(m.Time)
	units := []struct {
		length time.Duration
		name   string
	}{{365 * day, "year"}, {30 * day, "month"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}}
	for _, u := range units {
		if n := int64(d / u.length); n > 0 {
			return plural(n, u.name) + " ago"
		}
	}
	return "just now"
}

func plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return formatCount(n) + " " + unit + "s"
}
