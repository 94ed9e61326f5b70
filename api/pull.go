package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"auditlog/admit"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/pull"
	"auditlog/rpc"
)

// pull is auditLog.pull.
func (s *Server) pull(c *call) error {
	var req rpc.PullRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	r, err := c.pulling(&req.Filters, req.Cursor, req.From)
	if err == nil && req.Proof {
		err = c.mayProve(&req)
	}
	if err != nil {
		return err
	}
	r.Limit, r.Wait = req.Limit, time.Duration(req.WaitSeconds)*time.Second
	r.Reading = func(ctx context.Context) (context.Context, func(), error) {
		ctx, done := c.admitted.Until(admit.In(ctx, c.admitted))
		return ctx, done, nil
	}
	ctx, cancel := s.opts.Auth.Live(c.r.Context(), &c.principal)
	defer cancel()
	part, err := s.pulls.Pull(ctx, r)
	if err != nil {
		return err
	}
	var proofs []byte
	if req.Proof {
		computing, done := c.admitted.Until(admit.In(ctx, c.admitted))
		defer done()
		if proofs, err = c.appendProofs(computing, part.Entries); err != nil {
			return err
		}
	}
	if !ownReads(part.Entries) {
		c.note(r.Query, "a pull")
	}
	if acceptsLines(c.r) {
		h := c.w.Header()
		h.Set(rpc.HeaderCovered, fmt.Sprintf("%d-%d", part.Covered.From, part.Covered.To))
		h.Set(rpc.HeaderNewest, strconv.FormatInt(part.Newest, 10))
	}
	return c.sendItems(itemsOf(part.Entries, nil), part.Next, func(b []byte) []byte { return append(appendPart(b, &part), proofs...) })
}

// pulling returns what pull and follow have in common.
func (c *call) pulling(f *rpc.Filters, cursor string, from rpc.Start) (*pull.Request, error) {
	if err := c.authorize(f.Project); err != nil {
		return nil, err
	}
	r := &pull.Request{Query: f.Query(), Cursor: cursor, Bytes: audit.MaxPageBytes, Who: c.principal.RecordedBy()}
	if f.Project == "" {
		r.Query.Within = c.principal.Reach(c.route.permission)
	}
	if cursor != "" {
		return r, nil
	}
	var err error
	r.Start, err = c.startOf(from)
	return r, err
}

// startOf reads where a pull begins.
func (c *call) startOf(from rpc.Start) (s pull.Start, err error) {
	text := string(from)
	if text == "now" {
		return pull.Start{Now: true}, nil
	}
	if text == "" {
		return s, nil
	}
	if s.Number, err = strconv.ParseInt(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		if err != nil || s.Number < 1 {
			err = audit.FieldErrorf("from", "must be the number of an entry, from 1")
		}
		return s, err
	}
	if s.At, err = calendar.ParseTime(text, c.opts.Now(), time.UTC); err != nil {
		return s, audit.AtPath(err, "from")
	}
	s.At = s.At.UTC()
	return s, nil
}

// ownReads reports whether entries, if there are any, tell of nothing but who pulled and followed:
// those who take in the log would else go on for ever making entries about their taking in.
func ownReads(entries []*audit.Entry) bool {
	return !slices.ContainsFunc(entries, func(e *audit.Entry) bool {
		return e.RecordedBy != audit.RecordedByLog || e.Action != rpc.Pull && e.Action != rpc.Follow
	})
}

// appendPart appends what a pull answers beside the entries.
func appendPart(b []byte, part *pull.Part) []byte {
	// A cursor is base64url: nothing in it needs an escape.
	b = append(append(append(b, `,"nextCursor":"`...), part.Next...), `","covered":`...)
	b = appendRange(b, part.Covered)
	for _, list := range []struct {
		name   string
		ranges []audit.Range
	}{{"skipped", part.Skipped}, {"purged", part.Purged}, {"damaged", part.Damaged}, {"lost", part.Lost}} {
		if len(list.ranges) == 0 {
			continue
		}
		b = append(append(append(b, `,"`...), list.name...), `":[`...)
		for i, r := range list.ranges {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendRange(b, r)
		}
		b = append(b, ']')
	}
	return strconv.AppendInt(append(b, `,"newest":`...), part.Newest, 10)
}

func appendRange(b []byte, r audit.Range) []byte {
	return fmt.Appendf(b, `{"from":%d,"to":%d}`, r.From, r.To)
}

// follow is auditLog.follow. What goes wrong before the first byte is an error like any other,
// after it an event.
func (s *Server) follow(c *call) error {
	var req rpc.FollowRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	if last := c.r.Header.Get("Last-Event-ID"); last != "" {
		req.Cursor = last
	}
	if req.From == "" {
		req.From = "now"
	}
	r, err := c.pulling(&req.Filters, req.Cursor, req.From)
	if err != nil {
		return err
	}
	r.Limit, r.Bytes = followEntries, followBytes
	r.Reading = func(ctx context.Context) (context.Context, func(), error) {
		// What is held for a part goes with it: the call itself may last for days.
		admitted, err := s.opts.Door.Enter(ctx, admit.Read, c.principal.RecordedBy())
		if err != nil {
			return ctx, nil, err
		}
		ctx, done := admitted.Until(admit.In(ctx, admitted))
		return ctx, func() { done(); admitted.Leave() }, nil
	}
	ctx, cancel := s.opts.Auth.Live(c.r.Context(), &c.principal)
	defer cancel()
	e := &events{c: c}
	begun := func() error {
		c.note(r.Query, "what is recorded as it comes")
		return e.begin()
	}
	err = s.pulls.Follow(ctx, r, begun, e.emit)
	if !c.w.Begun() {
		return err
	}
	return e.end(err)
}

// followEntries and followBytes bound what is held for one who follows.
const (
	followEntries = 200
	followBytes   = 256 << 10
)

// events is an answer of server-sent events.
type events struct {
	c   *call
	buf []byte
}

// begin sends the header, so that who follows knows that it works.
func (e *events) begin() error {
	h := e.c.w.Header()
	h.Set("Content-Type", rpc.TypeEvents)
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	e.buf = append(e.buf[:0], "retry: 2000\n\n"...)
	return e.flush()
}

// emit sends an event once the next has to wait, or there is a buffer full of them.
func (e *events) emit(ev *pull.Event) error {
	name := rpc.EventEntry
	switch ev.Kind {
	case pull.Quiet:
		e.buf = append(e.buf, ": nothing new\n\n"...)
		return e.flush()
	case pull.Skipped:
		name = rpc.EventSkipped
	case pull.Purged:
		name = rpc.EventPurged
	case pull.Damaged:
		name = rpc.EventDamaged
	case pull.Lost:
		name = rpc.EventLost
	}
	e.buf = fmt.Appendf(e.buf, "id: %s\nevent: %s\ndata: ", ev.Cursor, name)
	if ev.Entry != nil {
		e.buf = ev.Entry.AppendJSON(e.buf) // of one line
	} else {
		e.buf = appendRange(e.buf, ev.Range)
	}
	e.buf = append(e.buf, "\n\n"...)
	if ev.Last || len(e.buf) >= wire.PieceBytes {
		return e.flush()
	}
	return nil
}

func (e *events) flush() error {
	_, err := e.c.w.Write(e.buf)
	e.buf = e.buf[:0]
	if err == nil {
		err = http.NewResponseController(e.c.w).Flush()
	}
	return wire.NotTaken(err)
}

// end says why nothing more comes, to whoever is still there.
func (e *events) end(err error) error {
	if e.c.r.Context().Err() != nil {
		return nil // nobody is: a write that fails ends the context as well
	}
	if err == nil {
		err = audit.Errorf(audit.Unavailable, "the server stops")
	}
	var why bytes.Buffer
	if err := wire.Encode(&why, rpc.ErrorOf(wire.FaultOf(err), e.c.w.ID)); err != nil {
		return err
	}
	e.c.w.Err = err
	e.buf = fmt.Appendf(e.buf, "event: %s\ndata: %s\n\n", rpc.EventEnd, why.Bytes())
	return e.flush()
}
