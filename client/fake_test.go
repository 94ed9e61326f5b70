package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// fakeLog speaks the API's envelope from memory. It is an http.RoundTripper too,
// which calls itself without a network, so that tests can run on a clock of
// their own.
type fakeLog struct {
	t *testing.T
	// before, unless nil, answers the nth call (from 1) itself when it returns true.
	before func(n int, w http.ResponseWriter, r *http.Request) bool
	// after, unless nil, replaces the answer of the nth call by an error.
	after func(n int) error

	mu      sync.Mutex
	calls   int
	at      []time.Time
	paths   []string
	entries []audit.Entry
	byKey   map[string]int64
}

func newFakeLog(t *testing.T) (*fakeLog, *Client) {
	l := &fakeLog{t: t, byKey: map[string]int64{}}
	return l, &Client{URL: "http://log.test", Token: "secret", HTTP: &http.Client{Transport: l}}
}

func (l *fakeLog) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.after != nil {
		if err := l.after(l.calls); err != nil {
			return nil, err
		}
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

func (l *fakeLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.at = append(l.at, time.Now())
	l.paths = append(l.paths, r.URL.Path)
	if r.Header.Get("Authorization") != "Bearer secret" {
		l.t.Errorf("%s has the authorization %q", r.URL.Path, r.Header.Get("Authorization"))
	}
	if l.before != nil && l.before(l.calls, w, r) {
		return
	}
	if r.URL.Path == "/readyz" {
		return
	}
	method, ok := strings.CutPrefix(r.URL.Path, "/")
	if !ok || r.Method != http.MethodPost {
		l.t.Errorf("%s %s is no call", r.Method, r.URL.Path)
	}
	switch method {
	case rpc.Record:
		l.record(w, r)
	case rpc.List:
		l.list(w, r)
	case rpc.Get:
		l.get(w, r)
	case rpc.Export:
		l.export(w)
	default:
		refuse(w, audit.NotFound, "", "no such method")
	}
}

func (l *fakeLog) record(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Content-Type") == rpc.TypeNDJSON {
		l.recordLines(w, r.Body)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) > audit.MaxBatchSize {
		refuse(w, audit.TooLarge, "", "too many bytes")
		return
	}
	var req rpc.RecordRequest
	if err := json.Unmarshal(body, &req); err != nil || len(req.Entries) == 0 || len(req.Entries) > audit.MaxBatch {
		refuse(w, audit.Invalid, "", "not to be read")
		return
	}
	for i := range req.Entries {
		e := &req.Entries[i]
		if e.Actor.Email == "bad" || e.Key == "" {
			refuseWith(w, &audit.Fault{Kind: audit.Invalid, Item: audit.EntryAt(i), Path: "actor.email", Message: "is bad"})
			return
		}
	}
	var res rpc.RecordResult
	for _, e := range req.Entries {
		res.Add(l.keep(e))
	}
	answer(w, res)
}

func (l *fakeLog) recordLines(w http.ResponseWriter, body io.Reader) {
	var res rpc.RecordResult
	lines := bufio.NewScanner(body)
	for n := 1; lines.Scan(); n++ {
		var e audit.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			f := audit.Fault{Kind: audit.Invalid, Item: audit.LineAt(n), Message: "is no JSON"}
			w.WriteHeader(http.StatusBadRequest)
			json.NewEncoder(w).Encode(rpc.Answer[rpc.RecordResult]{Result: &res, Error: rpc.ErrorOf(&f, "")})
			return
		}
		one := l.keep(e)
		one.Entries = nil
		res.Add(one)
	}
	answer(w, res)
}

func (l *fakeLog) keep(e audit.Entry) rpc.RecordResult {
	if strings.HasSuffix(e.Action, ".get") {
		return rpc.RecordResult{Skipped: 1, Entries: []rpc.Recorded{{Skipped: true}}}
	}
	if id := l.byKey[e.Project+"/"+e.Key]; id != 0 && e.Key != "" {
		if !bytes.Equal(l.entries[id-1].AppendInput(nil), e.AppendInput(nil)) {
			return rpc.RecordResult{Conflicts: 1, Entries: []rpc.Recorded{{ID: id, Conflict: true}}}
		}
		return rpc.RecordResult{Duplicates: 1, Entries: []rpc.Recorded{{ID: id, Duplicate: true}}}
	}
	e.ID = int64(len(l.entries) + 1)
	l.entries = append(l.entries, e)
	l.byKey[e.Project+"/"+e.Key] = e.ID
	return rpc.RecordResult{Recorded: 1, FirstID: e.ID, LastID: e.ID, Entries: []rpc.Recorded{{ID: e.ID}}}
}

// list pages through the entries, the newest first; the cursor is an index.
func (l *fakeLog) list(w http.ResponseWriter, r *http.Request) {
	var req rpc.ListRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		refuse(w, audit.Invalid, "", "not to be read")
		return
	}
	last := len(l.entries) - 1
	if req.Cursor != "" {
		last, _ = strconv.Atoi(req.Cursor)
	}
	res := rpc.ListResult{Items: []*audit.Entry{}}
	for ; last >= 0 && len(res.Items) < req.Limit; last-- {
		res.Items = append(res.Items, &l.entries[last])
	}
	if last >= 0 {
		res.NextCursor = strconv.Itoa(last)
	}
	answer(w, res)
}

func (l *fakeLog) get(w http.ResponseWriter, r *http.Request) {
	var req rpc.GetRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || req.ID < 1 || req.ID > int64(len(l.entries)) {
		refuse(w, audit.NotFound, "", "no such entry")
		return
	}
	answer(w, l.entries[req.ID-1])
}

func (l *fakeLog) export(w http.ResponseWriter) {
	w.Header().Set("Content-Type", rpc.TypeNDJSON)
	for _, e := range l.entries {
		w.Write(append(e.AppendJSON(nil), '\n'))
	}
}

// recorded returns the entries that the log has.
func (l *fakeLog) recorded() []audit.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]audit.Entry(nil), l.entries...)
}

func answer[T any](w http.ResponseWriter, result T) {
	w.Header().Set("Content-Type", rpc.TypeJSON)
	json.NewEncoder(w).Encode(rpc.Answer[T]{OK: true, Result: &result})
}

func refuse(w http.ResponseWriter, kind audit.Kind, path, message string) {
	refuseWith(w, &audit.Fault{Kind: kind, Path: path, Message: message})
}

func refuseWith(w http.ResponseWriter, f *audit.Fault) {
	w.WriteHeader(rpc.Status(f.Kind))
	json.NewEncoder(w).Encode(rpc.Answer[struct{}]{Error: rpc.ErrorOf(f, "r7")})
}

// down answers every call as a log does that cannot.
func down(_ int, w http.ResponseWriter, _ *http.Request) bool {
	refuse(w, audit.Unavailable, "", "the log is closing")
	return true
}

var errNetwork = errors.New("connection reset by peer")

func entry(actor string) audit.Entry {
	return audit.Entry{
		Project:  "acme",
		Actor:    audit.Actor{Email: actor, Type: audit.User},
		Action:   "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment"},
		Outcome:  audit.Success,
	}
}

func entries(n int) []audit.Entry {
	list := make([]audit.Entry, n)
	for i := range list {
		list[i] = entry("ada@example.com")
	}
	return list
}
