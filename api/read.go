package api

import (
	"fmt"
	"net/http"

	"auditlog/api/dialect"
	"auditlog/audit"
	"auditlog/reading"
	"auditlog/rpc"
)

// The requests with filters as the API reads them: as package rpc has them, with
// what callers may write in another way.
type (
	listRequest struct {
		rpc.ListRequest
		dialect.Filters
	}
	statsRequest struct {
		rpc.StatsRequest
		dialect.Filters
	}
	exportRequest struct {
		rpc.ExportRequest
		dialect.Filters
	}
)

// list is auditLog.list.
func (s *Server) list(c *call) error {
	var req listRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	sel, err := c.prepare(&req.Query, &req.Filters)
	if err != nil {
		return err
	}
	p := audit.Paging{Limit: req.Limit, Cursor: req.Cursor, Bytes: audit.MaxPageBytes}
	ctx, done := c.reading()
	defer done()
	var page audit.Page
	if dialect.Deploys(c.r) {
		page, err = dialect.Page(ctx, sel, p)
	} else {
		p.JSON = true
		page, err = sel.List(ctx, p)
	}
	if err = c.stands(err); err != nil {
		return err
	}
	if c.opts.Reading.Pages() {
		c.note(sel.Query(), "a list")
	}
	return c.sendPage(page)
}

// filters turns those of a request into a query that the caller may make.
func (c *call) filters(w *rpc.Query, d *dialect.Filters) (audit.Query, error) {
	if err := c.authorize(w.Project); err != nil {
		return audit.Query{}, err
	}
	q, err := d.Into(w, c.opts.Now())
	if w.Project == "" && !dialect.Deploys(c.r) { // whose API has nothing over several
		q.Within = c.principal.Reach(c.route.permission)
	}
	return q, err
}

// prepare makes the query of a request ready.
func (c *call) prepare(w *rpc.Query, d *dialect.Filters) (audit.Selection, error) {
	q, err := c.filters(w, d)
	if err != nil {
		return nil, err
	}
	return c.opts.Store.Prepare(q)
}

// note has it recorded that the caller read what a query selects, if such reads are.
func (c *call) note(q audit.Query, what string) {
	if read := (reading.Read{Action: c.route.permission, Query: q, What: what}); c.opts.Reading.Wants(&read) {
		c.opts.Reading.Note(c.auth(), read)
	}
}

// get is auditLog.get.
func (s *Server) get(c *call) error {
	var req rpc.GetRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	if err := c.authorize(req.Project); err != nil {
		return err
	}
	if err := audit.ValidateProject(req.Project); err != nil {
		return err
	}
	if req.ID < 1 {
		return audit.FieldErrorf("id", "must be the id of an entry, from 1")
	}
	ctx, done := c.reading()
	defer done()
	e, err := s.opts.Store.Get(ctx, req.Project, req.ID)
	if err = c.stands(err); err != nil {
		return err
	}
	c.note(audit.Query{Project: req.Project}, fmt.Sprintf("entry %d", req.ID))
	if req.Proof {
		return c.proved(ctx, e)
	}
	if dialect.Deploys(c.r) {
		e = dialect.Entry(e)
	}
	buf := c.w.Buffer()
	defer buf.Free()
	buf.B = append(buf.B, `{"ok":true,"result":`...)
	buf.B = append(e.AppendJSON(buf.B), "}\n"...)
	c.w.Send(http.StatusOK, buf.B)
	return nil
}

// stats is auditLog.stats.
func (s *Server) stats(c *call, req *statsRequest) (*rpc.StatsResult, error) {
	q, err := c.filters(&req.Query, &req.Filters)
	if err != nil {
		return nil, err
	}
	asked := q
	step, bounds, err := s.bars(&req.StatsRequest, &q)
	if err != nil {
		return nil, err
	}
	sel, err := s.opts.Store.Prepare(q)
	if err != nil {
		return nil, err
	}
	if req.Top < 0 || req.Top > audit.MaxTop {
		return nil, audit.FieldErrorf("top", "must be from 1 to %d", audit.MaxTop)
	}
	ctx, done := c.reading()
	defer done()
	st, err := sel.Stats(ctx, audit.Counting{Bounds: bounds, Top: req.Top})
	if err = c.stands(err); err != nil {
		return nil, err
	}
	c.note(asked, "counts")
	res := &rpc.StatsResult{
		Total:    st.Total,
		Outcomes: rpc.Counts(st.Outcomes),
		Interval: step.String(),
		Buckets:  make([]rpc.Bucket, len(st.Buckets)),
		Types:    valuesOf(st.ResourceTypes),
		Actions:  valuesOf(st.Actions),
		Actors:   valuesOf(st.Actors),
		Gaps:     st.Gaps,
	}
	for i, b := range st.Buckets {
		res.Buckets[i] = rpc.Bucket{From: b.From, To: b.To, Counts: rpc.Counts(b.Counts)}
	}
	return res, nil
}

func valuesOf(v audit.Values) rpc.TopValues {
	out := rpc.TopValues{
		Top: make([]rpc.ValueCount, len(v.Top)), Others: v.Others, OtherEntries: v.OtherEntries, Estimated: v.Estimated,
	}
	for i, top := range v.Top {
		out.Top[i] = rpc.ValueCount(top)
	}
	return out
}
