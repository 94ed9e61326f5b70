package figures

import (
	"fmt"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/console/amounts"
	"auditlog/console/clock"
	"auditlog/console/filter"
)

// Chart is the stacked bars of entries over time, in units of an SVG that is
// stretched to the page's width.
type Chart struct {
	Bars []Bar
	// Width is that of all bars together, each barWidth wide.
	Width int
	// Top is the greatest count of a bar.
	Top int64
	// Marks are times along the chart.
	Marks []string
	// Summary tells in words what the chart shows.
	Summary string
}

// Bar is one part of time.
type Bar struct {
	X     int
	Parts []BarPart
	Label string
	// URL shows the bar's entries alone; From and To are its bounds as a URL has them.
	URL, From, To string
}

// BarPart is the entries of one outcome in a bar.
type BarPart struct {
	Outcome audit.Outcome
	Y, H    string
}

// The size of the drawing: barGap of each bar's width stays empty.
const (
	barWidth    = 10
	barGap      = 2
	chartHeight = 100
	leastHeight = 2 // of a part that is not empty, so that one error among thousands is seen
)

// chartBounds returns the bounds of the chart's bars. What f leaves open ends with the
// entries of its projects, which are of the time from first to last, zero if there are none.
func chartBounds(f filter.Filter, first, last time.Time, at clock.Clock) []time.Time {
	open := calendar.Open{First: at.Now, Last: at.Now}
	var step calendar.Step
	open.From, open.To, step = f.Span(at.Now, at.Zone)
	if !first.IsZero() {
		open.First, open.Last = first, last
	}
	_, bounds, _ := calendar.Bars(open, step, at.Zone, maxBars)
	return bounds
}

// NewChart draws counts.
func NewChart(f filter.Filter, buckets []audit.Bucket, at clock.Clock) Chart {
	c := Chart{Width: len(buckets) * barWidth}
	if len(buckets) == 0 {
		return c
	}
	var total int64
	busiest := buckets[0]
	for _, b := range buckets {
		n := b.Success + b.Forbidden + b.Error
		total += n
		if n > c.Top {
			c.Top, busiest = n, b
		}
	}
	for i, b := range buckets {
		c.Bars = append(c.Bars, newBar(f, i, b, c.Top, at))
	}
	c.Marks = chartMarks(buckets, at)
	from, to := at.Moment(buckets[0].From), at.Moment(buckets[len(buckets)-1].To)
	c.Summary = fmt.Sprintf("%s from %s to %s", amounts.Entries(total), from.Short(), to.Short())
	if c.Top > 0 {
		c.Summary += fmt.Sprintf("; most of them, %s, from %s", amounts.Count(c.Top), at.Moment(busiest.From).Short())
	}
	return c
}

func newBar(f filter.Filter, i int, b audit.Bucket, top int64, at clock.Clock) Bar {
	out := Bar{
		X: i * barWidth, Label: barLabel(b, at),
		From: filter.FormatBound(b.From), To: filter.FormatBound(b.To),
		URL: f.Between(b.From, b.To).URL("/logs"),
	}
	if top == 0 {
		return out
	}
	y := float64(chartHeight)
	for _, part := range []struct {
		outcome audit.Outcome
		n       int64
	}{{audit.Success, b.Success}, {audit.Forbidden, b.Forbidden}, {audit.Error, b.Error}} {
		if part.n == 0 {
			continue
		}
		h := max(leastHeight, float64(part.n)/float64(top)*(chartHeight-2*leastHeight))
		y -= h
		out.Parts = append(out.Parts, BarPart{part.outcome, formatUnits(max(y, 0)), formatUnits(h)})
	}
	return out
}

func formatUnits(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// barLabel tells the time and the counts of a bar.
func barLabel(b audit.Bucket, at clock.Clock) string {
	return fmt.Sprintf("%s\n%s success, %s forbidden, %s error", spanLabel(b.From, b.To, at),
		amounts.Count(b.Success), amounts.Count(b.Forbidden), amounts.Count(b.Error))
}

// spanLabel names a part of time: by its days where it consists of whole ones, the last
// of them included, else by the clocks at its ends.
func spanLabel(from, to time.Time, at clock.Clock) string {
	if calendar.StartsDay(from, at.Zone) && calendar.StartsDay(to, at.Zone) {
		first, last := from.In(at.Zone).Format("Mon, Jan 2"), to.Add(-1).In(at.Zone).Format("Mon, Jan 2")
		if from.In(at.Zone).Year() != at.Now.In(at.Zone).Year() {
			first, last = from.In(at.Zone).Format("Mon, 2 Jan 2006"), to.Add(-1).In(at.Zone).Format("Mon, 2 Jan 2006")
		}
		if first == last {
			return first
		}
		return first + " – " + last
	}
	layout := "Jan 2 15:04"
	if from.In(at.Zone).Year() != at.Now.In(at.Zone).Year() {
		layout = "2006 Jan 2 15:04"
	}
	if !from.Truncate(time.Minute).Equal(from) || !to.Truncate(time.Minute).Equal(to) {
		layout += ":05"
	}
	first, last := from.In(at.Zone).Format(layout), to.In(at.Zone).Format(layout)
	if clocksChange(from, to, at.Zone) {
		first, last = first+" "+clock.ShortZone(from.In(at.Zone)), last+" "+clock.ShortZone(to.In(at.Zone))
	}
	return first + " – " + last
}

// clocksChange reports whether the clocks of zone are changed on the days of a range, so
// that a time of day may mean two moments.
func clocksChange(from, to time.Time, zone *time.Location) bool {
	from, _ = calendar.Today(from, zone)
	_, to = calendar.Today(to, zone)
	_, before := from.Zone()
	_, after := to.Zone()
	return before != after
}

// chartMarks returns what stands under the chart: the times at its ends and
// between them.
func chartMarks(buckets []audit.Bucket, at clock.Clock) []string {
	first, last := buckets[0].From, buckets[len(buckets)-1].To
	layout := "Jan 2"
	switch span := last.UnixMicro() - first.UnixMicro(); {
	case span <= (2 * time.Minute).Microseconds():
		layout = "15:04:05"
	case span <= (2 * clock.Day).Microseconds():
		layout = "15:04"
	case span <= (8 * clock.Day).Microseconds():
		layout = "Jan 2, 15:04"
	case first.In(at.Zone).Year() != at.Now.In(at.Zone).Year():
		layout = "2 Jan 2006"
	}
	parts := min(4, len(buckets))
	out := []string{first.In(at.Zone).Format(layout)}
	for i := 1; i <= parts; i++ {
		out = append(out, buckets[len(buckets)*i/parts-1].To.In(at.Zone).Format(layout))
	}
	return out
}

// maxBars is how many bars the chart has at most. The longest day has 101 quarters of an
// hour where its clocks are put back late in one.
const maxBars = 110
