package api

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

// exchange is one request and its answer: the ResponseWriter that every handler
// writes to, and what the log line and the metrics will tell.
type exchange struct {
	http.ResponseWriter
	id       string
	idHeader [1]string // the id as the header has it
	length   [1]string // of the answer, likewise
	started  time.Time
	patience time.Duration // for the client to accept each part of the answer

	status int // 0 until the header is written
	// meant is the status that an error has, where its caller is told another: clients
	// of deploys.app read 200 alone. The log and the metrics have what is true.
	meant int
	bytes int64

	method    string // of the API, or the page; empty when neither
	principal string
	project   string
	err       error // why the answer is an error, with its internal causes
}

// WriteHeader notes the status.
func (x *exchange) WriteHeader(status int) {
	x.extendWrite()
	x.head(status)
}

// head is WriteHeader where a Write follows at once.
func (x *exchange) head(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write counts what was written.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	x.extendWrite()
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// extendWrite gives the client its time to accept what is written next. No answer
// is without: who asks and does not read would hold the connection for ever.
func (x *exchange) extendWrite() {
	// What cannot be bounded, as in a test without a connection, is not.
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Now().Add(x.patience))
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Flush is for what streams without a ResponseController.
func (x *exchange) Flush() {
	// Where it cannot be flushed now, it is when the handler returns.
	_ = http.NewResponseController(x.ResponseWriter).Flush()
}

// begin makes the exchange of a request and sets what every answer carries.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{ResponseWriter: w, id: r.Header.Get(rpc.HeaderRequestID), started: time.Now(), patience: s.opts.Patience}
	if !saneID(x.id) {
		x.id = s.idPrefix + "-" + strconv.FormatUint(s.lastID.Add(1), 10)
	}
	x.idHeader[0] = x.id
	h := w.Header()
	h[rpc.HeaderRequestID] = x.idHeader[:]
	h["X-Content-Type-Options"] = headerValues.noSniff[:]
	h["X-Frame-Options"] = headerValues.deny[:]
	h["Referrer-Policy"] = headerValues.noReferrer[:]
	h["Content-Security-Policy"] = headerValues.policy[:]
	h["Cache-Control"] = headerValues.noStore[:]
	if overTLS(r) {
		h["Strict-Transport-Security"] = headerValues.onlyTLS[:]
	}
	s.metrics.inFlight.Inc()
	s.boundRest(x, r)
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
func (s *Server) boundRest(x *exchange, r *http.Request) {
	if r.ContentLength != 0 {
		// What has no deadlines, as in a test without a connection, does without.
		_ = http.NewResponseController(x.ResponseWriter).SetReadDeadline(time.Now().Add(s.opts.Patience / 2))
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

// end closes an exchange, whether its handler returned or panicked. An answer
// that had begun when it failed is cut off, so that it cannot pass for whole.
func (s *Server) end(x *exchange, r *http.Request) {
	v := recover()
	if err, ok := v.(error); v != nil && !(ok && errors.Is(err, http.ErrAbortHandler)) {
		x.err = fmt.Errorf("panic: %v", v)
		s.opts.Log.Error().Str("id", x.id).Bytes("stack", debug.Stack()).Msgf("panic: %v", v)
		if x.status == 0 {
			s.fail(x, r, x.err)
			v = nil
		}
	}
	if x.status == 0 && v == nil {
		x.status = http.StatusOK // as net/http has it
	}
	s.metrics.finish(x)
	s.log(x, r, v != nil)
	if v != nil {
		panic(http.ErrAbortHandler)
	}
}

// maxLogged bounds each thing that a caller can put into a log line.
const maxLogged = 512

func logged(s string) string { return s[:min(len(s), maxLogged)] }

func (s *Server) log(x *exchange, r *http.Request, aborted bool) {
	event := s.opts.Log.WithLevel(x.level())
	if event == nil {
		return
	}
	// As it came: what is escaped in it does not reach a terminal.
	event.Str("id", x.id).Str("method", logged(r.Method)).Str("path", logged(r.URL.EscapedPath())).Int("status", x.truth()).
		Int64("bytes", x.bytes).Dur("duration", time.Since(x.started))
	if ip := s.opts.Auth.Address(r); ip.IsValid() {
		event.Str("ip", ip.String())
	}
	if x.principal != "" {
		event.Str("principal", x.principal)
	}
	if x.project != "" {
		event.Str("project", x.project)
	}
	if aborted {
		event.Bool("aborted", true)
	}
	if x.err != nil {
		event.Str("error", logged(x.err.Error()))
	}
	event.Msg("request")
}

// truth returns the status that the exchange had, whatever its caller was told.
func (x *exchange) truth() int { return cmp.Or(x.meant, x.status) }

// level tells requests that somebody should look at from those that are routine,
// and those from what a probe asks every few seconds.
func (x *exchange) level() zerolog.Level {
	switch {
	case x.err != nil && audit.KindOf(x.err) == audit.Internal, x.truth() >= http.StatusInternalServerError:
		return zerolog.ErrorLevel
	case x.method == "/healthz", x.method == "/readyz", x.method == "/metrics":
		return zerolog.DebugLevel
	}
	return zerolog.InfoLevel
}
