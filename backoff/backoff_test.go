package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPausesDoubleUpToTheMost(t *testing.T) {
	for _, tt := range []struct {
		p           Policy
		first, most time.Duration
	}{
		{Policy{}, 100 * time.Millisecond, 30 * time.Second},
		{Policy{First: time.Second, Most: 5 * time.Minute}, time.Second, 5 * time.Minute},
		{Policy{First: time.Hour, Most: time.Minute}, time.Minute, time.Minute},
		{Policy{First: 1, Most: 1}, 1, 1},
	} {
		span := tt.first
		for n := 1; n < 100; n++ {
			for range 20 {
				if got := tt.p.Pause(n); got < span/2 || got > span {
					t.Fatalf("%+v: pause %d is %v, want between %v and %v", tt.p, n, got, span/2, span)
				}
			}
			span = min(2*span, tt.most)
		}
	}
}

func TestPausesAreRandom(t *testing.T) {
	seen := make(map[time.Duration]bool)
	for range 100 {
		seen[Policy{First: time.Hour, Most: time.Hour}.Pause(1)] = true
	}
	if len(seen) < 90 {
		t.Errorf("of 100 pauses %d differ", len(seen))
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                               0,
		"7":                              7 * time.Second,
		"0":                              0,
		"-7":                             0,
		"7.5":                            0,
		"100000":                         MaxRetryAfter,
		"99999999999999999999":           0,
		"Mon, 04 May 2026 08:00:05 GMT":  5 * time.Second,
		"Monday, 04-May-26 08:00:05 GMT": 5 * time.Second,
		"Mon May  4 08:00:05 2026":       5 * time.Second,
		"Mon, 04 May 2026 07:00:00 GMT":  0,
		"Mon, 04 May 2026 09:00:00 GMT":  MaxRetryAfter,
		"Mon, 04 May 2026 08:00:05 CEST": 0,
		"soon":                           0,
	} {
		if got := RetryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("slept %v, %v", time.Since(began), err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := Sleep(short, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 0 {
			t.Errorf("slept %v towards a deadline, %v", time.Since(began), err)
		}
		ended, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := Sleep(ended, time.Minute); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("slept %v, %v", time.Since(began), err)
		}
	})
}
