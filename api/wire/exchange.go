package wire

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"auditlog/audit"
	"auditlog/rpc"
)

// Exchange is one request and its answer: the ResponseWriter that every handler
// writes to, and what the log line and the metrics will tell.
type Exchange struct {
	http.ResponseWriter
	// Request is the request as it came.
	Request *http.Request
	// ID names the exchange in the answer and in the log line.
	ID string
	// Method is of the API, or the page; empty when neither.
	Method string
	// Principal and Project are whose call it is and what it concerns, where that is known.
	Principal, Project string
	// Err is why the answer is an error, with its internal causes.
	Err error
	// Started is when it began.
	Started time.Time

	wire     *Wire
	idHeader [1]string // the id as the header has it
	length   [1]string // of the answer, likewise
	status   int       // 0 until the header is written
	// meant is the status that an error has, where its caller is told another: clients
	// of deploys.app read 200 alone. The log and the metrics have what is true.
	meant int
	bytes int64
}

// Begun reports whether some of the answer was sent.
func (x *Exchange) Begun() bool { return x.status != 0 }

// WriteHeader notes the status.
func (x *Exchange) WriteHeader(status int) {
	x.extendWrite()
	x.head(status)
}

// head is WriteHeader where a Write follows at once.
func (x *Exchange) head(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// writePiece is how much of an answer a client has to accept at least while it is waited for: who
// reads slowly, and goes on to, is answered to the end.
const writePiece = 128 << 10

// Write counts what was written.
func (x *Exchange) Write(b []byte) (written int, err error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	for first := true; err == nil && (first || written < len(b)); first = false {
		x.extendWrite()
		n := 0
		n, err = x.ResponseWriter.Write(b[written:min(len(b), written+writePiece)])
		written += n
	}
	x.bytes += int64(written)
	return written, err
}

// extendWrite gives the client its time to accept what is written next. No answer
// is without: who asks and does not read would hold the connection for ever.
func (x *Exchange) extendWrite() {
	// What cannot be bounded, as in a test without a connection, is not.
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Now().Add(x.wire.opts.Patience))
}

// Unwrap lets http.ResponseController reach the connection.
func (x *Exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Flush is for what streams without a ResponseController.
func (x *Exchange) Flush() {
	// Where it cannot be flushed now, it is when the handler returns.
	_ = http.NewResponseController(x.ResponseWriter).Flush()
}

// Begin makes the exchange of a request and sets what every answer carries.
func (w *Wire) Begin(to http.ResponseWriter, r *http.Request) *Exchange {
	x := &Exchange{ResponseWriter: to, Request: r, ID: r.Header.Get(rpc.HeaderRequestID), Started: time.Now(), wire: w}
	if !saneID(x.ID) {
		x.ID = w.prefix + "-" + strconv.FormatUint(w.last.Add(1), 10)
	}
	x.idHeader[0] = x.ID
	h := to.Header()
	h[rpc.HeaderRequestID] = x.idHeader[:]
	h["X-Content-Type-Options"] = headerValues.noSniff[:]
	h["X-Frame-Options"] = headerValues.deny[:]
	h["Referrer-Policy"] = headerValues.noReferrer[:]
	h["Content-Security-Policy"] = headerValues.policy[:]
	h["Cache-Control"] = headerValues.noStore[:]
	if overTLS(r) {
		h["Strict-Transport-Security"] = headerValues.onlyTLS[:]
	}
	x.boundRest()
	return x
}

// headerValues are what answers have in common, in the form that headers take it,
// so that no answer allocates it. Nobody changes a header's value in its place.
var headerValues = struct{ noSniff, deny, noReferrer, policy, noStore, json, vary, onlyTLS [1]string }{
	noSniff:    [1]string{"nosniff"},
	deny:       [1]string{"DENY"},
	noReferrer: [1]string{"no-referrer"},
	policy:     [1]string{"default-src 'none'; frame-ancestors 'none'"},
	noStore:    [1]string{"no-store"},
	json:       [1]string{rpc.TypeJSON},
	vary:       [1]string{"Accept-Encoding"},
	onlyTLS:    [1]string{"max-age=31536000"},
}

// overTLS reports whether a client speaks TLS, to this process or to a proxy before it.
// Who says so and does not is told to do so from now on, which harms nobody else.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// boundRest bounds how long what no handler reads of a body can hold the answer
// up: net/http awaits it first, and there must be time left to answer.
func (x *Exchange) boundRest() {
	if x.Request.ContentLength != 0 {
		// What has no deadlines, as in a test without a connection, does without.
		_ = http.NewResponseController(x.ResponseWriter).SetReadDeadline(time.Now().Add(x.wire.opts.Patience / 2))
	}
}

// saneID reports whether a request id from outside can stand in a log line and
// a header as it is.
func saneID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

// Settle closes an exchange, whether its handler returned or panicked, with v. It answers where
// nothing was sent, and reports whether the answer is to be cut off: one that had begun when it
// failed must not pass for whole.
func (x *Exchange) Settle(v any) (aborted bool) {
	if err, ok := v.(error); v != nil && !(ok && errors.Is(err, http.ErrAbortHandler)) {
		x.Err = fmt.Errorf("panic: %v", v)
		x.wire.opts.Log.Error().Str("id", x.ID).Bytes("stack", debug.Stack()).Msgf("panic: %v", v)
		if !x.Begun() {
			x.Fail(x.Err)
			v = nil
		}
	}
	if !x.Begun() && v == nil {
		x.status = http.StatusOK // as net/http has it
	}
	return v != nil
}

// maxLogged bounds each thing that a caller can put into a log line.
const maxLogged = 512

// Logged returns as much of what a caller sent as may stand in a log line.
func Logged(s string) string { return s[:min(len(s), maxLogged)] }

// Log writes the line of an exchange that ended.
func (x *Exchange) Log(aborted bool) {
	event := x.wire.opts.Log.WithLevel(x.level())
	if event == nil {
		return
	}
	r := x.Request
	// As it came: what is escaped in it does not reach a terminal.
	event.Str("id", x.ID).Str("method", Logged(r.Method)).Str("path", Logged(r.URL.EscapedPath())).Int("status", x.Truth()).
		Int64("bytes", x.bytes).Dur("duration", time.Since(x.Started))
	if ip := x.wire.opts.From(r); ip.IsValid() {
		event.Str("ip", ip.String())
	}
	if x.Principal != "" {
		event.Str("principal", x.Principal)
	}
	if x.Project != "" {
		event.Str("project", x.Project)
	}
	if aborted {
		event.Bool("aborted", true)
	}
	if x.Err != nil {
		event.Str("error", Logged(x.Err.Error()))
	}
	event.Msg("request")
}

// Truth returns the status that the exchange had, whatever its caller was told.
func (x *Exchange) Truth() int { return cmp.Or(x.meant, x.status) }

// level tells requests that somebody should look at from those that are routine,
// and those from what a probe asks every few seconds.
func (x *Exchange) level() zerolog.Level {
	switch {
	case x.Err != nil && audit.KindOf(x.Err) == audit.Internal, x.Truth() >= http.StatusInternalServerError:
		return zerolog.ErrorLevel
	case x.Method == "/healthz", x.Method == "/readyz", x.Method == "/metrics":
		return zerolog.DebugLevel
	}
	return zerolog.InfoLevel
}
