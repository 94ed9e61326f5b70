package console

import (
	"context"
	"fmt"
	"net/http"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/clock"
	"auditlog/console/sinkpage"
	"auditlog/rpc"
	"auditlog/sinks"
)

// Sinks does what is done with sinks; *sinks.Desk does.
type Sinks interface {
	Create(context.Context, *rights.Call, *rpc.SinkCreateRequest) (*rpc.Sink, error)
	List(context.Context, *rights.Call, *rpc.SinkListRequest) (*rpc.SinkListResult, error)
	Get(context.Context, *rights.Call, *rpc.SinkGetRequest) (*rpc.SinkGetResult, error)
	Pause(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Resume(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Replay(context.Context, *rights.Call, *rpc.SinkReplayRequest) (*rpc.Sink, error)
	Delete(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.Sink, error)
	Test(context.Context, *rights.Call, *rpc.SinkRequest) (*rpc.SinkTestResult, error)
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
	Form  sinkpage.Form
	Fault string
}

// sinkRow is a sink in the list.
type sinkRow struct {
	sinkpage.Row
	Delivery, Failure, Next clock.Moment
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
	return sinkRow{Row: sinkpage.Row{Sink: *s}, Delivery: v.Moment(s.DeliveredAt), Failure: v.Moment(s.LastErrorAt), Next: v.Moment(s.NextTry)}
}

// createSink makes a sink.
func (c *console) createSink(v *visit) error {
	form := sinkpage.Form{
		Name: field(v.r, "name"), Project: field(v.r, "project"), To: field(v.r, "to"), Format: field(v.r, "format"),
		Action: field(v.r, "action"), Outcome: field(v.r, "outcome"), Q: field(v.r, "q"), Settings: field(v.r, "settings"),
		Secrets: field(v.r, "secrets"), Silence: field(v.r, "silence"), From: field(v.r, "from"),
	}
	req, err := form.Request(v.Now, v.Zone)
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
	c.lead(v, "/sinks?sink="+s.Name)
	return nil
}

// testSink sends an entry, and tells what became of it.
func (c *console) testSink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *rights.Call, name string) (p sinksPage, err error) {
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
	return c.actOn(v, func(ctx context.Context, call *rights.Call, name string) (sinksPage, error) {
		_, err := c.opts.Sinks.Pause(ctx, call, &rpc.SinkRequest{Name: name})
		return sinksPage{}, err
	})
}

func (c *console) resumeSink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *rights.Call, name string) (sinksPage, error) {
		_, err := c.opts.Sinks.Resume(ctx, call, &rpc.SinkRequest{Name: name})
		return sinksPage{}, err
	})
}

func (c *console) replaySink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *rights.Call, name string) (sinksPage, error) {
		from, err := sinks.ParseFrom(field(v.r, "from"), v.Now, v.Zone)
		if err == nil {
			_, err = c.opts.Sinks.Replay(ctx, call, &rpc.SinkReplayRequest{Name: name, From: from})
		}
		return sinksPage{}, err
	})
}

func (c *console) deleteSink(v *visit) error {
	return c.actOn(v, func(ctx context.Context, call *rights.Call, name string) (sinksPage, error) {
		if field(v.r, "again") != name {
			return sinksPage{}, audit.FieldErrorf("again", "is not the name of the sink")
		}
		_, err := c.opts.Sinks.Delete(ctx, call, &rpc.SinkRequest{Name: name})
		return sinksPage{}, err
	})
}

// actOn does something with the sink that a form names, and leads back to the list, unless there
// is something to be told.
func (c *console) actOn(v *visit, act func(context.Context, *rights.Call, string) (sinksPage, error)) error {
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
	c.lead(v, "/sinks?sink="+name)
	return nil
}
