package admin

import (
	"testing"
	"time"
)

func TestExpiryByTheCalendar(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 28, 10, 0, 0, 0, berlin)
	if got, err := parseExpiry("2d", now, berlin); err != nil || !got.Equal(time.Date(2026, 3, 30, 10, 0, 0, 0, berlin)) {
		t.Errorf("in two days is %v, %v", got, err)
	}
}
