package api

import (
	"mime"
	"net/http"
	"strconv"
	"time"

	"auditlog/api/intake"
	"auditlog/api/strict"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/rpc"
)

// recordsStream reports whether the body is NDJSON.
func (c *call) recordsStream() bool {
	header := c.r.Header.Get("Content-Type")
	if header == rpc.TypeJSON {
		return false
	}
	t, _, err := mime.ParseMediaType(header)
	return err == nil && rpc.IsNDJSON(t)
}

// record is auditLog.record: NDJSON where the content type says so, else JSON
// whatever it says, for curl says application/x-www-form-urlencoded.
func (s *Server) record(c *call) error {
	buf := c.w.Buffer()
	defer buf.Free()
	if c.recordsStream() {
		return c.recordStream(buf)
	}
	entries, single, err := c.entries.Read(c.intake(), buf)
	if err != nil {
		return err
	}
	result, err := c.recordBatch(entries)
	if err == nil && single && result.Entries[0].Conflict {
		return audit.ErrKeyTaken(result.Entries[0].ID)
	}
	if err != nil {
		if single {
			return strict.OfBody(audit.MoveItem(err, func(int) audit.Item { return audit.Item{} }))
		}
		return err
	}
	buf.B = appendRecorded(buf.B[:0], result)
	c.w.Send(http.StatusOK, buf.B)
	return nil
}

// intake returns what is read of this call's body.
func (c *call) intake() *intake.Call {
	return &intake.Call{Exchange: c.w, Admitted: c.admitted, Authorized: func() error { return c.authorize("") }}
}

// recordStream records a stream of any length. What comes before the first chunk
// with a fault is in the log, and the answer says how much that is.
func (c *call) recordStream(buf *wire.Buffer) error {
	sum, err := c.entries.Stream(c.intake(), buf, c.recordBatch)
	switch {
	case sum == nil:
		return err
	case err != nil:
		return &partial{err: err, done: *sum}
	}
	buf.B = appendRecorded(buf.B[:0], sum)
	c.w.Send(http.StatusOK, buf.B)
	return nil
}

// partial is the error of a stream of which some is in the log.
type partial struct {
	err  error
	done rpc.RecordResult
}

func (p *partial) Error() string { return p.err.Error() }
func (p *partial) Unwrap() error { return p.err }

// recordBatch records entries, all or none, except those of read-only calls,
// which it counts.
func (c *call) recordBatch(entries []*audit.Entry) (*rpc.RecordResult, error) {
	if err := c.authorizeEntries(entries); err != nil {
		return nil, err
	}
	for _, e := range entries {
		e.RecordedBy = c.principal.RecordedBy()
	}
	result := &rpc.RecordResult{Entries: make([]rpc.Recorded, len(entries))}
	kept, places := c.readOnly.Filter(entries)
	for i := range entries {
		result.Entries[i].Skipped = true
	}
	result.Skipped = int64(len(entries) - len(kept))
	started := time.Now()
	standing := func() error { return c.opts.Auth.StandingOf(c.r, &c.principal) }
	recorded, err := c.opts.Store.Record(audit.WithStanding(c.r.Context(), standing), kept)
	if err != nil {
		return nil, audit.MoveItem(err, func(i int) audit.Item { return audit.EntryAt(places.Of(i)) })
	}
	took := time.Since(started)
	conflicts := c.newConflicts()
	for i, r := range recorded {
		if r.Conflict {
			conflicts.add(kept[i], r.ID)
			r.Conflict, r.Duplicate = !conflicts.hidden, conflicts.hidden
		}
		result.Entries[places.Of(i)] = rpc.Recorded{ID: r.ID, Duplicate: r.Duplicate, Conflict: r.Conflict}
		switch {
		case r.Conflict:
			result.Conflicts++
			continue
		case r.Duplicate:
			result.Duplicates++
			continue
		}
		result.Recorded++
		if result.FirstID == 0 {
			result.FirstID = r.ID
		}
		result.LastID = r.ID
	}
	conflicts.tell()
	c.metrics.Recorded(result, took)
	return result, nil
}

// authorizeEntries checks the permission for every project that is recorded to.
func (c *call) authorizeEntries(entries []*audit.Entry) error {
	var checked map[string]bool
	for i, e := range entries {
		if i > 0 && (e.Project == entries[i-1].Project || checked[e.Project]) {
			continue
		}
		err := c.authorize(e.Project)
		if audit.KindOf(err) == audit.Invalid {
			return audit.AtItem(err, audit.EntryAt(i))
		}
		if err != nil {
			return err
		}
		if len(entries) > 1 {
			if checked == nil {
				checked = make(map[string]bool)
			}
			checked[e.Project] = true
		}
	}
	return nil
}

// appendRecorded appends the answer to auditLog.record.
func appendRecorded(b []byte, r *rpc.RecordResult) []byte {
	b = append(b, `{"ok":true,"result":{"recorded":`...)
	b = strconv.AppendInt(b, r.Recorded, 10)
	b = append(b, `,"duplicates":`...)
	b = strconv.AppendInt(b, r.Duplicates, 10)
	if r.Conflicts > 0 {
		b = append(b, `,"conflicts":`...)
		b = strconv.AppendInt(b, r.Conflicts, 10)
	}
	b = append(b, `,"skipped":`...)
	b = strconv.AppendInt(b, r.Skipped, 10)
	if r.Recorded > 0 {
		b = append(b, `,"firstId":`...)
		b = strconv.AppendInt(b, r.FirstID, 10)
		b = append(b, `,"lastId":`...)
		b = strconv.AppendInt(b, r.LastID, 10)
	}
	for i := range r.Entries {
		if i == 0 {
			b = append(b, `,"entries":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendOne(b, &r.Entries[i])
	}
	if len(r.Entries) > 0 {
		b = append(b, ']')
	}
	for i, c := range r.ConflictLines {
		if i == 0 {
			b = append(b, `,"conflictLines":[`...)
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"line":`...), int64(c.Line), 10)
		b = append(strconv.AppendInt(append(b, `,"id":`...), c.ID, 10), '}')
	}
	if len(r.ConflictLines) > 0 {
		b = append(b, ']')
	}
	return append(b, "}}\n"...)
}

func appendOne(b []byte, r *rpc.Recorded) []byte {
	if r.Skipped {
		return append(b, `{"skipped":true}`...)
	}
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, r.ID, 10)
	if r.Duplicate {
		b = append(b, `,"duplicate":true`...)
	}
	if r.Conflict {
		b = append(b, `,"conflict":true`...)
	}
	return append(b, '}')
}
