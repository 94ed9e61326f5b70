package client

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"auditlog/audit"
)

// Middleware records the calls of a net/http service that may change its state:
// all but GET, HEAD and OPTIONS. Its fields are not to be changed once Wrap was
// called.
//
// With Queue set, a service never waits for the log and never fails because of
// it. What cannot be recorded is dropped, counted and reported by the Queue.
//
// With FailClosed set, a service acts only on the record:
//
//   - Before the handler runs, an entry that the call begins is on the log's disk:
//     it has the call's action with ".begin" behind it. When that cannot be
//     recorded the handler does not run, and the caller is answered 503.
//   - Before anything of the response is sent, its status included, the entry of
//     the call with its outcome is on the log's disk, and names the id of the
//     first in its metadata as "begin". When that cannot be recorded the response
//     is withheld and the caller is answered 503: the call has begun, and neither
//     the caller nor the log knows how it ended.
//
// So no call changes anything without at least the entry of its beginning, and
// nobody has an answer that the log does not have. The price is two waits for
// the log in every call.
type Middleware struct {
	// Describe says what a call is: at least project, actor.email, action and
	// resource.type, and whatever else is known before the call. It is called
	// before the handler and must not read the body. When it returns false the
	// call is not recorded. To name calls by their route, wrap the handler of each
	// route, where r.Pattern is known, rather than the mux. Required.
	Describe func(r *http.Request) (audit.Entry, bool)

	// Queue takes the entries, unless FailClosed is set.
	Queue *Queue
	// FailClosed is the log to wait for.
	FailClosed *Client
	// Timeout bounds each of the waits for FailClosed; 10 s when 0.
	Timeout time.Duration
	// Refuse answers, with status 503, what FailClosed holds back; a line of text
	// when nil.
	Refuse http.Handler
	// OnError, unless nil, is told why FailClosed holds something back.
	OnError func(e audit.Entry, err error)

	// ClientIP finds the address of who calls; r.RemoteAddr when nil. Only who
	// knows the proxies in front of the service can believe what they say.
	ClientIP func(r *http.Request) string
}

// Wrap returns a handler that records the calls of next.
//
// An entry that Describe left without them gets the caller's address, its user
// agent and X-Request-Id, the time at which the call came in, a line of detail,
// and the outcome that the response's status stands for: forbidden for 403, error
// for any other of 400 and above and for a panic, else success.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	if m.Describe == nil || m.Queue == nil && m.FailClosed == nil {
		panic("client: a Middleware needs Describe, and Queue or FailClosed")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			next.ServeHTTP(w, r)
			return
		}
		e, ok := m.Describe(r)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		m.complete(&e, r)
		m.serve(next, w, r, e)
	})
}

func (m *Middleware) serve(next http.Handler, w http.ResponseWriter, r *http.Request, e audit.Entry) {
	c := &recorded{m: m, w: w, r: r, entry: e}
	if m.FailClosed != nil {
		if err := c.begin(); err != nil {
			m.refuse(w, r)
			return
		}
		c.header = w.Header().Clone()
	}
	returned := false
	// Not recover: the panic goes its way, and its trace with it.
	defer func() { c.end(!returned) }()
	next.ServeHTTP(c, r.WithContext(context.WithValue(r.Context(), amendKey{}, c)))
	returned = true
}

// complete adds what is known of every call.
func (m *Middleware) complete(e *audit.Entry, r *http.Request) {
	if e.CreatedAt.IsZero() {
		e.CreatedAt = time.Now()
	}
	if e.Request.IP == "" {
		e.Request.IP = m.clientIP(r)
	}
	if e.Request.UserAgent == "" {
		e.Request.UserAgent = r.UserAgent()
	}
	if e.Request.ID == "" {
		e.Request.ID = r.Header.Get("X-Request-Id")
	}
}

func (m *Middleware) clientIP(r *http.Request) string {
	if m.ClientIP != nil {
		return m.ClientIP(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (m *Middleware) refuse(w http.ResponseWriter, r *http.Request) {
	if m.Refuse != nil {
		m.Refuse.ServeHTTP(w, r)
		return
	}
	http.Error(w, "the audit log is unavailable", http.StatusServiceUnavailable)
}

type amendKey struct{}

// Amend lets a handler complete the entry of the call that it serves, with what
// is known only now, such as the id of what it made or what it changed. A handler
// whose status does not tell the outcome sets it here. Amend reports false, and
// does not call change, when no entry of the call is to come: it is not recorded,
// or has been already.
func Amend(ctx context.Context, change func(*audit.Entry)) bool {
	c, ok := ctx.Value(amendKey{}).(*recorded)
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.done {
		change(&c.entry)
	}
	return !c.done
}

// recorded is a call on its way to be an entry, and the http.ResponseWriter of
// its handler.
type recorded struct {
	m *Middleware
	w http.ResponseWriter
	r *http.Request

	status   int         // of the response; 0 until the handler says
	header   http.Header // of the response, as it was before the handler
	withheld bool        // the handler's response goes nowhere
	begun    int64       // the id of the entry of the beginning

	mu    sync.Mutex // guards what follows
	entry audit.Entry
	done  bool // entry is recorded, or given up
}

// begin records that the call begins.
func (c *recorded) begin() error {
	e := c.entry
	e.Action += ".begin"
	e.Outcome = audit.Success
	e.Detail = c.line("begun")
	if e.Key != "" {
		e.Key += ".begin"
	}
	res, err := c.record(e)
	if err == nil && len(res.Entries) == 1 {
		c.begun = res.Entries[0].ID
	}
	return err
}

// end records the call, unless that is done, and sends a response that was left
// to be implied.
func (c *recorded) end(panicked bool) {
	if c.m.FailClosed == nil {
		e, _ := c.take(panicked)
		c.m.Queue.Add(e)
		return
	}
	if !panicked {
		c.release(http.StatusOK)
	} else if e, ok := c.take(panicked); ok {
		c.record(e) // its error is reported, and there is no response to hold back
	}
}

// release records the call before the first byte of its response, and reports
// whether the response may be sent.
func (c *recorded) release(status int) bool {
	if c.status == 0 {
		c.status = status
	}
	if c.m.FailClosed == nil {
		return true
	}
	e, ok := c.take(false)
	if !ok {
		return !c.withheld
	}
	if _, err := c.record(e); err != nil {
		h := c.w.Header()
		clear(h)
		for k, v := range c.header {
			h[k] = v
		}
		c.withheld = true
		c.header = http.Header{}
		c.m.refuse(c.w, c.r)
		return false
	}
	return true
}

// take returns the finished entry, once.
func (c *recorded) take(panicked bool) (audit.Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return audit.Entry{}, false
	}
	c.done = true
	e := c.entry
	status := c.status
	if status == 0 {
		status = http.StatusOK
	}
	if panicked {
		e.Outcome = audit.Error
	} else if e.Outcome == "" {
		e.Outcome = outcomeOf(status)
	}
	if e.Detail == "" && panicked {
		e.Detail = c.line("the handler panicked")
	} else if e.Detail == "" {
		e.Detail = c.line(strconv.Itoa(status) + " " + http.StatusText(status))
	}
	if c.begun != 0 {
		metadata := map[string]string{"begin": strconv.FormatInt(c.begun, 10)}
		for k, v := range e.Metadata {
			metadata[k] = v
		}
		e.Metadata = metadata
	}
	return e, true
}

// line says what the call was, in words for people, without its query, which may
// hold what nobody should read.
func (c *recorded) line(end string) string {
	return fmt.Sprintf("%s %s: %s", c.r.Method, c.r.URL.Path, end)
}

func outcomeOf(status int) audit.Outcome {
	switch {
	case status == http.StatusForbidden:
		return audit.Forbidden
	case status >= 400:
		return audit.Error
	}
	return audit.Success
}
