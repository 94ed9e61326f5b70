package address

import (
	"net/netip"
	"testing"
	"time"
)

func TestSeen(t *testing.T) {
	var s Seen
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	s.Note(a, now)
	if !s.Lately(a, now.Add(23*time.Hour)) || s.Lately(a, now.Add(24*time.Hour)) || s.Lately(b, now) {
		t.Error("who was seen is forgotten, or who was not is remembered")
	}
	s.Note(a, now.Add(2*time.Hour))
	if !s.Lately(a, now.Add(25*time.Hour)) {
		t.Error("who came again is forgotten")
	}
	at := netip.MustParseAddr("10.0.0.0")
	for range 3 * maxSeen {
		at = at.Next()
		now = now.Add(time.Second)
		s.Note(at, now)
	}
	if len(s.at) > maxSeen || !s.Lately(at, now) {
		t.Errorf("%d are remembered, the latest among them: %t", len(s.at), s.Lately(at, now))
	}
}
