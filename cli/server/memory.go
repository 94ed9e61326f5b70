package server

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"auditlog/admit"
)

// How Go collects garbage, unless GOGC says otherwise: recording makes much of it
// while little stays, so it is collected seldom, when the heap has grown by maxGrowth
// percent, but not beyond heapGoal or half of what the process may have. What is
// large by itself grows by minGrowth, as is Go's default. Bulk loads take a sixth less
// processor time than with that default alone.
const (
	maxGrowth = 400
	minGrowth = 100
	heapGoal  = 256 << 20
)

// tuneGC sees to that from now on, and that memory is collected in time to stay within
// the budget.
func tuneGC(b admit.Budget) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(b.Soft)
	}
	if os.Getenv("GOGC") == "" {
		tune(uint64(min(heapGoal, b.Limit/2)))
	}
}

// tune sets the growth now and, as what nobody holds is cleaned up with every
// collection, after each one.
func tune(goal uint64) {
	debug.SetGCPercent(gcGrowth(readMetric("/gc/heap/live:bytes"), goal))
	runtime.AddCleanup(new([64]byte), tune, goal)
}

// gcGrowth returns by how many percent a heap may grow that has live bytes in use.
func gcGrowth(live, goal uint64) int {
	if live >= goal {
		return minGrowth
	}
	return int(max(minGrowth, min(maxGrowth, (goal-live)*100/max(live, 1))))
}

// readMetric returns a number that package runtime counts.
func readMetric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// A server is idle when it has allocated less than idleAllocs in each of idleTicks
// times idleTick: no work does with so little. It gives memory back when it has
// allocated releaseAfter since the last time, so that health checks do not make it.
const (
	idleTick     = 2 * time.Second
	idleTicks    = 2
	idleAllocs   = 1 << 20
	releaseAfter = 8 << 20
)

// idleWatch tells from what is allocated when memory is worth giving back.
type idleWatch struct {
	allocated, released uint64 // by the last tick, and when memory was last given back
	quiet               int    // ticks since the last work
}

// tick takes the bytes allocated so far, and tells whether to give memory back.
func (w *idleWatch) tick(allocated uint64) bool {
	if allocated-w.allocated >= idleAllocs {
		w.quiet = 0
	} else {
		w.quiet++
	}
	w.allocated = allocated
	if w.quiet < idleTicks || allocated-w.released < releaseAfter {
		return false
	}
	w.released = allocated
	return true
}

// keepMemory gives memory back whenever the server becomes idle.
func (s *server) keepMemory(ctx context.Context) error {
	ticker := time.NewTicker(idleTick)
	defer ticker.Stop()
	var watch idleWatch
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if !watch.tick(readMetric("/gc/heap/allocs:bytes")) {
			continue
		}
		if err := s.store.Release(); err != nil {
			s.log.Warn().Err(err).Msg("memory was not given back")
		}
		debug.FreeOSMemory()
	}
}
