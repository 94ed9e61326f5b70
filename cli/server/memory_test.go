package server

import "testing"

func TestIdleWatch(t *testing.T) {
	var w idleWatch
	allocated := uint64(0)
	for i, step := range []struct {
		allocated uint64
		release   bool
	}{
		{50 << 20, false}, // the start
		{idleAllocs - 1, false},
		{0, true},
		{1000, false}, // it was told
		{releaseAfter, false},
		{0, false},
		{idleAllocs, false}, // work again before it was idle
		{0, false},
		{0, true},
		{idleAllocs, false}, // a little work
		{0, false},
		{0, false},
		{releaseAfter - idleAllocs, false},
		{0, false},
		{0, true},
	} {
		allocated += step.allocated
		if got := w.tick(allocated); got != step.release {
			t.Errorf("tick %d: release %t, want %t", i, got, step.release)
		}
	}
	// Calls that are never many, but never end, have memory given back all the same.
	releases := 0
	for range 100 {
		allocated += idleAllocs / 2
		if w.tick(allocated) {
			releases++
		}
	}
	if want := 100 * idleAllocs / 2 / releaseAfter; releases < want-1 || releases > want+1 {
		t.Errorf("%d releases, want about %d", releases, want)
	}
}

func TestGrowth(t *testing.T) {
	const goal = 256 << 20
	for live, want := range map[uint64]int{
		0: 400, 1 << 20: 400, goal / 5: 400, goal / 4: 300, goal / 3: 200, goal / 2: 100, goal: 100, 4 * goal: 100,
	} {
		if got := gcGrowth(live, goal); got != want {
			t.Errorf("%d bytes of %d: %d %%, want %d", live, goal, got, want)
		}
	}
}
