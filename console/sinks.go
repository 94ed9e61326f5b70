package console

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/rpc"
	"auditlog/sinks"
)

// Sinks does what is done with sinks; *sinks.Desk does.
type Sinks interface {
	Create(context.Context, *auth.Call, *rpc.SinkCreateRequest) (*rpc.Sink, error)
	List(context.Context, *auth.Call, *rpc.SinkListRequest) (*rpc.SinkListResult, error)
	Get(context.Context, *auth.Call, *rpc.SinkGetRequest) (*rpc.SinkGetResult, error)
	Pause(context.Context, *auth.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Resume(context.Context, *auth.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Replay(context.Context, *auth.Call, *rpc.SinkReplayRequest) (*rpc.Sink, error)
	Delete(context.Context, *auth.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Test(context.Context, *auth.Call, *rpc.SinkRequest) (*rpc.SinkTestResult, error)
}

// sinksPage lists sinks, shows one, and makes them.
type sinksPage struct {
	frame
	List []sinkRow
	// Chosen is the one that is looked at, with the newest of what was refused.
	Chosen *sinkRow
	// Done tells of what was done, Failed that it did not end well.
	Done   string
	Failed bool
	// Form is what was sent last, when it was refused for Fault.
	Form  sinkForm
	Fault string
}

// sinkRow is a sink in the list.
type sinkRow struct {
	rpc.Sink
	Delivery, Failure, Next moment
	// Letters are entries that were refused.
	Refusals []rpc.SinkLetter
}

// sinkForm is a sink as it is asked for.
type sinkForm struct {
	Name, Project, To, Format, Action, Outcome, Q, Settings, Secrets, Silence, From string
}

// lettersShown is how many entries the page shows that were refused.
const lettersShown = 5

// sinks answers with the list.
func (c *console) sinks(v *visit) error { return c.showSinks(v, http.StatusOK, sinksPage{}) }

func (c *console) showSinks(v *visit, status int, p sinksPage) error {
	if c.opts.Sinks == nil {
		return audit.Errorf(audit.NotFound, "nothing is shipped from this log")
	}
	list, err := c.opts.Sinks.List(v.r.Context(), c.call(v), &rpc.SinkListRequest{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		p.List = append(p.List, newSinkRow(v, &list.Items[i]))
	}
	if name := v.r.FormValue("sink"); name != "" {
		s, err := c.opts.Sinks.Get(v.r.Context(), c.call(v), &rpc.SinkGetRequest{Name: name, Letters: lettersShown})
		switch {
		case err == nil:
			row := newSinkRow(v, &s.Sink)
			row.Refusals = s.Refusals
			p.Chosen = &row
		case audit.KindOf(err) != audit.NotFound: // it may just have been deleted
			return err
		}
	}
	p.frame = c.frame(v, "Sinks", navSinks, "")
	return c.render(v, status, "sinks", p)
}

func newSinkRow(v *visit, s *rpc.Sink) sinkRow {
	return sinkRow{Sink: *s, Delivery: v.moment(s.DeliveredAt), Failure: v.moment(s.LastErrorAt), Next: v.moment(s.NextTry)}
}

// Ships says in words what the sink ships.
func (r sinkRow) Ships() string {
	if r.Project == "" {
		return "all projects"
	}
	return r.Project
}

// Selects says in words what of it.
func (r sinkRow) Selects() string {
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
func (r sinkRow) Lag() string {
	return time.Duration(r.LagSeconds * float64(time.Second)).Round(time.Second).String()
}

// Watch is after how long without an entry the destination is told so.
func (r sinkRow) Watch() string {
	return time.Duration(r.SilenceSeconds * float64(time.Second)).String()
}

// More reports whether more entries are refused than the page shows.
func (r sinkRow) More() bool { return r.Sink.Letters > int64(len(r.Refusals)) }

// Halted reports whether the sink waits to be resumed.
func (r sinkRow) Halted() bool { return r.State == "paused" || r.State == "stopped" }

// Outcome is the mark of the sink's state.
func (r sinkRow) Outcome() string {
	switch r.State {
	case "active":
		return "success"
	case "failing", "paused":
		return "forbidden"
	}
	return "error"
}

// Spark is what was delivered in the last hour, as the points of a line 120 wide and 24 high.
func (r sinkRow) Spark() string {
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
func (r sinkRow) InHour() (sum int64) {
	for _, n := range r.LastHour {
		sum += n
	}
	return sum
}

// createSink makes a sink.
func (c *console) createSink(v *visit) error {
	form := sinkForm{
		Name: field(v.r, "name"), Project: field(v.r, "project"), To: field(v.r, "to"), Format: field(v.r, "format"),
		Action: field(v.r, "action"), Outcome: field(v.r, "outcome"), Q: field(v.r, "q"), Settings: field(v.r, "settings"),
		Secrets: field(v.r, "secrets"), Silence: field(v.r, "silence"), From: field(v.r, "from"),
	}
	req, err := form.request(v)
	if err == nil && c.opts.Sinks == nil {
		err = audit.Errorf(audit.NotFound, "nothing is shipped from this log")
	}
	var s *rpc.Sink
	if err == nil {
		s, err = c.opts.Sinks.Create(v.r.Context(), c.call(v), req)
	}
	switch kind := audit.KindOf(err); {
	case kind == audit.Invalid, kind == audit.Conflict:
		form.Secrets = "" // what is secret is not sent back
		return c.showSinks(v, rpc.Status(kind), sinksPage{Form: form, Fault: sentence(err.Error())})
	case err != nil:
		return err
	}
	http.Redirect(v.w, v.r, "/sinks?sink="+s.Name, http.StatusSeeOther)
	return nil
}

// request returns what the form asks for.
func (f *sinkForm) request(v *visit) (*rpc.SinkCreateRequest, error) {
	req := &rpc.SinkCreateRequest{Name: f.Name, Project: f.Project, To: f.To, Format: f.Format}
	req.Filters.Q = f.Q
	req.Filters.Action = listOf(f.Action)
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
	req.From, err = sinks.ParseFrom(f.From, v.now, v.zone)
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

// testSink sends an entry, and tells what became of it.
func (c *console) testSink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *auth.Call, name string) (p sinksPage, err error) {
		res, err := c.opts.Sinks.Test(ctx, call, &rpc.SinkRequest{Name: name})
		if err == nil {
			p.Done = fmt.Sprintf("%s took entry %d.", name, res.EntryID)
			if p.Failed = !res.Delivered; p.Failed {
				p.Done = fmt.Sprintf("%s did not take entry %d: %s", name, res.EntryID, res.Error)
			}
		}
		return p, err
	})
}

func (c *console) pauseSink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *auth.Call, name string) (sinksPage, error) {
		_, err := c.opts.Sinks.Pause(ctx, call, &rpc.SinkRequest{Name: name})
		return sinksPage{}, err
	})
}

func (c *console) resumeSink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *auth.Call, name string) (sinksPage, error) {
		_, err := c.opts.Sinks.Resume(ctx, call, &rpc.SinkRequest{Name: name})
		return sinksPage{}, err
	})
}

func (c *console) replaySink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *auth.Call, name string) (sinksPage, error) {
		from, err := sinks.ParseFrom(field(v.r, "from"), v.now, v.zone)
		if err == nil {
			_, err = c.opts.Sinks.Replay(ctx, call, &rpc.SinkReplayRequest{Name: name, From: from})
		}
		return sinksPage{}, err
	})
}

func (c *console) deleteSink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *auth.Call, name string) (sinksPage, error) {
		if field(v.r, "again") != name {
			return sinksPage{}, audit.FieldErrorf("again", "is not the name of the sink")
		}
		_, err := c.opts.Sinks.Delete(ctx, call, &rpc.SinkRequest{Name: name})
		return sinksPage{}, err
	})
}

// actOn does something with the sink that a form names, and leads back to the list, unless there
// is something to be told.
func (c *console) actOn(v *visit, act func(context.Context, *auth.Call, string) (sinksPage, error)) error {
	if c.opts.Sinks == nil {
		return audit.Errorf(audit.NotFound, "nothing is shipped from this log")
	}
	name := field(v.r, "sink")
	p, err := act(v.r.Context(), c.call(v), name)
	switch kind := audit.KindOf(err); {
	case kind == audit.Invalid, kind == audit.Conflict:
		return c.showSinks(v, rpc.Status(kind), sinksPage{Done: sentence(err.Error()), Failed: true})
	case err != nil:
		return err
	case p.Done != "":
		return c.showSinks(v, http.StatusOK, p)
	}
	http.Redirect(v.w, v.r, "/sinks?sink="+name, http.StatusSeeOther)
	return nil
}
