package retention

import "time"

// clock is a reading of the machine's clock, and when it was read by the one that only rises.
type clock struct{ read, at time.Time }

// clockSlack is by how much a clock may be off that is set by small steps.
const clockSlack = 5 * time.Second

// watchClock tells of a clock that was set. Nothing here goes by it, but much that is recorded does.
func (w *Worker) watchClock() {
	now := clock{w.opts.Now().Round(0), time.Now()} // without a monotonic reading
	before := w.clock
	w.clock = now
	if before.at.IsZero() {
		return
	}
	jump := now.read.Sub(before.read) - now.at.Sub(before.at)
	if jump.Abs() < clockSlack {
		return
	}
	w.clockSets.Add(1)
	w.opts.Log.Warn().Dur("by", jump).Time("now", now.read).
		Msg("the clock was set, or the machine slept: grace periods go on as if nothing had been")
}
