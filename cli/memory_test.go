package cli

import "testing"

func TestIdleWatch(t *testing.T) {
	var w idleWatch
	allocated := uint64(0)
	for i, step := range []struct {
		allocated uint64
		idle      bool
	}{
		{50 << 20, false}, // the start
		{idleAllocs - 1, false},
		{0, true},
		{1000, false}, // it was told
		{idleAllocs, false},
		{0, false},
		{idleAllocs, false}, // work again before it was idle
		{0, false},
		{0, true},
	} {
		allocated += step.allocated
		if got := w.tick(allocated); got != step.idle {
			t.Errorf("tick %d: idle %t, want %t", i, got, step.idle)
		}
	}
}
