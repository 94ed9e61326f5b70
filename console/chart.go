package console

import (
	"fmt"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/console/amounts"
)

// chart is the stacked bars of entries over time, in units of an SVG that is
// stretched to the page's width.
type chart struct {
	Bars []bar
	// Width is that of all bars together, each barWidth wide.
	Width int
	// Top is the greatest count of a bar.
	Top int64
	// Marks are times along the chart.
	Marks []string
	// Summary tells in words what the chart shows.
	Summary string
}

// bar is one part of time.
type bar struct {
	X     int
	Parts []barPart
	Label string
	// URL shows the bar's entries alone; From and To are its bounds as a URL has them.
	URL, From, To string
}

// barPart is the entries of one outcome in a bar.
type barPart struct {
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
func chartBounds(f filter, first, last time.Time, v *visit) []time.Time {
	open := calendar.Open{From: f.From, To: f.To, First: v.now, Last: v.now}
	var step calendar.Step
	if r, ok := findRange(f.Range); ok {
		open.From, open.To = r.bounds(f.asOf(v.now), v.zone)
		step = r.step
	}
	if !first.IsZero() {
		open.First, open.Last = first, last
	}
	_, bounds, _ := calendar.Bars(open, step, v.zone, maxBars)
	return bounds
}

// newChart draws counts.
func newChart(f filter, buckets []audit.Bucket, v *visit) chart {
	c := chart{Width: len(buckets) * barWidth}
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
		c.Bars = append(c.Bars, newBar(f, i, b, c.Top, v))
	}
	c.Marks = chartMarks(buckets, v)
	from, to := v.moment(buckets[0].From), v.moment(buckets[len(buckets)-1].To)
	c.Summary = fmt.Sprintf("%s from %s to %s", amounts.Entries(total), from.Short(), to.Short())
	if c.Top > 0 {
		c.Summary += fmt.Sprintf("; most of them, %s, from %s", amounts.Count(c.Top), v.moment(busiest.From).Short())
	}
	return c
}

func newBar(f filter, i int, b audit.Bucket, top int64, v *visit) bar {
	out := bar{
		X: i * barWidth, Label: barLabel(b, v),
		From: formatBound(b.From), To: formatBound(b.To),
		URL: f.between(b.From, b.To).url("/logs"),
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
		out.Parts = append(out.Parts, barPart{part.outcome, formatUnits(max(y, 0)), formatUnits(h)})
	}
	return out
}

func formatUnits(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// barLabel tells the time and the counts of a bar.
func barLabel(b audit.Bucket, v *visit) string {
	return fmt.Sprintf("%s\n%s success, %s forbidden, %s error", spanLabel(b.From, b.To, v),
		amounts.Count(b.Success), amounts.Count(b.Forbidden), amounts.Count(b.Error))
}

// spanLabel names a part of time: by its days where it consists of whole ones, the last
// of them included, else by the clocks at its ends.
func spanLabel(from, to time.Time, v *visit) string {
	if calendar.StartsDay(from, v.zone) && calendar.StartsDay(to, v.zone) {
		first, last := from.In(v.zone).Format("Mon, Jan 2"), to.Add(-1).In(v.zone).Format("Mon, Jan 2")
		if from.In(v.zone).Year() != v.now.In(v.zone).Year() {
			first, last = from.In(v.zone).Format("Mon, 2 Jan 2006"), to.Add(-1).In(v.zone).Format("Mon, 2 Jan 2006")
		}
		if first == last {
			return first
		}
		return first + " – " + last
	}
	layout := "Jan 2 15:04"
	if from.In(v.zone).Year() != v.now.In(v.zone).Year() {
		layout = "2006 Jan 2 15:04"
	}
	if !from.Truncate(time.Minute).Equal(from) || !to.Truncate(time.Minute).Equal(to) {
		layout += ":05"
	}
	first, last := from.In(v.zone).Format(layout), to.In(v.zone).Format(layout)
	if clocksChange(from, to, v.zone) {
		first, last = first+" "+shortZone(from.In(v.zone)), last+" "+shortZone(to.In(v.zone))
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
func chartMarks(buckets []audit.Bucket, v *visit) []string {
	first, last := buckets[0].From, buckets[len(buckets)-1].To
	layout := "Jan 2"
	switch span := last.UnixMicro() - first.UnixMicro(); {
	case span <= (2 * time.Minute).Microseconds():
		layout = "15:04:05"
	case span <= (2 * day).Microseconds():
		layout = "15:04"
	case span <= (8 * day).Microseconds():
		layout = "Jan 2, 15:04"
	case first.In(v.zone).Year() != v.now.In(v.zone).Year():
		layout = "2 Jan 2006"
	}
	parts := min(4, len(buckets))
	out := []string{first.In(v.zone).Format(layout)}
	for i := 1; i <= parts; i++ {
		out = append(out, buckets[len(buckets)*i/parts-1].To.In(v.zone).Format(layout))
	}
	return out
}
