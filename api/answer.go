package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// send writes a whole answer of JSON.
func (s *Server) send(x *exchange, r *http.Request, status int, body []byte) {
	s.sendAs(headerValues.json[:], x, r, status, body)
}

// sendAs writes a whole answer of a type.
func (s *Server) sendAs(contentType []string, x *exchange, r *http.Request, status int, body []byte) {
	h := x.Header()
	h["Content-Type"] = contentType
	if vary := h["Vary"]; vary == nil {
		h["Vary"] = headerValues.vary[:]
	} else { // of a handler around this one
		h["Vary"] = append(vary, headerValues.vary[:]...)
	}
	if wantsGzip(r, len(body)) {
		buf := s.buffers.get()
		defer s.buffers.put(buf)
		body = s.compress(buf, body)
		h.Set("Content-Encoding", "gzip")
	}
	if len(body) > keptTogether { // or net/http will count them itself
		x.length[0] = strconv.Itoa(len(body))
		h["Content-Length"] = x.length[:]
	}
	x.head(status)
	s.write(x, r, body)
}

// fail answers with an error.
func (s *Server) fail(x *exchange, r *http.Request, err error) {
	f := faultOf(err)
	status := rpc.Status(f.Kind)
	if r.Context().Err() != nil && f.Kind == audit.Internal {
		status = statusGone
		err = fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the client went away"), err)
	}
	s.failStatus(x, r, status, err)
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

// failStatus answers with an error under a status that need not be its kind's. An
// answer that has begun is cut off instead: it must not pass for whole.
func (s *Server) failStatus(x *exchange, r *http.Request, status int, err error) {
	x.err = err
	if x.status != 0 {
		panic(http.ErrAbortHandler)
	}
	s.boundRest(x, r)
	f := faultOf(err)
	h := x.Header()
	switch f.Kind {
	case audit.Unauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="auditlog"`)
	case audit.RateLimited, audit.Unavailable:
		h.Set("Retry-After", retryAfter(err))
	}
	body := rpc.Answer[rpc.RecordResult]{Error: rpc.ErrorOf(f, x.id)}
	if e := (*audit.Exceeded)(nil); errors.As(err, &e) {
		body.Error.Limit = e.Limit.Name
	}
	if p := (*partial)(nil); errors.As(err, &p) {
		body.Result = &p.done
	}
	var answer any = body
	if deploys(r) {
		x.meant = status
		status, answer = http.StatusOK, deploysAnswer(f, x)
	}
	var b bytes.Buffer
	if err := encode(&b, answer); err != nil {
		panic(err) // strings and numbers alone: there is nothing to fail
	}
	b.WriteByte('\n')
	s.send(x, r, status, b.Bytes())
}

// retryAfter returns how many seconds a client should wait.
func retryAfter(err error) string {
	var limited interface{ RetryAfter() time.Duration }
	if errors.As(err, &limited) {
		return strconv.Itoa(int(limited.RetryAfter()/time.Second) + 1)
	}
	return "1"
}
