package figures

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/console/clock"
	"auditlog/console/filter"
)

// TestBarsAreWhatTheySay asks of the bars of every range, in zones that change their
// clocks at odd times, that their links follow each other and that what is labelled as a
// day is one.
func TestBarsAreWhatTheySay(t *testing.T) {
	for _, name := range []string{"America/New_York", "America/Santiago", "Asia/Beirut", "Africa/Cairo", "America/Havana", "America/Asuncion"} {
		for _, now := range []string{"2025-04-06T12:00:00Z", "2025-09-07T12:00:00Z", "2025-11-02T12:00:00Z", "2026-03-20T09:46:40Z", "2024-03-24T12:00:00Z"} {
			v := clock.Clock{Zone: zone(t, name), Now: parseTime(t, now)}
			for name := range strings.SplitSeq(filter.RangeNames(), ", ") {
				checkBars(t, filter.Filter{Project: "acme", Range: name}, v)
			}
			checkBars(t, filter.Filter{Project: "acme", From: v.Now.AddDate(0, 0, -3), To: v.Now.Add(15 * time.Second)}, v)
			checkBars(t, filter.Filter{Project: "acme", From: v.Now.AddDate(-7, 0, 0)}, v)
			checkBars(t, filter.Filter{Project: "acme"}, v)
		}
	}
}

func checkBars(t *testing.T, f filter.Filter, v clock.Clock) {
	t.Helper()
	bounds := chartBounds(f, v.Now.AddDate(0, -3, 0), v.Now, v)
	if len(bounds) < 2 || len(bounds) > maxBars+1 {
		t.Fatalf("%+v in %v has %d bars", f, v.Zone, len(bounds)-1)
	}
	if q := f.Query(v.Now, v.Zone); !q.From.IsZero() && !q.From.Equal(bounds[0]) || !q.To.IsZero() && !q.To.Equal(bounds[len(bounds)-1]) {
		t.Errorf("%s in %v selects %v to %v, its chart is of %v to %v", f.Range, v.Zone, q.From, q.To, bounds[0], bounds[len(bounds)-1])
	}
	for i := range bounds[1:] {
		b := newBar(f, i, audit.Bucket{From: bounds[i], To: bounds[i+1]}, 0, v)
		link, err := url.Parse(b.URL)
		if err != nil {
			t.Fatal(err)
		}
		linked, err := filter.Parse(link.Query(), time.UTC)
		if err != nil || !linked.From.Equal(bounds[i]) || !linked.To.Equal(bounds[i+1]) {
			t.Fatalf("the bar of %v to %v leads to %s: %v", bounds[i], bounds[i+1], b.URL, err)
		}
		label, _, _ := strings.Cut(b.Label, "\n")
		from, to := calendar.Today(bounds[i], v.Zone)
		if isDay := from.Equal(bounds[i]) && to.Equal(bounds[i+1]); isDay == strings.Contains(label, "–") {
			t.Errorf("in %v, %v to %v is labelled %s", v.Zone, bounds[i], bounds[i+1], label)
		}
	}
}

func parseTime(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestLabelsOfBars(t *testing.T) {
	berlin := clock.Clock{Zone: zone(t, "Europe/Berlin"), Now: parseTime(t, "2026-11-01T12:00:00Z")}
	for _, tt := range []struct{ from, to, want string }{
		{"2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "Sun, Oct 25"},
		{"2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", "Mon, Oct 19 – Sun, Oct 25"},
		{"2025-10-18T22:00:00Z", "2025-10-19T22:00:00Z", "Sun, 19 Oct 2025"},
		{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "Oct 25 02:00 CEST – Oct 25 02:00 CET"},
		{"2026-10-26T08:15:00Z", "2026-10-26T23:00:00Z", "Oct 26 09:15 – Oct 27 00:00"},
		{"2026-10-26T08:15:00Z", "2026-10-26T08:15:05Z", "Oct 26 09:15:00 – Oct 26 09:15:05"},
	} {
		if got := spanLabel(parseTime(t, tt.from), parseTime(t, tt.to), berlin); got != tt.want {
			t.Errorf("%s to %s is labelled %q, want %q", tt.from, tt.to, got, tt.want)
		}
	}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
