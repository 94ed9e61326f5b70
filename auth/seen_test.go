package auth

import (
	"net/netip"
	"testing"
	"time"
)

func TestAdminsSeen(t *testing.T) {
	var s adminsSeen
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	s.note(a, now)
	if !s.seen(a, now.Add(23*time.Hour)) || s.seen(a, now.Add(24*time.Hour)) || s.seen(b, now) {
		t.Error("who was seen is forgotten, or who was not is remembered")
	}
	s.note(a, now.Add(2*time.Hour))
	if !s.seen(a, now.Add(25*time.Hour)) {
		t.Error("who came again is forgotten")
	}
	at := netip.MustParseAddr("10.0.0.0")
	for range 3 * maxSeenAdmin {
		at = at.Next()
		now = now.Add(time.Second)
		s.note(at, now)
	}
	if len(s.at) > maxSeenAdmin || !s.seen(at, now) {
		t.Errorf("%d are remembered, the latest among them: %t", len(s.at), s.seen(at, now))
	}
}
