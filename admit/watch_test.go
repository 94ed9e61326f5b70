package admit

import (
	"testing"

	"auditlog/audit"
)

func TestWatchersAreBounded(t *testing.T) {
	var w Watchers
	var leave []func()
	for range maxTokenWatchers {
		l, err := w.Enter("t1")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	if _, err := w.Enter("t1"); audit.KindOf(err) != audit.RateLimited {
		t.Errorf("one more: %v", err)
	}
	if l, err := w.Enter("t2"); err != nil {
		t.Errorf("another token: %v", err)
	} else {
		l()
	}
	for _, l := range leave {
		l()
	}
	if w.all != 0 || len(w.tokens) != 0 {
		t.Errorf("left are %d, %v", w.all, w.tokens)
	}
}
