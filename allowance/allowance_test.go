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

// TestTakeEach: what cannot be had of each is taken of none.
func TestTakeEach(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	b := New(3, time.Minute)
	for b.Take("c", now) {
	}
	for range 10 {
		if b.TakeEach([]string{"a", "b", "c", "d"}, now) {
			t.Fatal("it was taken although nothing is left for one")
		}
	}
	for range 3 {
		if !b.TakeEach([]string{"a", "b", "d"}, now) {
			t.Fatal("the others have lost theirs")
		}
	}
	if b.TakeEach([]string{"a"}, now) || !b.TakeEach(nil, now) {
		t.Error("one has more than its own, or none has too much")
	}
	now = now.Add(time.Minute)
	if b.TakeEach([]string{"a", "b", "a"}, now) || !b.TakeEach([]string{"a", "b"}, now) {
		t.Error("whoever is named twice has one too many, or loses it")
	}
}
