package api

import (
	"net/http"

	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/store"
)

// list is auditLog.list.
func (s *Server) list(c *call) error {
	var req rpc.ListRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	l, err := c.listing(&req)
	if err != nil {
		return err
	}
	page, err := s.opts.Store.List(c.r.Context(), l)
	if err != nil {
		return err
	}
	buf := s.buffers.get()
	defer s.buffers.put(buf)
	buf.b = appendPage(buf.b, page)
	s.send(c.w, c.r, http.StatusOK, buf.b)
	return nil
}

func (c *call) listing(req *rpc.ListRequest) (store.Listing, error) {
	q, text, err := c.query(&req.Query)
	if err != nil {
		return store.Listing{}, err
	}
	l := store.Listing{Query: q, Text: text, Limit: req.Limit, Cursor: req.Cursor}
	if deploys(c.r) {
		// Their own API takes any limit for the nearest one that it has.
		l.Limit = min(max(l.Limit, 0), store.MaxLimit)
	}
	return l, nil
}

// query turns the filters of a request into a query that the caller may make.
func (c *call) query(w *rpc.Query) (audit.Query, store.Text, error) {
	if err := c.authorize(w.Project); err != nil {
		return audit.Query{}, nil, err
	}
	q, err := w.Query()
	if err != nil || q.Text == "" {
		return q, nil, err
	}
	if c.opts.Search == nil {
		return q, nil, &audit.Fault{Kind: audit.Unavailable, Path: "q", Message: "full-text search is not available"}
	}
	text, err := c.opts.Search(q.Text)
	return q, text, err
}

func appendPage(b []byte, page store.Page) []byte {
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
	buf := s.buffers.get()
	defer s.buffers.put(buf)
	buf.b = append(buf.b, `{"ok":true,"result":`...)
	buf.b = append(e.AppendJSON(buf.b), "}\n"...)
	s.send(c.w, c.r, http.StatusOK, buf.b)
	return nil
}

// stats is auditLog.stats.
func (s *Server) stats(c *call, req *rpc.StatsRequest) (*rpc.StatsResult, error) {
	q, text, err := c.query(&req.Query)
	if err != nil {
		return nil, err
	}
	step, bounds, err := s.bars(req, &q)
	if err != nil {
		return nil, err
	}
	st, err := s.opts.Store.Stats(c.r.Context(), store.Counting{Query: q, Text: text, Bounds: bounds})
	if err != nil {
		return nil, err
	}
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
		res.Buckets[i] = rpc.Bucket{From: b.From, To: b.To, Counts: rpc.Counts(b.Outcomes)}
	}
	return res, nil
}

func valueCounts(counts []store.ValueCount) []rpc.ValueCount {
	list := make([]rpc.ValueCount, len(counts))
	for i, v := range counts {
		list[i] = rpc.ValueCount(v)
	}
	return list
}
