package calendar

import (
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

func TestParseTime(t *testing.T) {
	bangkok := time.FixedZone("+07", 7*3600)
	now := time.Date(2026, 5, 4, 20, 30, 0, 0, time.UTC) // the 5th in Bangkok
	at := func(d, h, m, s int) time.Time { return time.Date(2026, 5, d, h, m, s, 0, bangkok) }
	tests := map[string]time.Time{
		"2026-05-01T14:30:00Z":           time.Date(2026, 5, 1, 14, 30, 0, 0, time.UTC),
		"2026-05-01T14:30:00.25+02:00":   time.Date(2026, 5, 1, 12, 30, 0, 250e6, time.UTC),
		"2026-05-01":                     at(1, 0, 0, 0),
		"2026-05-01 14:30":               at(1, 14, 30, 0),
		"2026-05-01 14:30:15":            at(1, 14, 30, 15),
		"2026-05-01T14:30":               at(1, 14, 30, 0),
		" 2026-05-01T14:30:15 ":          at(1, 14, 30, 15),
		"now":                            now,
		"Today":                          at(5, 0, 0, 0),
		"yesterday":                      at(4, 0, 0, 0),
		"90m":                            now.Add(-90 * time.Minute),
		"24h":                            now.Add(-24 * time.Hour),
		"1h30m":                          now.Add(-90 * time.Minute),
		"0d":                             now,
		"7d":                             now.AddDate(0, 0, -7),
		"2w":                             now.AddDate(0, 0, -14),
		"9999-12-31T23:59:59.999999999Z": {},
		"0001-01-01T00:00:00Z":           {},
		"0000-01-01":                     {},
		"":                               {},
		"d":                              {},
		"-24h":                           {},
		"+24h":                           {},
		"24":                             {},
		"1.5d":                           {},
		"2026-05-01 14:30:15.25":         at(1, 14, 30, 15).Add(250 * time.Millisecond),
		"18:30":                          at(5, 18, 30, 0),
		"18:30:45":                       at(5, 18, 30, 45),
		"25:00":                          {},
		"3660001d":                       {}, // more than there are years
		"99999999999999999999d":          {},
		"tomorrow":                       {},
		"2026-02-30":                     {},
		"2026-05-01 25:00":               {},
		"01/05/2026":                     {},
	}
	for s, want := range tests {
		got, err := ParseTime(s, now, bangkok)
		if want.IsZero() {
			if audit.KindOf(err) != audit.Invalid {
				t.Errorf("%q is read as %v, %v", s, got, err)
			}
		} else if err != nil || !got.Equal(want) {
			t.Errorf("%q is read as %v, %v; want %v", s, got, err, want)
		}
	}
}

func TestParseTimeSaysWhatToWrite(t *testing.T) {
	_, err := ParseTime("5/1", testNow, time.UTC)
	if want := `"5/1" is not a time: write 2026-05-01T14:30:00Z, 2026-05-01, 2026-05-01 14:30, 14:30, ` +
		`a span before now such as 90m, 24h, 7d or 2w, now, today or yesterday`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = ParseTime("800000d", testNow, time.UTC)
	if want := `"800000d" lies outside the years 1 to 9999`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDaysAgoKeepTheTimeOfDay(t *testing.T) {
	for _, tt := range []struct{ zone, now, text, want string }{
		{"Europe/Berlin", "2026-03-30T10:00:00+02:00", "1d", "2026-03-29T10:00:00+02:00"},
		{"Europe/Berlin", "2026-03-30T10:00:00+02:00", "2d", "2026-03-28T10:00:00+01:00"},
		{"Europe/Berlin", "2026-03-30T10:00:00+02:00", "48h", "2026-03-28T09:00:00+01:00"},
		{"America/New_York", "2026-11-04T10:00:00-05:00", "1w", "2026-10-28T10:00:00-04:00"},
		{"America/Santiago", "2025-09-07T15:00:00-03:00", "today", "2025-09-07T01:00:00-03:00"},
		{"America/Santiago", "2025-09-08T00:30:00-03:00", "yesterday", "2025-09-07T01:00:00-03:00"},
		{"America/Santiago", "2025-09-08T00:30:00-03:00", "2025-09-07", "2025-09-07T01:00:00-03:00"},
		{"America/Santiago", "2025-09-08T00:30:00-03:00", "2025-09-07 00:30", "2025-09-07T01:00:00-03:00"},
		{"America/Havana", "2025-11-02T12:00:00-05:00", "today", "2025-11-02T00:00:00-04:00"},
		{"Europe/Berlin", "2025-10-26T12:00:00+01:00", "02:30", "2025-10-26T02:30:00+02:00"},
	} {
		got, err := ParseTime(tt.text, moment(t, tt.now), location(t, tt.zone))
		if err != nil || !got.Equal(moment(t, tt.want)) {
			t.Errorf("%q at %s in %s is read as %v, %v; want %s", tt.text, tt.now, tt.zone, got, err, tt.want)
		}
	}
}

func TestParseAhead(t *testing.T) {
	now, berlin := moment(t, "2026-03-28T10:00:00+01:00"), location(t, "Europe/Berlin")
	for text, want := range map[string]string{
		"2d": "2026-03-30T10:00:00+02:00", "48h": "2026-03-30T11:00:00+02:00", "2027-01-01": "2027-01-01T00:00:00+01:00",
	} {
		if got, err := ParseAhead(text, now, berlin); err != nil || !got.Equal(moment(t, want)) {
			t.Errorf("%s is read as %v, %v; want %s", text, got, err, want)
		}
	}
	if _, err := ParseAhead("soon", now, berlin); audit.KindOf(err) != audit.Invalid {
		t.Errorf("soon is read: %v", err)
	}
}

func TestParseSpan(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "2w": 336 * time.Hour, "90s": 90 * time.Second, "0d": 0, "106751d": 106751 * 24 * time.Hour,
		"106752d": -1, "-1h": -1, "1.5d": -1, "": -1, "d": -1,
	} {
		if got, ok := ParseSpan(s); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q is %v, %v", s, got, ok)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-05-01T14:30:00Z", "2026-05-01 14:30", "18:30:45", "7d", "1h30m", "yesterday", "800000d"} {
		f.Add(s)
	}
	zones := []*time.Location{time.UTC, location(f, "America/Santiago"), location(f, "Pacific/Apia")}
	f.Fuzz(func(t *testing.T, s string) {
		for _, loc := range zones {
			if got, err := ParseTime(s, testNow, loc); err == nil && !audit.HoldsTime(got) {
				t.Errorf("%q is read as %v", s, got)
			}
		}
	})
}

// Of what is no time, an error repeats the beginning alone.
func TestLongTimes(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 8000), strings.Repeat("9", 8000) + "-01-01"} {
		if _, err := ParseTime(text, time.Now(), time.UTC); err == nil || len(err.Error()) > 400 {
			t.Errorf("%.20s… of %d bytes is %.500v", text, len(text), err)
		}
	}
}
