package allowance

import (
	"fmt"
	"testing"
	"time"
)

func TestTake(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	b := New(3, time.Minute)
	took := func(caller string, times int) (n int) {
		for range times {
			if b.Take(caller, now) {
				n++
			}
		}
		return n
	}
	if n := took("a", 10); n != 3 {
		t.Errorf("%d at once", n)
	}
	if n := took("b", 1); n != 1 {
		t.Error("one caller's flood took what is another's")
	}
	now = now.Add(-time.Hour) // a clock that goes back gives nothing and takes nothing
	if n := took("a", 1); n != 0 {
		t.Errorf("%d after the clock went back", n)
	}
	now = now.Add(2 * time.Minute)
	if n := took("a", 10); n != 2 {
		t.Errorf("%d after two minutes", n)
	}
	for i := range 3 * maxCallers {
		took(fmt.Sprint(i), 1)
		now = now.Add(time.Second)
	}
	if len(b.callers) > maxCallers {
		t.Errorf("%d callers are remembered", len(b.callers))
	}
}
