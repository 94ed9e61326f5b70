package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

// describe names calls for the tests; calls to /quiet are not recorded.
func describe(r *http.Request) (audit.Entry, bool) {
	return audit.Entry{
		Project:  "acme",
		Actor:    audit.Actor{Email: r.Header.Get("X-User")},
		Action:   "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", ID: r.URL.Path},
	}, r.URL.Path != "/quiet"
}

func newCall(method, path string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader("body"))
	r.Header.Set("X-User", "ada@example.com")
	r.Header.Set("X-Request-Id", "r1")
	r.Header.Set("User-Agent", "test/1")
	return r
}

func TestMiddleware(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
	}
	tests := map[string]struct {
		method, path string
		handler      http.HandlerFunc
		outcome      audit.Outcome // empty: no entry
		detail       string
	}{
		"get":             {"GET", "/web", status(500), "", ""},
		"head":            {"HEAD", "/web", status(500), "", ""},
		"options":         {"OPTIONS", "/web", status(500), "", ""},
		"vetoed":          {"POST", "/quiet", status(200), "", ""},
		"post":            {"POST", "/web?secret=1", status(201), audit.Success, "POST /web: 201 Created"},
		"put":             {"PUT", "/web", status(204), audit.Success, "PUT /web: 204 No Content"},
		"patch":           {"PATCH", "/web", status(303), audit.Success, "PATCH /web: 303 See Other"},
		"forbidden":       {"DELETE", "/web", status(403), audit.Forbidden, "DELETE /web: 403 Forbidden"},
		"unauthorized":    {"DELETE", "/web", status(401), audit.Error, "DELETE /web: 401 Unauthorized"},
		"not found":       {"DELETE", "/web", status(404), audit.Error, "DELETE /web: 404 Not Found"},
		"failed":          {"DELETE", "/web", status(502), audit.Error, "DELETE /web: 502 Bad Gateway"},
		"nothing written": {"POST", "/web", func(http.ResponseWriter, *http.Request) {}, audit.Success, "POST /web: 200 OK"},
		"body only": {"POST", "/web", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "done")
		}, audit.Success, "POST /web: 200 OK"},
		"the first status counts": {"POST", "/web", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(409)
			io.WriteString(w, "conflict")
		}, audit.Error, "POST /web: 409 Conflict"},
		"amended": {"POST", "/web", func(w http.ResponseWriter, r *http.Request) {
			Amend(r.Context(), func(e *audit.Entry) { e.Outcome, e.Detail = audit.Forbidden, "No quota left" })
		}, audit.Forbidden, "No quota left"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, closed := range []bool{false, true} {
				log, c := newFakeLog(t)
				m := &Middleware{Describe: describe}
				if closed {
					m.FailClosed = c
				} else {
					m.Queue = c.NewQueue(QueueConfig{})
				}
				m.Wrap(tt.handler).ServeHTTP(httptest.NewRecorder(), newCall(tt.method, tt.path))
				if !closed {
					if err := m.Queue.Close(t.Context()); err != nil || m.Queue.Dropped() != 0 {
						t.Fatalf("close: %v, %d dropped", err, m.Queue.Dropped())
					}
				}
				got := log.recorded()
				if closed && tt.outcome != "" {
					checkBegin(t, got)
					got = got[1:]
				}
				checkEntry(t, got, tt.outcome, tt.detail)
			}
		})
	}
}

// checkEntry checks that got is the one entry of a call that newCall made, or
// none when outcome is empty.
func checkEntry(t *testing.T, got []audit.Entry, outcome audit.Outcome, detail string) {
	t.Helper()
	if outcome == "" && len(got) == 0 {
		return
	}
	if len(got) != 1 || got[0].Outcome != outcome || got[0].Detail != detail {
		t.Fatalf("recorded %+v; want outcome %q and detail %q", got, outcome, detail)
	}
	e := got[0]
	if want := (audit.Request{IP: "192.0.2.1", UserAgent: "test/1", ID: "r1"}); e.Request != want {
		t.Errorf("the request is %+v", e.Request)
	}
	if e.Actor != (audit.Actor{Email: "ada@example.com", Type: audit.User}) || e.Project != "acme" || e.CreatedAt.IsZero() {
		t.Errorf("the entry is %+v", e)
	}
}

func checkBegin(t *testing.T, got []audit.Entry) {
	t.Helper()
	if len(got) == 0 || got[0].Action != "deployment.deploy.begin" || got[0].Outcome != audit.Success {
		t.Fatalf("recorded %+v; want a beginning first", got)
	}
	if len(got) > 1 && got[1].Metadata["begin"] != "1" {
		t.Errorf("the second entry names the first as %q", got[1].Metadata["begin"])
	}
}

func TestPanicsAreRecorded(t *testing.T) {
	for _, closed := range []bool{false, true} {
		log, c := newFakeLog(t)
		m := &Middleware{Describe: describe}
		if closed {
			m.FailClosed = c
		} else {
			m.Queue = c.NewQueue(QueueConfig{})
		}
		func() {
			defer func() {
				if p := recover(); p != "boom" {
					t.Errorf("recovered %v", p)
				}
			}()
			h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
			h.ServeHTTP(httptest.NewRecorder(), newCall("POST", "/web"))
		}()
		if !closed {
			m.Queue.Close(t.Context())
		}
		got := log.recorded()
		checkEntry(t, got[len(got)-1:], audit.Error, "POST /web: the handler panicked")
	}
}

// TestGarbageIsRecorded: nobody escapes the log by sending what it refuses.
func TestGarbageIsRecorded(t *testing.T) {
	log, c := newFakeLog(t)
	m := &Middleware{Describe: describe, Queue: c.NewQueue(QueueConfig{})}
	r := newCall("POST", "/%ff%00"+strings.Repeat("x", 5000))
	r.Header.Set("User-Agent", "\xff\x01")
	r.Header.Set("X-Request-Id", strings.Repeat("x", 10_000))
	m.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	if err := m.Queue.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := log.recorded()
	if len(got) != 1 || got[0].Request.UserAgent != "\ufffd " || got[0].Validate(time.Now()) != nil {
		t.Errorf("recorded %+v, %d dropped", got, m.Queue.Dropped())
	}
}

func TestClientIP(t *testing.T) {
	log, c := newFakeLog(t)
	m := &Middleware{Describe: describe, Queue: c.NewQueue(QueueConfig{})}
	r := newCall("POST", "/web")
	r.RemoteAddr = "@" // a Unix socket's
	m.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	m.ClientIP = func(r *http.Request) string { return r.Header.Get("X-Real-Ip") }
	r.Header.Set("X-Real-Ip", "203.0.113.9")
	m.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	m.Queue.Close(t.Context())
	if got := log.recorded(); len(got) != 2 || got[0].Request.IP != "@" || got[1].Request.IP != "203.0.113.9" {
		t.Errorf("recorded %+v", got)
	}
}

func TestAmendOutsideOfACall(t *testing.T) {
	if Amend(context.Background(), func(*audit.Entry) { t.Error("called") }) {
		t.Error("there is nothing to amend")
	}
}

// TestFailClosedBeforeTheCall: what cannot be recorded does not happen.
func TestFailClosedBeforeTheCall(t *testing.T) {
	log, c := newFakeLog(t)
	c.Tries = 1
	log.before = down
	var reported error
	m := &Middleware{
		Describe: describe, FailClosed: c,
		OnError: func(e audit.Entry, err error) { reported = err },
	}
	h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, newCall("POST", "/web"))
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != "the audit log is unavailable\n" || audit.KindOf(reported) != audit.Unavailable {
		t.Errorf("answered %d %q, reported %v", w.Code, w.Body, reported)
	}

	// An entry that lacks something is no reason to act unrecorded either.
	log.before = nil
	r := newCall("POST", "/web")
	r.Header.Del("X-User")
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || reported.Error() != "actor.email: is required" || len(log.recorded()) != 0 {
		t.Errorf("answered %d, reported %v, recorded %+v", w.Code, reported, log.recorded())
	}
}

// TestFailClosedAfterTheCall: what is not recorded is not answered, whatever way
// the handler answers.
func TestFailClosedAfterTheCall(t *testing.T) {
	handlers := map[string]func(t *testing.T, w http.ResponseWriter){
		"nothing": func(*testing.T, http.ResponseWriter) {},
		"status":  func(_ *testing.T, w http.ResponseWriter) { w.WriteHeader(201) },
		"body": func(t *testing.T, w http.ResponseWriter) {
			n, err := w.Write([]byte("secret"))
			if n != 0 || !errors.Is(err, ErrWithheld) {
				t.Errorf("wrote %d, %v", n, err)
			}
			w.Header().Set("X-Late", "secret")
			w.WriteHeader(201)
		},
		"copy": func(t *testing.T, w http.ResponseWriter) {
			if _, err := io.Copy(w, strings.NewReader("secret")); !errors.Is(err, ErrWithheld) {
				t.Errorf("copied: %v", err)
			}
		},
		"flush": func(t *testing.T, w http.ResponseWriter) {
			if err := http.NewResponseController(w).Flush(); !errors.Is(err, ErrWithheld) {
				t.Errorf("flushed: %v", err)
			}
			w.(http.Flusher).Flush()
		},
		"hijack": func(t *testing.T, w http.ResponseWriter) {
			if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, ErrWithheld) {
				t.Errorf("hijacked: %v", err)
			}
		},
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			log, c := newFakeLog(t)
			c.Tries = 1
			log.before = func(n int, w http.ResponseWriter, r *http.Request) bool { return n > 1 && down(n, w, r) }
			m := &Middleware{Describe: describe, FailClosed: c}
			h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "secret")
				w.Header().Del("X-Outer")
				w.WriteHeader(http.StatusEarlyHints)
				handler(t, w)
				if Amend(r.Context(), func(*audit.Entry) {}) != (name == "nothing") {
					t.Error("an entry can be amended if and only if it is still to come")
				}
			}))
			w := httptest.NewRecorder()
			w.Header().Set("X-Outer", "kept")
			h.ServeHTTP(w, newCall("POST", "/web"))
			res := w.Result()
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != 503 || string(body) != "the audit log is unavailable\n" || res.Header.Get("Location") != "" || res.Header.Get("X-Outer") != "kept" {
				t.Errorf("answered %d %q with %v", res.StatusCode, body, res.Header)
			}
			got := log.recorded()
			checkBegin(t, got)
			if len(got) != 1 || log.calls != 2 {
				t.Errorf("recorded %+v in %d calls", got, log.calls)
			}
		})
	}
}

// TestFailClosedRecordsWhoHangsUp: to hang up does not keep a call out of the log.
func TestFailClosedRecordsWhoHangsUp(t *testing.T) {
	log, c := newFakeLog(t)
	m := &Middleware{Describe: describe, FailClosed: c}
	ctx, cancel := context.WithCancel(t.Context())
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		w.WriteHeader(http.StatusAccepted)
	}))
	h.ServeHTTP(httptest.NewRecorder(), newCall("POST", "/web").WithContext(ctx))
	if got := log.recorded(); len(got) != 2 {
		t.Errorf("recorded %+v", got)
	}
}

func TestFailClosedKeepsTheCallersKey(t *testing.T) {
	log, c := newFakeLog(t)
	m := &Middleware{FailClosed: c, Describe: func(r *http.Request) (audit.Entry, bool) {
		e, ok := describe(r)
		e.Key = "k1"
		return e, ok
	}}
	m.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), newCall("POST", "/web"))
	if got := log.recorded(); len(got) != 2 || got[0].Key != "k1.begin" || got[1].Key != "k1" {
		t.Errorf("recorded %+v", got)
	}
}

// A call whose key is another's is not on record, and so does not run.
func TestFailClosedOnConflict(t *testing.T) {
	log, c := newFakeLog(t)
	var reported error
	m := &Middleware{FailClosed: c, OnError: func(_ audit.Entry, err error) { reported = err }, Describe: func(r *http.Request) (audit.Entry, bool) {
		e, ok := describe(r)
		e.Key = "k1"
		return e, ok
	}}
	ran := 0
	h := m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran++ }))
	h.ServeHTTP(httptest.NewRecorder(), newCall("POST", "/web"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, newCall("POST", "/other"))
	if ran != 1 || w.Code != http.StatusServiceUnavailable || audit.KindOf(reported) != audit.Conflict || len(log.recorded()) != 2 {
		t.Errorf("ran %d times, answered %d, reported %v, recorded %d", ran, w.Code, reported, len(log.recorded()))
	}
}

// TestResponseOnTheWire checks streaming and hijacking against a real server.
func TestResponseOnTheWire(t *testing.T) {
	for _, closed := range []bool{false, true} {
		log, c := newFakeLog(t)
		m := &Middleware{Describe: describe}
		if closed {
			m.FailClosed = c
		} else {
			m.Queue = c.NewQueue(QueueConfig{})
			defer m.Queue.Close(t.Context())
		}
		release := make(chan struct{})
		srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/upgrade" {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
				conn.Close()
				return
			}
			io.WriteString(w, "one\n")
			w.(http.Flusher).Flush()
			<-release
			io.Copy(w, strings.NewReader("two\n"))
		})))
		defer srv.Close()

		post := func(path string) *http.Response {
			req, _ := http.NewRequestWithContext(t.Context(), "POST", srv.URL+path, nil)
			req.Header.Set("X-User", "ada@example.com")
			res, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { res.Body.Close() })
			return res
		}
		lines := bufio.NewReader(post("/stream").Body)
		if line, err := lines.ReadString('\n'); line != "one\n" || err != nil {
			t.Errorf("read %q, %v", line, err)
		}
		if n := len(log.recorded()); closed && n != 2 {
			t.Errorf("a response began with %d entries recorded", n)
		}
		close(release)
		if line, err := lines.ReadString('\n'); line != "two\n" || err != nil {
			t.Errorf("read %q, %v", line, err)
		}
		if res := post("/upgrade"); res.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("the upgrade answered %s", res.Status)
		}
	}
}

func TestWrapNeedsItsParts(t *testing.T) {
	for _, m := range []*Middleware{{}, {Describe: describe}, {FailClosed: &Client{}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Wrap took %+v", m)
				}
			}()
			m.Wrap(http.NotFoundHandler())
		}()
	}
}
