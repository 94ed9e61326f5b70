package main

import (
	"fmt"
	"math"
	"time"
)

// unit is what a figure is in, and which way is better.
type unit string

const (
	unitRate    unit = "entries/s"
	unitTime    unit = "ms"
	unitSeconds unit = "s"
	unitBytes   unit = "B/entry"
	unitMemory  unit = "MiB"
	unitCPU     unit = "µs/entry"
	unitCall    unit = "µs/call"
	unitPercent unit = "%"
	unitNumber  unit = ""
)

// moreIsBetter tells of a unit which of two figures is the better one.
func (u unit) moreIsBetter() bool { return u == unitRate }

// compared tells whether figures of a unit are compared with those of others.
func (u unit) compared() bool { return u != unitNumber }

// format writes a figure with three digits that count.
func (u unit) format(v float64) string {
	digits := 0
	if v != 0 {
		digits = max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	}
	s := fmt.Sprintf("%.*f", min(digits, 3), v)
	if v < 1000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// The works, in the order of the report.
const (
	workDurable  = "Durability"
	workBulk     = "Bulk"
	workSingle   = "Single entries"
	workListings = "Listings"
	workCounts   = "Counts"
	workSearch   = "Words"
	workDisk     = "Disk"
	workStart    = "Start-up"
	workCold     = "Cold listings"
	workIdle     = "Idle"
	workPurge    = "Purge under load"
	workProofs   = "Proofs"
)

// row is one line of a table.
type row struct {
	work string
	name string
	unit unit
}
