package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// answer sends a result in its envelope.
func (c *call) answer(result any) error {
	var b bytes.Buffer
	b.WriteString(`{"ok":true,"result":`)
	if err := encode(&b, result); err != nil {
		return err
	}
	b.WriteString("}\n")
	c.send(c.w, c.r, http.StatusOK, b.Bytes())
	return nil
}

// encode appends v as JSON, without the escapes that only a page needs.
func encode(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	return nil
}

// send writes a whole answer of JSON. The client has BodyPatience to accept it.
func (s *Server) send(x *exchange, r *http.Request, status int, body []byte) {
	h := x.Header()
	h.Set("Content-Type", rpc.TypeJSON)
	x.extendWrite(s.opts.BodyPatience)
	h.Add("Vary", "Accept-Encoding")
	if wantsGzip(r, len(body)) {
		buf := s.buffers.get()
		defer s.buffers.put(buf)
		body = s.compress(buf, body)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.WriteHeader(status)
	// Who is gone gets no answer; the log line has the status that was meant.
	_, _ = x.Write(body)
}

// extendWrite gives the client time to accept what is written next.
func (x *exchange) extendWrite(patience time.Duration) {
	// What cannot be bounded, as in a test without a connection, is not.
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Now().Add(patience))
}

// fail answers with an error.
func (s *Server) fail(x *exchange, r *http.Request, err error) {
	s.failWith(x, r, err, nil)
}

// failStatus answers with an error under a status that is not its kind's.
func (s *Server) failStatus(x *exchange, r *http.Request, status int, err error) {
	x.err = err
	s.sendFault(x, r, status, faultOf(err), nil)
}

// failWith answers with an error and, where some of the work is done already, a
// result beside it.
func (s *Server) failWith(x *exchange, r *http.Request, err error, result *rpc.RecordResult) {
	x.err = err
	f := faultOf(err)
	status := rpc.Status(f.Kind)
	if r.Context().Err() != nil && f.Kind == audit.Internal {
		status = statusGone
		x.err = audit.Errorf(audit.Unavailable, "the client went away: %v", err)
	}
	s.sendFault(x, r, status, f, result)
}

// statusGone stands in the log for a client that did not wait for its answer.
const statusGone = 499

// faultOf returns what the caller is told of err.
func faultOf(err error) *audit.Fault {
	var f *audit.Fault
	if errors.As(err, &f) {
		return f
	}
	return &audit.Fault{Kind: audit.Internal, Message: "internal error: the log line with this requestId says more"}
}

func (s *Server) sendFault(x *exchange, r *http.Request, status int, f *audit.Fault, result *rpc.RecordResult) {
	if x.status != 0 {
		panic(http.ErrAbortHandler) // too late for an answer: a cut one must not pass for whole
	}
	h := x.Header()
	switch f.Kind {
	case audit.Unauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="auditlog"`)
	case audit.RateLimited, audit.Unavailable:
		if h.Get("Retry-After") == "" {
			h.Set("Retry-After", "1")
		}
	}
	var answer any = rpc.Answer[rpc.RecordResult]{Result: result, Error: rpc.ErrorOf(f, x.id)}
	if deploys(r) {
		status, answer = http.StatusOK, deploysAnswer(f, x)
	}
	var b bytes.Buffer
	if err := encode(&b, answer); err != nil {
		panic(err) // strings and numbers alone: there is nothing to fail
	}
	b.WriteByte('\n')
	s.send(x, r, status, b.Bytes())
}
