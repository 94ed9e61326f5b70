package sinks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
	"auditlog/shipping"
)

// Desk performs the acts. Its methods may be called by several goroutines at once. Each takes
// the call that it is a part of, and returns *rights.Denied where the caller may not.
type Desk struct {
	engine *shipping.Engine
	now    func() time.Time
}

// New returns the Desk of an engine. A nil clock is time.Now.
func New(engine *shipping.Engine, now func() time.Time) *Desk {
	if now == nil {
		now = time.Now
	}
	return &Desk{engine, now}
}

// Create is sink.create.
func (d *Desk) Create(ctx context.Context, call *rights.Call, req *rpc.SinkCreateRequest) (*rpc.Sink, error) {
	if err := call.Principal.Check(rights.SinkCreate, ""); err != nil {
		return nil, err
	}
	s, from, err := sinkOf(req)
	if err != nil {
		return nil, err
	}
	s.CreatedBy = call.Principal.Owner
	e := entry(call, rights.SinkCreate, &s)
	e.Detail = "Made the sink, which ships " + what(s.Project) + " to " + s.Shown()
	e.AddMetadata(map[string]string{"to": s.Shown()})
	return d.answer(d.engine.Create(ctx, s, from, e))
}

// List is sink.list.
func (d *Desk) List(ctx context.Context, call *rights.Call, _ *rpc.SinkListRequest) (*rpc.SinkListResult, error) {
	if err := call.Principal.Check(rights.SinkList, ""); err != nil {
		return nil, err
	}
	res := &rpc.SinkListResult{Items: []rpc.Sink{}}
	for _, st := range d.engine.List(ctx) {
		res.Items = append(res.Items, d.told(&st))
	}
	return res, nil
}

// Get is sink.get.
func (d *Desk) Get(ctx context.Context, call *rights.Call, req *rpc.SinkGetRequest) (*rpc.SinkGetResult, error) {
	if err := call.Principal.Check(rights.SinkGet, ""); err != nil {
		return nil, err
	}
	if req.Letters < 0 || req.Letters > rpc.MaxLetters {
		return nil, audit.FieldErrorf("letters", "must be at most %d", rpc.MaxLetters)
	}
	st, err := d.engine.Get(ctx, req.Name)
	if err != nil {
		return nil, err
	}
	res := &rpc.SinkGetResult{Sink: d.told(&st)}
	if req.Letters == 0 {
		return res, nil
	}
	letters, err := d.engine.Letters(ctx, req.Name, req.LettersAfter, req.Letters)
	for _, l := range letters {
		res.Refusals = append(res.Refusals, rpc.SinkLetter(l))
	}
	return res, err
}

// Update is sink.update.
func (d *Desk) Update(ctx context.Context, call *rights.Call, req *rpc.SinkUpdateRequest) (*rpc.Sink, error) {
	st, err := d.look(ctx, call, rights.SinkUpdate, req.Name)
	if err != nil {
		return nil, err
	}
	e := entry(call, rights.SinkUpdate, &st.Sink)
	changed := changes(req)
	if len(changed) == 0 {
		return nil, audit.Errorf(audit.Invalid, "nothing is to be changed")
	}
	e.Detail = "Changed the sink: " + strings.Join(changed, ", ")
	return d.answer(d.engine.Update(ctx, req.Name, func(s *shipping.Sink) error {
		if err := apply(req, s); err != nil {
			return err
		}
		if req.To != nil {
			e.AddMetadata(map[string]string{"to": s.Shown()})
		}
		return nil
	}, e))
}

// Pause is sink.pause.
func (d *Desk) Pause(ctx context.Context, call *rights.Call, req *rpc.SinkRequest) (*rpc.Sink, error) {
	st, err := d.look(ctx, call, rights.SinkPause, req.Name)
	if err != nil {
		return nil, err
	}
	e := entry(call, rights.SinkPause, &st.Sink)
	e.Detail = "Paused the sink"
	return d.answer(d.engine.Pause(ctx, req.Name, e))
}

// Resume is sink.resume.
func (d *Desk) Resume(ctx context.Context, call *rights.Call, req *rpc.SinkRequest) (*rpc.Sink, error) {
	st, err := d.look(ctx, call, rights.SinkResume, req.Name)
	if err != nil {
		return nil, err
	}
	e := entry(call, rights.SinkResume, &st.Sink)
	e.Detail = "Resumed the sink"
	return d.answer(d.engine.Resume(ctx, req.Name, e))
}

// Replay is sink.replay.
func (d *Desk) Replay(ctx context.Context, call *rights.Call, req *rpc.SinkReplayRequest) (*rpc.Sink, error) {
	st, err := d.look(ctx, call, rights.SinkReplay, req.Name)
	if err != nil {
		return nil, err
	}
	from, err := startOf(req.From)
	if err != nil {
		return nil, err
	}
	if from == (shipping.Start{}) {
		return nil, audit.FieldErrorf("from", "must say first, seq, id, time or refused")
	}
	e := entry(call, rights.SinkReplay, &st.Sink)
	e.Detail = "Replays the sink from " + startWords(from) + "; it was at " + fmt.Sprint(st.At)
	return d.answer(d.engine.Replay(ctx, req.Name, from, e))
}

// Delete is sink.delete.
func (d *Desk) Delete(ctx context.Context, call *rights.Call, req *rpc.SinkRequest) (*rpc.Sink, error) {
	st, err := d.look(ctx, call, rights.SinkDelete, req.Name)
	if err != nil {
		return nil, err
	}
	e := entry(call, rights.SinkDelete, &st.Sink)
	e.Detail = fmt.Sprintf("Deleted the sink, which was %d entries behind", st.Behind)
	if st.Letters > 0 {
		e.Detail += fmt.Sprintf(" and had %d that were refused", st.Letters)
	}
	return d.answer(d.engine.Delete(ctx, req.Name, e))
}

// Test is sink.test.
func (d *Desk) Test(ctx context.Context, call *rights.Call, req *rpc.SinkRequest) (*rpc.SinkTestResult, error) {
	st, err := d.look(ctx, call, rights.SinkTest, req.Name)
	if err != nil {
		return nil, err
	}
	e := entry(call, rights.SinkTest, &st.Sink)
	e.Project = audit.SystemProject
	e.Detail = "Sent this entry to the sink as a test"
	err = d.engine.Test(ctx, req.Name, e)
	res := &rpc.SinkTestResult{EntryID: e.ID, Delivered: err == nil}
	if refused := (*shipping.TestError)(nil); errors.As(err, &refused) {
		res.Error = refused.Reason
		return res, nil
	}
	return res, err
}

// look returns a sink that the caller may do something with.
func (d *Desk) look(ctx context.Context, call *rights.Call, act rights.Permission, name string) (shipping.Status, error) {
	if err := call.Principal.Check(act, ""); err != nil {
		return shipping.Status{}, err
	}
	if name == "" {
		return shipping.Status{}, audit.FieldErrorf("name", "is required")
	}
	return d.engine.Get(ctx, name)
}

// entry returns the entry of an act on a sink, in the project that it ships.
func entry(call *rights.Call, act rights.Permission, s *shipping.Sink) *audit.Entry {
	project := s.Project
	if project == "" {
		project = audit.SystemProject
	}
	return call.Entry(act, project, audit.Resource{Type: shipping.ResourceType, ID: s.Name, Name: s.Name})
}

// what says in words what is shipped.
func what(project string) string {
	if project == "" {
		return "all projects"
	}
	return "project " + project
}

func startWords(from shipping.Start) string {
	switch {
	case from.First:
		return "the first entry"
	case from.Seq > 0:
		return fmt.Sprint("seq ", from.Seq)
	case from.ID > 0:
		return fmt.Sprint("id ", from.ID)
	case from.Refused:
		return "what was refused"
	}
	return from.Time.Format(time.RFC3339)
}

func (d *Desk) answer(st shipping.Status, err error) (*rpc.Sink, error) {
	if err != nil {
		return nil, err
	}
	s := d.told(&st)
	return &s, nil
}

// changes names what a request changes.
func changes(req *rpc.SinkUpdateRequest) (list []string) {
	for name, is := range map[string]bool{
		"filters": req.Filters != nil, "to": req.To != nil, "format": req.Format != nil, "settings": len(req.Settings) > 0,
		"secrets": len(req.Secrets) > 0, "batch": req.Batch != nil, "waitSeconds": req.WaitSeconds != nil,
		"silenceSeconds": req.SilenceSeconds != nil,
	} {
		if is {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}
