package growth

import "time"

// Forecast is how the log grows and when its disk is full.
type Forecast struct {
	// Since is from when on the growth was measured, zero where that is not long enough.
	Since time.Time
	// PerDay is by how many bytes a day it grew since then.
	PerDay int64
	// FullAt is when the disk is full if it goes on so, zero where it never is, or not within
	// years, or where its room is not known.
	FullAt time.Time
}

const (
	// leastSpan is how long the growth is measured at least, and span how long at most.
	leastSpan = time.Hour
	span      = 7 * 24 * time.Hour
	// horizon is how far ahead a forecast looks: beyond, it says nothing.
	horizon = 20 * 365 * 24 * time.Hour
)

// Forecast returns how the log grows, given what lies on the disk now.
func (w *Worker) Forecast(d Disk) (f Forecast) {
	now := w.opts.Now().UTC()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.coarse.list) == 0 {
		return f
	}
	first, known := w.coarse.at(now.Add(-span))
	if !known {
		first = w.coarse.list[0]
	}
	past := now.Sub(first.At)
	if past < leastSpan {
		return f
	}
	f.Since = first.At
	perSecond := float64(d.Used()-first.Used) / past.Seconds()
	f.PerDay = int64(perSecond * (24 * time.Hour).Seconds())
	if perSecond <= 0 || d.Size == 0 {
		return f
	}
	// What the log has free for itself is used before the disk is.
	if seconds := float64(d.Room+d.Free) / perSecond; seconds < horizon.Seconds() {
		f.FullAt = now.Add(time.Duration(seconds * float64(time.Second)))
	}
	return f
}
