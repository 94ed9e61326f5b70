package statuspage

import (
	"fmt"
	"strconv"
	"time"

	"auditlog/console/amounts"
	"auditlog/rpc"
)

// Chart is bars of what came in, in units of an SVG that is stretched to the page's width.
type Chart struct {
	// Title says of which time it is, and Since from when on that is known, where it is not all.
	Title, Since string
	Bars         []Bar
	// Width is that of all bars together.
	Width int
	// Total is what came in altogether, Top the greatest count of a bar.
	Total, Top int64
	// Marks are times along the chart.
	Marks []string
	// Summary tells in words what the chart shows.
	Summary string
}

// Bar is one part of time.
type Bar struct {
	X     int
	Y, H  string
	Label string
}

// The size of the drawing. A bar that is not empty is seen, however small.
const (
	barStep     = 10
	height      = 100
	leastHeight = 2
	marked      = 4
)

// ByMinute draws what came in within the last hour, the minute under way as one more.
func ByMinute(parts []rpc.Arrived, zone *time.Location) Chart {
	a := axis{61, "15:04", zone, func(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Minute) }}
	return newChart("The last hour, by minute", parts, a)
}

// ByDay draws what came in within the last days.
func ByDay(parts []rpc.Arrived, zone *time.Location) Chart {
	a := axis{30, "Jan 2", zone, func(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) }}
	return newChart("The last 30 days", parts, a)
}

// axis is the time that a chart is of: so many parts, named in a layout of package time, in a zone.
type axis struct {
	count  int
	layout string
	zone   *time.Location
	// move returns the time that lies so many parts behind another.
	move func(t time.Time, parts int) time.Time
}

func (a axis) name(t time.Time) string { return t.In(a.zone).Format(a.layout) }

// newChart draws what came in. Of the parts of its time, those before the first that is known stay
// empty.
func newChart(title string, parts []rpc.Arrived, a axis) Chart {
	parts = parts[max(0, len(parts)-a.count):]
	c := Chart{Title: title, Width: a.count * barStep}
	if len(parts) == 0 {
		return c
	}
	var busiest rpc.Arrived
	for _, p := range parts {
		c.Total += p.Entries
		if p.Entries > c.Top {
			c.Top, busiest = p.Entries, p
		}
	}
	unknown := a.count - len(parts)
	for i, p := range parts {
		bar := Bar{X: (unknown + i) * barStep, Label: a.name(p.From) + "\n" + amounts.Entries(p.Entries)}
		if p.Entries > 0 {
			h := max(leastHeight, float64(p.Entries)/float64(c.Top)*height)
			bar.Y, bar.H = units(height-h), units(h)
		}
		c.Bars = append(c.Bars, bar)
	}
	if unknown > 0 {
		c.Since = a.name(parts[0].From)
	}
	for i := range marked {
		c.Marks = append(c.Marks, a.name(a.move(parts[0].From.In(a.zone), (a.count-1)*i/(marked-1)-unknown)))
	}
	c.Summary = fmt.Sprintf("%s since %s", amounts.Entries(c.Total), a.name(parts[0].From))
	if c.Top > 0 {
		c.Summary += fmt.Sprintf("; most of them, %s, from %s on", amounts.Count(c.Top), a.name(busiest.From))
	}
	return c
}

func units(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// Share is a part of the disk, as a piece of a bar 1000 wide.
type Share struct {
	Class string // log, other or room
	X, W  int
}

// Disk is who has the disk: the log with what lies beside it, others, nobody. It is nil where that
// is not known.
func Disk(d rpc.DiskStatus) []Share {
	if d.Size <= 0 {
		return nil
	}
	const wide, least = 1000, 4
	own := max(least, int(float64(d.Log+d.Derived)/float64(d.Size)*wide))
	free := int(float64(d.Room) / float64(d.Size) * wide)
	other := max(0, wide-own-free)
	return []Share{{"log", 0, min(own, wide)}, {"other", own, other}, {"room", own + other, max(0, wide-own-other)}}
}
