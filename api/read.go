package api

import (
	"fmt"
	"net/http"

	"auditlog/audit"
	"auditlog/reading"
	"auditlog/rpc"
)

// list is auditLog.list.
func (s *Server) list(c *call) error {
	var req listRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	sel, err := c.prepare(req.Query, &req.deploysFilters)
	if err != nil {
		return err
	}
	p := audit.Paging{Limit: req.Limit, Cursor: req.Cursor}
	var page audit.Page
	if deploys(c.r) {
		page, err = deploysPage(c.r.Context(), sel, p)
	} else {
		page, err = sel.List(c.r.Context(), p)
	}
	if err != nil {
		return err
	}
	c.note(sel.Query(), "a list")
	buf := s.buffers.get()
	defer s.buffers.put(buf)
	buf.b = appendPage(buf.b, page)
	s.send(c.w, c.r, http.StatusOK, buf.b)
	return nil
}

// filters turns those of a request into a query that the caller may make.
func (c *call) filters(w rpc.Query, d *deploysFilters) (audit.Query, error) {
	if err := c.authorize(w.Project); err != nil {
		return audit.Query{}, err
	}
	return d.query(w)
}

// prepare makes the query of a request ready.
func (c *call) prepare(w rpc.Query, d *deploysFilters) (audit.Selection, error) {
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

func appendPage(b []byte, page audit.Page) []byte {
	b = append(b, `{"ok":true,"result":{"items":[`...)
	for i, e := range page.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.AppendJSON(b)
	}
	b = append(b, ']')
	if page.Next != "" {
		// base64url: nothing in it needs an escape.
		b = append(b, `,"nextCursor":"`...)
		b = append(b, page.Next...)
		b = append(b, '"')
	}
	return append(b, "}}\n"...)
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
	e, err := s.opts.Store.Get(c.r.Context(), req.Project, req.ID)
	if err != nil {
		return err
	}
	c.note(audit.Query{Project: req.Project}, fmt.Sprintf("entry %d", req.ID))
	if deploys(c.r) {
		e = deploysEntry(e)
	}
	buf := s.buffers.get()
	defer s.buffers.put(buf)
	buf.b = append(buf.b, `{"ok":true,"result":`...)
	buf.b = append(e.AppendJSON(buf.b), "}\n"...)
	s.send(c.w, c.r, http.StatusOK, buf.b)
	return nil
}

// stats is auditLog.stats.
func (s *Server) stats(c *call, req *statsRequest) (*rpc.StatsResult, error) {
	q, err := c.filters(req.Query, &req.deploysFilters)
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
	st, err := sel.Stats(c.r.Context(), audit.Counting{Bounds: bounds})
	if err != nil {
		return nil, err
	}
	c.note(asked, "counts")
	res := &rpc.StatsResult{
		Total:    st.Total,
		Outcomes: rpc.Counts(st.Outcomes),
		Interval: step.String(),
		Buckets:  make([]rpc.Bucket, len(st.Buckets)),
		Types:    valueCounts(st.ResourceTypes),
		Actions:  valueCounts(st.Actions),
		Actors:   valueCounts(st.Actors),
	}
	for i, b := range st.Buckets {
		res.Buckets[i] = rpc.Bucket{From: b.From, To: b.To, Counts: rpc.Counts(b.Counts)}
	}
	return res, nil
}

func valueCounts(counts []audit.ValueCount) []rpc.ValueCount {
	list := make([]rpc.ValueCount, len(counts))
	for i, v := range counts {
		list[i] = rpc.ValueCount(v)
	}
	return list
}
