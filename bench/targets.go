package main

import (
	"fmt"
	"io"
	"strings"

	"auditlog/bench/work"
)

// target is what the project set itself: a ratio to another log, or a bound.
type target struct {
	row     row
	against string  // the other log; empty for a bound
	least   float64 // of the ratio
	most    float64 // of the figure
}

const postgres = "PostgreSQL"

// targets returns those for a number of entries.
func targets(n int) []target {
	list := []target{
		{row: row{workBulk, "batches of 1,000, 4 loaders", unitRate}, against: postgres, least: 2.5},
		{row: row{workSingle, "64 clients", unitRate}, against: postgres, least: 2},
	}
	for _, l := range work.Listings() {
		for _, p := range []string{", p50", ", p99"} {
			list = append(list, target{row: row{workListings, l.Name + p, unitTime}, against: postgres, least: 1})
		}
	}
	for _, l := range work.Counts() {
		r := row{workCounts, l.Name + ", p50", unitTime}
		list = append(list, target{row: r, against: postgres, least: 5}, target{row: r, most: 50})
	}
	for _, l := range work.Searches() {
		r := row{workSearch, l.Name + ", p50", unitTime}
		list = append(list, target{row: r, against: postgres, least: 20}, target{row: r, most: 3})
	}
	bound := func(work, name string, u unit, most float64) {
		list = append(list, target{row: row{work, name, u}, most: most})
	}
	bound(workDisk, "as it is, indexes included", unitBytes, 40)
	bound(workPurge, "writers meanwhile, p99", unitTime, 50)
	for _, when := range []string{"after the work", "just started"} {
		bound(workIdle, when+", memory", unitMemory, 60)
		bound(workIdle, when+", CPU of one core", unitPercent, 0.1)
	}
	if n >= 10_000_000 {
		bound(workStart, "after a stop, until the first answer", unitTime, 1000)
		bound(workBulk, "memory at most", unitMemory, 512)
		bound(workListings, "memory at most", unitMemory, 512)
	}
	return list
}

// writeTargets writes which targets are met.
func (r *report) writeTargets(w io.Writer) {
	table := [][]string{{"target", "wanted", "measured", "met"}}
	for _, t := range targets(r.Entries) {
		if cells, ok := r.judge(t); ok {
			table = append(table, cells)
		}
	}
	fmt.Fprint(w, "### Targets\n\n")
	writeTable(w, table)
	fmt.Fprintln(w)
}

// judge compares a target with what was measured.
func (r *report) judge(t target) (cells []string, ok bool) {
	l := r.line(t.row)
	if l == nil {
		return nil, false
	}
	name := l.Work + ": " + l.Name
	if t.against != "" {
		v, ok := l.ratio(r.Logs[0], t.against)
		return []string{name, fmt.Sprintf("%s × %s", unitNumber.format(t.least), t.against),
			unitNumber.format(v) + " ×", yes(v >= t.least)}, ok
	}
	v, ok := l.figure(r.Logs[0])
	return []string{name, fmt.Sprintf("%s %s at most", unitNumber.format(t.most), l.Unit),
		l.Unit.format(v) + " " + string(l.Unit), yes(v <= t.most)}, ok
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

// writeLosses names every figure at which another log is ahead.
func (r *report) writeLosses(w io.Writer) {
	fmt.Fprint(w, "### Where this log loses\n\n")
	any := false
	for _, l := range r.Lines {
		var behind []string
		for _, other := range r.Logs[1:] {
			if v, ok := l.ratio(r.Logs[0], other); ok && v < 0.95 {
				behind = append(behind, fmt.Sprintf("%s %s (%s ×)", other, l.cell(other), unitNumber.format(v)))
			}
		}
		if len(behind) > 0 {
			any = true
			fmt.Fprintf(w, "- %s: %s: %s %s; %s\n", l.Work, l.Name, l.cell(r.Logs[0]), l.Unit, strings.Join(behind, ", "))
		}
	}
	if !any {
		fmt.Fprintln(w, "Nowhere in this run.")
	}
	fmt.Fprintln(w)
}

// of says of how many runs the figures are.
func (r *report) of() string {
	if r.Runs == 1 {
		return "one run"
	}
	return fmt.Sprintf("medians of %d runs", r.Runs)
}

// writeHead says what the tables are of.
func (r *report) writeHead(w io.Writer) {
	fmt.Fprintf(w, "%s entries, %s, %s, by `%s`.\n\n%s.\n\n",
		unitNumber.format(float64(r.Entries)), r.of(), r.Began.UTC().Format("2 January 2006"), r.Command, r.Machine)
}
