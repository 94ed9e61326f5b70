package calendar

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
)

var testNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// oddZones change their clocks at midnight, just after it, by half an hour, by a day, or
// have no round distance from UTC.
var oddZones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Africa/Cairo", "America/Havana",
	"America/Asuncion", "America/Sao_Paulo", "Asia/Tehran", "Asia/Amman", "America/St_Johns", "Australia/Lord_Howe",
	"Pacific/Apia", "Pacific/Kwajalein", "America/Juneau", "Asia/Kathmandu", "Africa/Casablanca", "Antarctica/Troll",
	"Europe/Dublin", "+05:30", "-12:00",
}

func TestDays(t *testing.T) {
	for _, tt := range []struct{ zone, noon, from, to string }{
		{"UTC", "2026-05-04T12:00:00Z", "2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z"},
		{"Europe/Berlin", "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"},
		{"America/New_York", "2026-11-01T12:00:00-05:00", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"},
		// There is no midnight: the day begins at one o'clock.
		{"America/Santiago", "2025-09-07T12:00:00-03:00", "2025-09-07T01:00:00-03:00", "2025-09-08T00:00:00-03:00"},
		{"America/Santiago", "2025-09-06T12:00:00-04:00", "2025-09-06T00:00:00-04:00", "2025-09-07T01:00:00-03:00"},
		{"Asia/Beirut", "2025-03-30T12:00:00+03:00", "2025-03-30T01:00:00+03:00", "2025-03-31T00:00:00+03:00"},
		{"Africa/Cairo", "2025-04-25T12:00:00+03:00", "2025-04-25T01:00:00+03:00", "2025-04-26T00:00:00+03:00"},
		{"America/Havana", "2025-03-09T12:00:00-04:00", "2025-03-09T01:00:00-04:00", "2025-03-10T00:00:00-04:00"},
		{"America/Asuncion", "2023-10-01T12:00:00-03:00", "2023-10-01T01:00:00-03:00", "2023-10-02T00:00:00-03:00"},
		// The clocks go back over midnight: the last hour of the day comes twice.
		{"America/Santiago", "2025-04-05T12:00:00-03:00", "2025-04-05T00:00:00-03:00", "2025-04-06T00:00:00-04:00"},
		{"America/Asuncion", "2024-03-23T12:00:00-03:00", "2024-03-23T00:00:00-03:00", "2024-03-24T00:00:00-04:00"},
		{"Asia/Beirut", "2025-10-25T12:00:00+03:00", "2025-10-25T00:00:00+03:00", "2025-10-26T00:00:00+02:00"},
		// Midnight itself comes twice: the day begins at the first.
		{"America/Havana", "2025-11-02T12:00:00-05:00", "2025-11-02T00:00:00-04:00", "2025-11-03T00:00:00-05:00"},
		{"America/Havana", "2025-11-01T12:00:00-04:00", "2025-11-01T00:00:00-04:00", "2025-11-02T00:00:00-04:00"},
		{"America/St_Johns", "2010-11-07T12:00:00-03:30", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30"},
		// Samoa had no 30 December 2011.
		{"Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"},
	} {
		loc := location(t, tt.zone)
		if from, to := Today(moment(t, tt.noon), loc); !from.Equal(moment(t, tt.from)) || !to.Equal(moment(t, tt.to)) {
			t.Errorf("the day of %s in %s is %v to %v", tt.noon, tt.zone, from, to)
		}
		if from, to := Yesterday(moment(t, tt.to), loc); !from.Equal(moment(t, tt.from)) || !to.Equal(moment(t, tt.to)) {
			t.Errorf("the day before %s in %s is %v to %v", tt.to, tt.zone, from, to)
		}
	}
}

// TestStepsPartTime asks of every step in every odd zone that its parts follow each other
// without a gap or an overlap, and begin where the clocks show a round time.
func TestStepsPartTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, zone := range oddZones {
		loc := location(t, zone)
		for _, s := range steps[:len(steps)-4] {
			for range 300 {
				at := time.Unix(r.Int64N(2<<30), 0)
				if start, end := at.In(loc).ZoneBounds(); r.IntN(2) == 0 && !start.IsZero() && !end.IsZero() {
					at = end.Add(time.Duration(r.Int64N(int64(6*time.Hour))) - 3*time.Hour) // where clocks change
				}
				checkStep(t, s, at, loc)
			}
		}
	}
}

func checkStep(t *testing.T, s Step, at time.Time, loc *time.Location) {
	t.Helper()
	from, to := s.Floor(at, loc), s.Next(at, loc)
	switch {
	case from.After(at) || !to.After(at):
		t.Fatalf("%v in %v: %v lies in %v to %v", s, loc, at, from, to)
	case !s.Floor(from, loc).Equal(from) || !s.Floor(to, loc).Equal(to):
		t.Fatalf("%v in %v: %v and %v begin no step", s, loc, from, to)
	case !s.Next(from, loc).Equal(to) || !s.Floor(to.Add(-1), loc).Equal(from):
		t.Fatalf("%v in %v: %v to %v is not one step", s, loc, from, to)
	}
	wall := wallOf(from, loc)
	start, _ := from.In(loc).ZoneBounds()
	if !s.floorWall(wall).Equal(wall) && !from.Equal(start) {
		t.Fatalf("%v in %v: %v is not round", s, loc, wall)
	}
}

func TestHoursThatComeTwice(t *testing.T) {
	berlin := location(t, "Europe/Berlin")
	from, to := Today(moment(t, "2025-10-26T12:00:00+01:00"), berlin)
	hours, ok := cut(from, to, Step{1, Hour}, berlin, 100)
	if !ok || len(hours) != 26 {
		t.Fatalf("the day has %d hours", len(hours)-1)
	}
	for i := range hours[1:] {
		if hours[i+1].Sub(hours[i]) != time.Hour {
			t.Errorf("the hour from %v on is %v long", hours[i], hours[i+1].Sub(hours[i]))
		}
	}
	if halves, _ := cut(from, to, Step{12, Hour}, berlin, 100); len(halves) != 3 || halves[1].Sub(halves[0]) != 13*time.Hour {
		t.Errorf("the halves of the day begin at %v", halves)
	}
}

func TestWeeksAndMonths(t *testing.T) {
	santiago := location(t, "America/Santiago")
	at := moment(t, "2025-09-10T12:00:00-03:00")
	for s, want := range map[Step]string{
		{1, Week}: "2025-09-08T00:00:00-03:00", {1, Month}: "2025-09-01T00:00:00-04:00",
		{3, Month}: "2025-07-01T00:00:00-04:00", {1, Year}: "2025-01-01T00:00:00-03:00", {10, Year}: "2020-01-01T00:00:00-03:00",
	} {
		if got := s.Floor(at, santiago); !got.Equal(moment(t, want)) {
			t.Errorf("the %v begins at %v, want %s", s, got, want)
		}
	}
	if got := AddYears(moment(t, "2024-02-29T10:00:00Z"), -1, time.UTC); !got.Equal(moment(t, "2023-03-01T10:00:00Z")) {
		t.Errorf("a year before the 29th of February is %v", got)
	}
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		most     int
		want     string
	}{
		{"2026-05-04T00:00:00Z", "2026-05-04T00:00:01Z", 60, "second"},
		{"2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z", 60, "30 minutes"},
		{"2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z", 24, "hour"},
		{"2026-02-01T00:00:00Z", "2026-05-01T00:00:00Z", 100, "day"},
		{"2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 60, "week"},
		{"2020-01-01T00:00:00Z", "2025-01-01T00:00:00Z", 60, "month"},
		{"0001-01-02T00:00:00Z", "9999-12-31T23:59:59Z", 60, "500 years"},
		{"0001-01-02T00:00:00Z", "9999-12-31T23:59:59Z", 1, "10000 years"},
		{"2026-05-04T23:59:59Z", "2026-05-05T00:00:01Z", 1, "week"},
	} {
		from, to := moment(t, tt.from), moment(t, tt.to)
		s := Choose(from, to, time.UTC, tt.most)
		bounds, ok := cut(from, to, s, time.UTC, tt.most)
		if !ok || s.String() != tt.want || len(bounds)-1 > tt.most {
			t.Errorf("%s to %s in %d is cut by %v into %d, %v", tt.from, tt.to, tt.most, s, len(bounds)-1, ok)
		}
		if !slices.IsSortedFunc(bounds, time.Time.Compare) || !bounds[0].Equal(from) || !bounds[len(bounds)-1].Equal(to) {
			t.Errorf("the parts are %v", bounds)
		}
	}
	if _, ok := cut(testNow, testNow.AddDate(1, 0, 0), Step{1, Hour}, time.UTC, 1000); ok {
		t.Error("a year has at most 1000 hours")
	}
}

func TestWiden(t *testing.T) {
	first, last := moment(t, "2026-05-04T08:15:30Z"), moment(t, "2026-05-06T00:00:00Z")
	from, to := Widen(first, last, Days(1), time.UTC)
	if !from.Equal(moment(t, "2026-05-04T00:00:00Z")) || !to.Equal(moment(t, "2026-05-07T00:00:00Z")) {
		t.Errorf("got %v to %v", from, to)
	}
	first, last = moment(t, "0001-01-02T00:00:00Z"), moment(t, "9999-12-31T23:59:59Z")
	if from, to := Widen(first, last, Step{1000, Year}, time.UTC); !from.Equal(first) || !to.Equal(last.Add(time.Microsecond)) {
		t.Errorf("got %v to %v", from, to)
	}
}

func TestZone(t *testing.T) {
	for _, name := range oddZones {
		if loc := location(t, name); loc.String() != name {
			t.Errorf("%s is %v", name, loc)
		}
	}
	if loc, err := Zone(""); err != nil || loc != time.UTC {
		t.Errorf("no zone is %v, %v", loc, err)
	}
	for _, name := range []string{"Local", "Mars/Base", "../etc/passwd", "/etc/passwd", "+25:00", "+5", "\x00", "-"} {
		if loc, err := Zone(name); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%q is %v, %v", name, loc, err)
		}
	}
}

func TestLocalName(t *testing.T) {
	for tz, want := range map[string]string{
		"America/Santiago": "America/Santiago", ":Asia/Beirut": "Asia/Beirut", "/usr/share/zoneinfo/Europe/Berlin": "Europe/Berlin",
		"": "UTC",
	} {
		t.Setenv("TZ", tz)
		if got := LocalName(testNow); got != want {
			t.Errorf("TZ=%q is %q", tz, got)
		}
	}
	t.Setenv("TZ", "XYZ3")
	if _, err := Zone(LocalName(testNow)); err != nil {
		t.Errorf("a zone without a name: %v", err)
	}
}
