package audit

import (
	"testing"
	"time"
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
		"106752d":                        {}, // more than a time.Duration holds
		"99999999999999999999d":          {},
		"tomorrow":                       {},
		"2026-02-30":                     {},
		"2026-05-01 25:00":               {},
		"01/05/2026":                     {},
	}
	for s, want := range tests {
		got, err := ParseTime(s, now, bangkok)
		if want.IsZero() {
			if KindOf(err) != Invalid {
				t.Errorf("%q is read as %v, %v", s, got, err)
			}
		} else if err != nil || !got.Equal(want) {
			t.Errorf("%q is read as %v, %v; want %v", s, got, err, want)
		}
	}
}

func TestParseTimeSaysWhatToWrite(t *testing.T) {
	_, err := ParseTime("5/1", testNow, time.UTC)
	checkFault(t, err, `"5/1" is not a time: write 2026-05-01T14:30:00Z, 2026-05-01, 2026-05-01 14:30, `+
		`a span before now such as 90m, 24h, 7d or 2w, now, today or yesterday`)
	_, err = ParseTime("106751d", minTime.AddDate(1, 0, 0), time.UTC)
	checkFault(t, err, `"106751d" lies outside the years 1 to 9999`)
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-05-01T14:30:00Z", "2026-05-01 14:30", "7d", "1h30m", "yesterday", "106751d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTime(s, testNow, time.UTC)
		if err == nil && (got.Before(minTime) || got.After(maxTime)) {
			t.Errorf("%q is read as %v", s, got)
		}
	})
}
