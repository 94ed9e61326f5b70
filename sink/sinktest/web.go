package sinktest

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/sink"
)

// WebFaults are those that whoever answers over HTTP can have.
func WebFaults() []Fault {
	return []Fault{Fails, Busy, CutRequest, Hangs, CutAnswer, Restarts, Redirects, Denies}
}

// Web is a receiver that speaks HTTP, on loopback. The protocol is Answer's.
type Web struct {
	// Answer answers a request as the protocol has it: it takes what Refuses is not true
	// of with Take. It is called for one request at a time.
	Answer func(w http.ResponseWriter, r *http.Request, body []byte)
	// Path is that of the requests that faults happen to. Empty: all.
	Path string

	t        *testing.T
	listener net.Listener
	address  string
	server   *http.Server
	stop     chan struct{} // ends what hangs

	turn    sync.Mutex // Answer's
	mu      sync.Mutex
	fault   Fault
	refused []int64
	taken   []int64
}

// NewWeb starts a receiver, which the test's end stops.
func NewWeb(t *testing.T) *Web {
	w := &Web{t: t, stop: make(chan struct{})}
	w.start("127.0.0.1:0")
	t.Cleanup(func() {
		close(w.stop)
		w.server.Close()
	})
	return w
}

// Address is where it listens, as host and port.
func (w *Web) Address() string { return w.address }

func (w *Web) start(address string) {
	var err error
	for range 100 { // the port may not be free at once
		if w.listener, err = net.Listen("tcp", address); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		w.t.Error(err)
		return
	}
	w.address = w.listener.Addr().String()
	w.server = &http.Server{Handler: http.HandlerFunc(w.serve)}
	go w.server.Serve(w.listener)
}

// Hurt implements Receiver.
func (w *Web) Hurt(f Fault) {
	if f == Restarts {
		w.server.Close()
		w.start(w.address)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = f
}

// Refuse implements Receiver.
func (w *Web) Refuse(ids ...int64) { w.refused = ids }

// Refuses reports whether an entry is one to refuse.
func (w *Web) Refuses(id int64) bool { return slices.Contains(w.refused, id) }

// Take notes that an entry was taken.
func (w *Web) Take(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = append(w.taken, id)
}

// Taken implements Receiver.
func (w *Web) Taken() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.taken)
}

// serve reads a request, and has happen to it what is to happen.
func (w *Web) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	fault := w.fault
	if w.Path != "" && r.URL.Path != w.Path {
		fault = ""
	}
	if fault != "" {
		w.fault = ""
	}
	w.mu.Unlock()
	if fault == CutRequest {
		io.CopyN(io.Discard, r.Body, 40)
		panic(http.ErrAbortHandler)
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			w.t.Error(err)
			return
		}
		body = z
	}
	data, err := io.ReadAll(body)
	if err != nil {
		w.t.Errorf("read a request: %v", err)
		return
	}
	w.answer(fault, rw, r, data)
}

func (w *Web) answer(fault Fault, rw http.ResponseWriter, r *http.Request, body []byte) {
	switch fault {
	case Fails:
		http.Error(rw, "disk on fire", http.StatusInternalServerError)
	case Hangs:
		select {
		case <-w.stop:
		case <-r.Context().Done():
		}
	case Busy:
		rw.Header().Set("Retry-After", fmt.Sprint(RetryAfter.Seconds()))
		http.Error(rw, "too many requests", http.StatusTooManyRequests)
	case Redirects:
		http.Redirect(rw, r, "http://"+w.address+"/elsewhere", http.StatusTemporaryRedirect)
	case Denies:
		http.Error(rw, "no such token", http.StatusUnauthorized)
	case CutAnswer:
		w.inTurn(discard{}, r, body)
		rw.Header().Set("Content-Length", "100")
		io.WriteString(rw, "{")
		panic(http.ErrAbortHandler)
	default:
		w.inTurn(rw, r, body)
	}
}

func (w *Web) inTurn(rw http.ResponseWriter, r *http.Request, body []byte) {
	w.turn.Lock()
	defer w.turn.Unlock()
	w.Answer(rw, r, body)
}

// discard is an answer that nobody gets.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// Environment is what destinations get in examinations: this machine is allowed.
func Environment() sink.Environment {
	return sink.Environment{AllowLocal: true, Version: "1.2.3", Host: "log.example.com"}
}

// Lines returns the lines of a body, of which the last must end.
func (w *Web) Lines(body []byte) []string {
	text, ok := strings.CutSuffix(string(body), "\n")
	if !ok {
		w.t.Errorf("the last line does not end: %q", body)
	}
	return strings.Split(text, "\n")
}
