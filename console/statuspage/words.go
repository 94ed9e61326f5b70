package statuspage

import (
	"fmt"
	"math"
	"strings"
	"time"

	"auditlog/console/amounts"
	"auditlog/rpc"
)

// Troubles says in words what somebody should look at, the worst first.
func Troubles(s *rpc.StatusResult) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if s.Error != "" {
		add("The log can no longer be written: %s", s.Error)
	}
	if c := s.Check; c != nil {
		if c.Paused != "" {
			add("The log takes nothing: %s", c.Paused)
		}
		for _, d := range c.Damaged {
			add("Damaged: %s", d)
		}
		if last := c.Last; last != nil && last.Problems > 0 {
			add("The last reading found %s: %s", amounts.Of(int64(last.Problems), "fault"), strings.Join(last.Faults[:min(1, len(last.Faults))], ""))
		} else if last != nil && last.Error != "" {
			add("The last reading could not be ended: %s", last.Error)
		}
	}
	if full := s.Disk.FullAt; !full.IsZero() && full.Sub(s.Now) < soon {
		add("The disk is full %s if the log grows on as it does", In(full.Sub(s.Now)))
	}
	if s.Index != nil && s.Index.Error != "" {
		add("The search index does not follow the log: %s. Answers are right, and slower", s.Index.Error)
	}
	if b := s.Backups; b != nil && b.Error != "" {
		add("The last backup failed: %s", b.Error)
	} else if b != nil && !b.Next.IsZero() && s.Now.Sub(b.Next) > time.Hour {
		add("A backup is overdue for %s", amounts.Span(s.Now.Sub(b.Next)))
	}
	if s.Sinks != nil {
		if n := troubled(s.Sinks); n > 0 {
			add("%s not ship", map[bool]string{true: "A sink does", false: amounts.Count(int64(n)) + " sinks do"}[n == 1])
		}
	}
	return list
}

// soon is how long before a disk is full somebody is told.
const soon = 30 * 24 * time.Hour

// troubled counts the sinks that do not ship and should.
func troubled(s *rpc.SinksStatus) int {
	return s.States["failing"] + s.States["stopped"] + s.States["broken"]
}

// States says how many sinks are in which state.
func States(s *rpc.SinksStatus) string {
	var parts []string
	for _, state := range []string{"active", "failing", "stopped", "broken", "paused"} {
		if n := s.States[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(parts, ", ")
}

// Growth says by how much the log grows.
func Growth(d rpc.DiskStatus) string {
	switch {
	case d.Since.IsZero():
		return "known after an hour"
	case d.PerDay < 0:
		return amounts.Bytes(-d.PerDay) + " less a day"
	case d.PerDay < 1024:
		return "none"
	}
	return amounts.Bytes(d.PerDay) + " a day"
}

// Forecast says when the disk is full, or nothing where that is not known.
func Forecast(d rpc.DiskStatus, now time.Time) string {
	switch {
	case d.Since.IsZero() || d.Size == 0:
		return ""
	case d.FullAt.IsZero():
		return "not within 20 years"
	}
	return In(d.FullAt.Sub(now))
}

// Reached says how far a reading has come.
func Reached(progress float64) string { return fmt.Sprintf("%.0f %%", math.Floor(100*progress)) }

// In says roughly how far ahead something lies.
func In(d time.Duration) string {
	if s := amounts.Span(d); s != "" {
		return "in " + s
	}
	return "in less than a minute"
}
