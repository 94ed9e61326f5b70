package sinks

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
	"auditlog/shipping"
)

// sinkOf returns the sink that a request asks for, and where it begins.
func sinkOf(req *rpc.SinkCreateRequest) (s shipping.Sink, from shipping.Start, err error) {
	s = shipping.Sink{
		Name: req.Name, Project: req.Project, To: req.To, Format: req.Format,
		Settings: req.Settings, Secrets: req.Secrets, Batch: req.Batch,
	}
	filter(&s, &req.Filters)
	if s.Project != "" {
		if err := audit.ValidateProject(s.Project); err != nil {
			return s, from, err
		}
	}
	if s.Wait, err = span("waitSeconds", req.WaitSeconds); err != nil {
		return s, from, err
	}
	if s.Silence, err = span("silenceSeconds", req.SilenceSeconds); err != nil {
		return s, from, err
	}
	from, err = startOf(req.From)
	return s, from, err
}

// filter sets what selects from what a request says.
func filter(s *shipping.Sink, f *rpc.SinkFilters) {
	q := rpc.Query{Terms: f.Terms, Not: f.Not, Q: f.Q}
	asked, _ := q.Query() // it has no order that could be wrong
	s.Is, s.Not, s.Text = asked.Is, asked.Not, asked.Text
}

// span returns seconds as a length of time.
func span(path string, seconds float64) (time.Duration, error) {
	const most = 366 * 24 * 60 * 60
	if seconds != 0 && !(seconds >= 0.001 && seconds <= most) {
		return 0, audit.FieldErrorf(path, "must be from 0.001 to %d, or 0", most)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func startOf(f rpc.SinkFrom) (shipping.Start, error) {
	said := 0
	for _, is := range []bool{f.First, f.Seq != 0, f.ID != 0, !f.Time.IsZero(), f.Refused} {
		if is {
			said++
		}
	}
	if said > 1 {
		return shipping.Start{}, audit.FieldErrorf("from", "must say one of first, seq, id, time and refused")
	}
	return shipping.Start(f), nil
}

// apply changes a sink as a request says. Secrets of a destination elsewhere must be given
// again: who may change an address must not learn by it what is never told.
func apply(req *rpc.SinkUpdateRequest, s *shipping.Sink) (err error) {
	was := *s
	if req.To != nil {
		s.To = *req.To
	}
	s.Settings = merged(s.Settings, req.Settings)
	if err := kept(req, &was, s); err != nil {
		return err
	}
	if req.Format != nil {
		s.Format = *req.Format
	}
	s.Secrets = merged(s.Secrets, req.Secrets)
	if req.Filters != nil {
		filter(s, req.Filters)
	}
	if req.Batch != nil {
		s.Batch = *req.Batch
	}
	if req.WaitSeconds != nil {
		if s.Wait, err = span("waitSeconds", *req.WaitSeconds); err != nil {
			return err
		}
	}
	if req.SilenceSeconds != nil {
		s.Silence, err = span("silenceSeconds", *req.SilenceSeconds)
	}
	return err
}

// kept returns an Invalid Fault if a secret would go to another host than it was given for.
func kept(req *rpc.SinkUpdateRequest, before, after *shipping.Sink) error {
	from, err1 := hostOf(before)
	to, err2 := hostOf(after)
	if err1 == nil && err2 == nil && from == to {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(before.Secrets)) {
		if _, again := req.Secrets[name]; !again {
			return audit.FieldErrorf("secrets."+name, "must be given again, or as empty: it was given for another address")
		}
	}
	return nil
}

// host is where a sink leads to: of a bucket, the endpoint says so, which may stand in two places.
type host struct{ scheme, name, setting, endpoint string }

func hostOf(s *shipping.Sink) (host, error) {
	u, err := url.Parse(s.To)
	if err != nil {
		return host{}, err
	}
	return host{u.Scheme, u.Host, s.Settings["endpoint"], u.Query().Get("endpoint")}, nil
}

// merged returns what was set with what is set now. An empty value takes one away.
func merged(before, now map[string]string) map[string]string {
	all := maps.Clone(before)
	for k, v := range now {
		switch {
		case v == "":
			delete(all, k)
		case all == nil:
			all = map[string]string{k: v}
		default:
			all[k] = v
		}
	}
	return all
}

// told returns what the API tells of a sink.
func (d *Desk) told(st *shipping.Status) rpc.Sink {
	q := rpc.QueryOf(st.Query())
	s := rpc.Sink{
		Name: st.Name, Project: st.Project, Filters: rpc.SinkFilters{Terms: q.Terms, Not: q.Not, Q: q.Q},
		To: st.To, Format: st.Format, Settings: st.Settings, Secrets: st.SecretNames, Configured: st.Configured,
		Batch: st.BatchOf(), WaitSeconds: st.WaitOf().Seconds(), SilenceSeconds: st.Silence.Seconds(),
		CreatedAt: st.CreatedAt, CreatedBy: st.CreatedBy,

		State: string(st.State), Reason: st.Reason, At: st.At, Behind: st.Behind,
		Delivered: st.Delivered, Refused: st.Refused, Purged: st.Purged, Retries: st.Retries,
		Letters: st.Letters, Resending: st.Resending, DeliveredAt: st.DeliveredAt,
		LastError: st.LastError, LastErrorAt: st.LastErrorAt, FailingSince: st.FailingSince, NextTry: st.NextTry,
		Silent: st.Silent, LastHour: st.Spark,
	}
	if !st.Since.IsZero() {
		s.LagSeconds = max(d.now().Sub(st.Since).Seconds(), 0)
	}
	return s
}

// Configured returns a sink of the configuration, in the words of a request.
func Configured(req *rpc.SinkCreateRequest) (shipping.Configured, error) {
	s, from, err := sinkOf(req)
	if err == nil && from.Refused {
		err = audit.FieldErrorf("from", "cannot be what was refused: nothing was")
	}
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		return shipping.Configured{}, err
	}
	return shipping.Configured{Sink: s, Start: from}, nil
}

// ParseFrom reads where a sink begins: now, which nothing is too, first, refused, seq:N, id:N or a
// time, relative to now in loc. It returns Invalid Faults of the field from.
func ParseFrom(s string, now time.Time, loc *time.Location) (f rpc.SinkFrom, err error) {
	kind, number, ok := strings.Cut(s, ":")
	var n int64
	if ok && (kind == "seq" || kind == "id") {
		if n, err = strconv.ParseInt(number, 10, 64); err != nil || n < 1 {
			return f, audit.FieldErrorf("from", "must be a number of 1 or more behind %s:", kind)
		}
	}
	switch {
	case s == "", s == "now":
	case s == "first":
		f.First = true
	case s == "refused":
		f.Refused = true
	case n > 0 && kind == "seq":
		f.Seq = n
	case n > 0:
		f.ID = n
	default:
		if f.Time, err = calendar.ParseTime(s, now, loc); err != nil {
			err = audit.FieldErrorf("from", "must be now, first, seq:N, id:N or a time: %s", err)
		}
	}
	return f, err
}
