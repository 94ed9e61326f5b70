package cli

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How Go collects garbage, unless GOGC and GOMEMLIMIT say otherwise: recording makes
// much of it while little stays, so it is collected seldom, until the process nears
// memoryLimit. Bulk loads take a sixth less processor time than with Go's defaults.
const (
	gcPercent   = 400
	memoryLimit = 256 << 20
)

func tuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// A server is idle when it has allocated less than idleAllocs in each of idleTicks
// times idleTick: that is more than health checks and metrics need, and no work does
// without.
const (
	idleTick   = 2 * time.Second
	idleTicks  = 2
	idleAllocs = 1 << 20
)

// idleWatch tells from what is allocated when a server becomes idle.
type idleWatch struct {
	allocated uint64
	quiet     int // ticks since the last work
}

// tick takes the bytes allocated so far. It returns true once after each time of work.
func (w *idleWatch) tick(allocated uint64) bool {
	if allocated-w.allocated >= idleAllocs {
		w.quiet = 0
	} else {
		w.quiet++
	}
	w.allocated = allocated
	return w.quiet == idleTicks
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
		if !watch.tick(allocated()) {
			continue
		}
		if err := s.store.Release(); err != nil {
			s.log.Warn().Err(err).Msg("memory was not given back")
		}
		debug.FreeOSMemory()
	}
}

// allocated returns how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
