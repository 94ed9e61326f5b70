// Package sinkpage says in the words of the page what a sink is and does, and reads its form. It
// writes no page and changes no sink: package console does.
package sinkpage

import (
	"fmt"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/sinks"
)

// Row is a sink with the first of the entries that its destination refused.
type Row struct {
	rpc.Sink
	Refusals []rpc.SinkLetter
}

// Form is a sink as it is asked for.
type Form struct {
	Name, Project, To, Format, Action, Outcome, Q, Settings, Secrets, Silence, From string
}

// Ships says in words what the sink ships.
func (r Row) Ships() string {
	if r.Project == "" {
		return "all projects"
	}
	return r.Project
}

// Selects says in words what of it.
func (r Row) Selects() string {
	var parts []string
	for _, f := range audit.Fields() {
		if values := r.Filters.Of(f.Name); values != nil && len(*values) > 0 {
			parts = append(parts, f.Name+" "+strings.Join(*values, " or "))
		}
		if values := r.Filters.Not.Of(f.Name); values != nil && len(*values) > 0 {
			parts = append(parts, "not "+f.Name+" "+strings.Join(*values, " or "))
		}
	}
	if r.Filters.Q != "" {
		parts = append(parts, "“"+r.Filters.Q+"”")
	}
	return strings.Join(parts, ", ")
}

// Lag is how old the first entry is that was not shipped.
func (r Row) Lag() string {
	return time.Duration(r.LagSeconds * float64(time.Second)).Round(time.Second).String()
}

// Watch is after how long without an entry the destination is told so.
func (r Row) Watch() string {
	return time.Duration(r.SilenceSeconds * float64(time.Second)).String()
}

// More reports whether more entries are refused than the page shows.
func (r Row) More() bool { return r.Letters > int64(len(r.Refusals)) }

// Halted reports whether the sink waits to be resumed.
func (r Row) Halted() bool { return r.State == "paused" || r.State == "stopped" }

// Outcome is the mark of the sink's state.
func (r Row) Outcome() string {
	switch r.State {
	case "active":
		return "success"
	case "failing", "paused":
		return "forbidden"
	}
	return "error"
}

// Spark is what was delivered in the last hour, as the points of a line 120 wide and 24 high.
func (r Row) Spark() string {
	most := int64(1)
	for _, n := range r.LastHour {
		most = max(most, n)
	}
	var b strings.Builder
	for i, n := range r.LastHour {
		fmt.Fprintf(&b, "%d,%.1f ", i*2+1, 22.5-20*float64(n)/float64(most))
	}
	return strings.TrimSpace(b.String())
}

// InHour is how much that was.
func (r Row) InHour() (sum int64) {
	for _, n := range r.LastHour {
		sum += n
	}
	return sum
}

// Request returns what the form asks for. Times are read relative to now, in loc.
func (f *Form) Request(now time.Time, loc *time.Location) (*rpc.SinkCreateRequest, error) {
	req := &rpc.SinkCreateRequest{Name: f.Name, Project: f.Project, To: f.To, Format: f.Format}
	req.Filters.Q = f.Q
	req.Filters.Action = strings.FieldsFunc(f.Action, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	if f.Outcome != "" {
		req.Filters.Outcome = rpc.Values{f.Outcome}
	}
	var err error
	if req.Settings, err = pairsOf("settings", f.Settings); err != nil {
		return nil, err
	}
	if req.Secrets, err = pairsOf("secrets", f.Secrets); err != nil {
		return nil, err
	}
	if f.Silence != "" {
		silence, err := time.ParseDuration(f.Silence)
		if err != nil {
			return nil, audit.FieldErrorf("silence", "must be a length of time such as 30m or 24h")
		}
		req.SilenceSeconds = silence.Seconds()
	}
	req.From, err = sinks.ParseFrom(f.From, now, loc)
	return req, err
}

// pairsOf returns what is written as name=value, a pair a line.
func pairsOf(path, text string) (map[string]string, error) {
	var pairs map[string]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, audit.FieldErrorf(path, "must have name=value on each line")
		}
		if pairs == nil {
			pairs = make(map[string]string)
		}
		pairs[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return pairs, nil
}
