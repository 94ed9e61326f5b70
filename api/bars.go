package api

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
)

// bars cuts the range of q into the parts of time that req asks for. Where q leaves an end
// of it open, the range is that of the entries of its projects, widened to whole parts, and q
// is narrowed to it: an older entry that comes in meanwhile has no part.
func (s *Server) bars(req *rpc.StatsRequest, q *audit.Query) (calendar.Step, []time.Time, error) {
	zone, err := calendar.Zone(req.Zone)
	if err != nil {
		return calendar.Step{}, nil, audit.AtPath(err, "zone")
	}
	step, err := parseInterval(req.Interval)
	if err != nil {
		return step, nil, err
	}
	most := cmp.Or(req.Buckets, rpc.DefaultBuckets)
	switch {
	case most < 1 || most > audit.MaxBuckets:
		return step, nil, audit.FieldErrorf("buckets", "must be from 1 to %d", audit.MaxBuckets)
	case req.Interval != "" && req.Buckets != 0:
		return step, nil, audit.FieldErrorf("interval", "cannot be combined with buckets")
	case req.Interval != "":
		most = audit.MaxBuckets
	}
	open := calendar.Open{From: q.From, To: q.To, First: s.opts.Now(), Last: s.opts.Now()}
	if first, last, ok := s.opts.Store.Extent(*q); ok {
		open.First, open.Last = first, last
	}
	step, bounds, ok := calendar.Bars(open, step, zone, most)
	if !ok {
		return step, nil, audit.FieldErrorf("interval", "cuts this range into more than %d parts: "+
			"choose a longer one, or less time", audit.MaxBuckets)
	}
	if len(bounds) > 0 {
		q.From, q.To = bounds[0], bounds[len(bounds)-1]
	}
	return step, bounds, nil
}

// parseInterval returns the step of a name of rpc.Intervals, none for the empty one.
func parseInterval(name string) (calendar.Step, error) {
	if name == "" {
		return calendar.Step{}, nil
	}
	names := rpc.Intervals()
	for _, u := range []calendar.Unit{calendar.Hour, calendar.Day, calendar.Week, calendar.Month} {
		if strings.EqualFold(name, u.String()) && slices.Contains(names, u.String()) {
			return calendar.Step{N: 1, Unit: u}, nil
		}
	}
	last := len(names) - 1
	return calendar.Step{}, audit.FieldErrorf("interval", "must be %s or %s", strings.Join(names[:last], ", "), names[last])
}
