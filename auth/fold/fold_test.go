package fold

import (
	"fmt"
	"testing"
	"time"
)

// What becomes of floods as entries is tested where they are made; here, that no event is
// lost or told of twice, in whatever order things happen.
func TestEveryEventIsToldOfOnce(t *testing.T) {
	tally := New[int](3)
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	told, reports := int64(0), 0
	for i := range 5000 {
		tally.Add(now, Kind{Caller: fmt.Sprint("c", i%2), What: "list", Where: fmt.Sprint(i % 7)}, i, 1, 2)
		now = now.Add(time.Duration(i%11) * time.Second)
		for n, rep := range tally.Take(now) {
			if rep.Last.Before(rep.First) || rep.Count < 1 || rep.Amount != 2*rep.Count || rep.Kind.Others() != (rep.Kind.Where == "") {
				t.Fatalf("report %+v", rep)
			}
			if (i+n)%5 == 0 { // could not be told
				tally.GiveBack(rep, now)
				continue
			}
			told += rep.Count
			reports++
		}
		if n := tally.Len(); n > 2*(3+1) {
			t.Fatalf("%d kinds are remembered", n)
		}
	}
	for _, rep := range tally.TakeAll(now) {
		told += rep.Count
	}
	if told != 5000 || reports > 200 {
		t.Errorf("%d reports tell of %d events, want 5000", reports, told)
	}
	if got := tally.TakeAll(now); len(got) != 0 {
		t.Errorf("told of twice: %+v", got)
	}
}

func TestWait(t *testing.T) {
	tally := New[int](3)
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	if d := tally.Wait(now); d != time.Hour {
		t.Errorf("of nothing there is something to tell in %v", d)
	}
	kind := Kind{Caller: "c", What: "list"}
	tally.Add(now, kind, 1, 1, 0)
	select {
	case <-tally.Due():
	default:
		t.Error("the first is not told of at once")
	}
	if d := tally.Wait(now); d != 0 || len(tally.Take(now)) != 1 {
		t.Errorf("the first is told of in %v", d)
	}
	tally.Add(now, kind, 2, 1, 0)
	if d := tally.Wait(now); d != time.Minute {
		t.Errorf("the second is told of in %v", d)
	}
	now = now.Add(time.Minute)
	if reps := tally.Take(now); len(reps) != 1 || reps[0].Latest != 2 || reps[0].Count != 1 {
		t.Errorf("after a minute: %+v", reps)
	}
	for range 3 {
		now = now.Add(tally.Wait(now))
		tally.Take(now)
	}
	if tally.Len() != 0 {
		t.Error("a kind that is silent is remembered")
	}
}
