package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report collects the figures of all runs.
type report struct {
	Machine machine   `json:"machine"`
	Began   time.Time `json:"began"`
	Command string    `json:"command"`
	Entries int       `json:"entries"`
	Runs    int       `json:"runs"`
	Logs    []string  `json:"logs"` // this log first
	Lines   []*line   `json:"lines"`
}

// line is a row with the figures of each log, one a run.
type line struct {
	Work    string               `json:"work"`
	Name    string               `json:"name"`
	Unit    unit                 `json:"unit"`
	Figures map[string][]float64 `json:"figures"`
}

// add takes down a figure.
func (r *report) add(at row, log string, v float64) {
	l := r.line(at)
	if l == nil {
		l = &line{at.work, at.name, at.unit, make(map[string][]float64)}
		r.Lines = append(r.Lines, l)
	}
	l.Figures[log] = append(l.Figures[log], v)
}

// line returns that of a row, or nil.
func (r *report) line(at row) *line {
	i := slices.IndexFunc(r.Lines, func(l *line) bool { return row{l.Work, l.Name, l.Unit} == at })
	if i < 0 {
		return nil
	}
	return r.Lines[i]
}

// median returns the middle one of values, which must not be empty.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

func maximum[T cmp.Ordered](values []T) T { return slices.Max(values) }

// figure returns the median of a log's figures.
func (l *line) figure(log string) (v float64, ok bool) {
	values := l.Figures[log]
	if len(values) == 0 {
		return 0, false
	}
	return median(values), true
}

// ratio returns how many times better the figure of one log is than that of another.
func (l *line) ratio(log, other string) (v float64, ok bool) {
	a, okA := l.figure(log)
	b, okB := l.figure(other)
	if !okA || !okB || !l.Unit.compared() || a == 0 || b == 0 {
		return 0, false
	}
	if l.Unit.moreIsBetter() {
		return a / b, true
	}
	return b / a, true
}

// works returns the works of the report in their order.
func works() []string {
	return []string{workDurable, workBulk, workSingle, workListings, workCounts, workSearch, workDisk, workStart, workCold, workIdle, workPurge, workProofs}
}

// write writes the tables as Markdown, which reads well as it is.
func (r *report) write(w io.Writer) {
	for _, name := range works() {
		var lines []*line
		for _, l := range r.Lines {
			if l.Work == name {
				lines = append(lines, l)
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(w, "### %s\n\n", name)
			writeTable(w, r.table(lines))
			fmt.Fprintln(w)
		}
	}
}

// table returns lines as cells, the head first.
func (r *report) table(lines []*line) [][]string {
	head := []string{"", r.Logs[0]}
	for _, log := range r.Logs[1:] {
		head = append(head, log, "×")
	}
	table := [][]string{head}
	for _, l := range lines {
		name := l.Name
		if l.Unit != unitNumber {
			name += ", " + string(l.Unit)
		}
		cells := []string{name, l.cell(r.Logs[0])}
		for _, log := range r.Logs[1:] {
			cells = append(cells, l.cell(log), l.times(r.Logs[0], log))
		}
		table = append(table, cells)
	}
	return table
}

func (l *line) cell(log string) string {
	v, ok := l.figure(log)
	if !ok {
		return "–"
	}
	return l.Unit.format(v)
}

func (l *line) times(log, other string) string {
	v, ok := l.ratio(log, other)
	if !ok {
		return ""
	}
	return unitNumber.format(v)
}

// writeTable writes cells as a Markdown table with aligned columns.
func writeTable(w io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, cells := range table {
		for i, c := range cells {
			widths[i] = max(widths[i], len([]rune(c)))
		}
	}
	for n, cells := range table {
		for i, c := range cells {
			space := strings.Repeat(" ", widths[i]-len([]rune(c)))
			if i == 0 {
				fmt.Fprintf(w, "| %s%s |", c, space)
			} else {
				fmt.Fprintf(w, " %s%s |", space, c)
			}
		}
		fmt.Fprintln(w)
		if n == 0 {
			writeRule(w, widths)
		}
	}
}

func writeRule(w io.Writer, widths []int) {
	for i, n := range widths {
		if i == 0 {
			fmt.Fprintf(w, "|%s|", strings.Repeat("-", n+2))
		} else {
			fmt.Fprintf(w, "%s:|", strings.Repeat("-", n+1))
		}
	}
	fmt.Fprintln(w)
}
