package clock

import (
	"testing"
	"time"
)

var testNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestMoment(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 3, 23, 5, 6, 7000, time.UTC)
	m := Moment{at, tokyo, tokyo, testNow}
	for got, want := range map[string]string{
		m.Short():   "May  4 08:05:06",
		m.Long():    "Mon, 4 May 2026, 08:05:06 JST",
		m.Exact():   "2026-05-03 23:05:06.000007 UTC",
		m.Machine(): "2026-05-03T23:05:06.000007Z",
		m.Date():    "4 May 2026",
		m.Ago():     "12 hours ago",
		Moment{at.AddDate(-1, 0, 0), time.UTC, time.UTC, testNow}.Short():   "2025-05-03 23:05:06",
		Moment{testNow.Add(time.Minute), time.UTC, time.UTC, testNow}.Ago(): "just now",
		Moment{testNow.Add(-Day), time.UTC, time.UTC, testNow}.Ago():        "1 day ago",
		Moment{testNow.Add(-800 * Day), time.UTC, time.UTC, testNow}.Ago():  "2 years ago",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
