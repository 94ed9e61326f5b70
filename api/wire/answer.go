package wire

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

// Answer sends a result in its envelope.
func (x *Exchange) Answer(result any) error {
	var b bytes.Buffer
	b.WriteString(`{"ok":true,"result":`)
	if err := Encode(&b, result); err != nil {
		return err
	}
	b.WriteString("}\n")
	x.Send(http.StatusOK, b.Bytes())
	return nil
}

// Encode appends v as JSON, without the escapes that only a page needs.
func Encode(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	return nil
}

// Send writes a whole answer of JSON.
func (x *Exchange) Send(status int, body []byte) { x.sendAs(headerValues.json[:], status, body) }

// sendAs writes a whole answer of a type.
func (x *Exchange) sendAs(contentType []string, status int, body []byte) {
	h := x.Header()
	h["Content-Type"] = contentType
	if vary := h["Vary"]; vary == nil {
		h["Vary"] = headerValues.vary[:]
	} else { // of a handler around this one
		h["Vary"] = append(vary, headerValues.vary[:]...)
	}
	if x.wantsGzip(len(body)) {
		buf := x.Buffer()
		defer buf.Free()
		body = x.wire.compress(buf, body)
		h.Set("Content-Encoding", "gzip")
	}
	if len(body) > keptTogether { // or net/http will count them itself
		x.length[0] = strconv.Itoa(len(body))
		h["Content-Length"] = x.length[:]
	}
	x.head(status)
	x.write(body)
}

// SendFile writes a whole answer of a type as it is, for as long a use as cache says.
func (x *Exchange) SendFile(contentType, cache string, body []byte) {
	h := x.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", cache)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.head(http.StatusOK)
	x.write(body)
}

// Fail answers with an error.
func (x *Exchange) Fail(err error) {
	f := FaultOf(err)
	status := rpc.Status(f.Kind)
	if x.Request.Context().Err() != nil && f.Kind == audit.Internal {
		status = rpc.StatusGone
		err = fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the client went away"), err)
	}
	x.FailStatus(status, err)
}

// FaultOf returns what the caller is told of err.
func FaultOf(err error) *audit.Fault {
	if f, ok := errors.AsType[*audit.Fault](err); ok {
		return f
	}
	return &audit.Fault{Kind: audit.Internal, Message: "internal error: the log line with this requestId says more"}
}

// FailStatus answers with an error under a status that need not be its kind's. An
// answer that has begun is cut off instead: it must not pass for whole.
func (x *Exchange) FailStatus(status int, err error) {
	x.Err = err
	if x.Begun() {
		panic(http.ErrAbortHandler)
	}
	x.boundRest()
	h := x.Header()
	switch FaultOf(err).Kind {
	case audit.Unauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="auditlog"`)
	case audit.RateLimited, audit.Unavailable:
		h.Set("Retry-After", retryAfter(err))
	}
	told, answer := x.wire.opts.Told(x, status, err)
	if told != status {
		x.meant = status
	}
	var b bytes.Buffer
	if err := Encode(&b, answer); err != nil {
		panic(err) // strings and numbers alone: there is nothing to fail
	}
	b.WriteByte('\n')
	x.Send(told, b.Bytes())
}

// retryAfter returns how many seconds a client should wait.
func retryAfter(err error) string {
	var limited interface{ RetryAfter() time.Duration }
	if errors.As(err, &limited) {
		return strconv.Itoa(int(limited.RetryAfter()/time.Second) + 1)
	}
	return "1"
}
