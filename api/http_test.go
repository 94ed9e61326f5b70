package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/rpc"
	"auditlog/store"
)

// logBuffer collects log lines, and tells of each as it comes.
type logBuffer struct {
	mu    sync.Mutex
	b     bytes.Buffer
	lines chan string
}

func newLog() *logBuffer { return &logBuffer{lines: make(chan string, 1000)} }

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines <- string(b)
	return l.b.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// next returns the next line about a request to a path.
func (l *logBuffer) next(t *testing.T, path string) map[string]any {
	t.Helper()
	for line := range l.lines {
		var m map[string]any
		decodeAnswer(t, line, &m)
		if m["path"] == path {
			return m
		}
	}
	return nil
}

func TestMethodsAndVerbs(t *testing.T) {
	f := start(t, Options{})
	tests := []struct {
		verb, path  string
		status      int
		allow, body string
	}{
		{"POST", "/auditLog.list", 200, "", `"ok":true`},
		{"POST", "/auditlog.list", 200, "", `"ok":true`},
		{"POST", "/AUDITLOG.LIST", 200, "", `"ok":true`},
		{"POST", "/auditlog.list/", 404, "", `there is nothing at this path`},
		{"POST", "/auditLog.lists", 404, "", `there is no method auditLog.lists`},
		{"POST", "/", 404, "", `there is nothing`},
		{"GET", "/auditLog.list", 200, "", `"ok":true`},
		{"GET", "/auditLog.record", 405, "POST", `GET is not answered here: use POST`},
		{"PUT", "/AuditLog.List", 405, "GET, POST", `PUT is not answered here`},
		{"OPTIONS", "/auditlog.list", 405, "GET, POST", `OPTIONS is not`},
		{"GET", "/healthz", 200, "", `{"ok":true}`},
		{"GET", "/readyz", 200, "", `"version":"dev"`},
		{"GET", "/openapi.json", 200, "", `"openapi":`},
		{"GET", "/metrics", 200, "", `auditlog_requests_total{method="auditLog.list",status="200"} 4`},
		{"POST", "/healthz", 405, "GET, HEAD", `POST is not answered here: use GET, HEAD`},
		{"HEAD", "/healthz", 200, "", ""},
		{"HEAD", "/metrics", 200, "", ""},
		{"GET", "/nowhere", 404, "", `"code":"not_found"`},
	}
	for _, tt := range tests {
		res, body := f.do(f.request(tt.verb, tt.path, `{"project":"acme"}`))
		if res.StatusCode != tt.status || res.Header.Get("Allow") != tt.allow || !strings.Contains(body, tt.body) {
			t.Errorf("%s %s: %s, allow %q, %s", tt.verb, tt.path, res.Status, res.Header.Get("Allow"), body)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Access-Control-Allow-Origin": "",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q", tt.verb, tt.path, name, got)
			}
		}
		if res.Header.Get(rpc.HeaderRequestID) == "" {
			t.Errorf("%s %s has no id", tt.verb, tt.path)
		}
	}
}

// The seed request of the documentation, with the content type that curl sends.
func TestAnyContentTypeIsJSON(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, strings.TrimSuffix(deployEntry, "}")+`,"createdAt":"2026-05-03T10:00:00Z"}`, nil)
	for _, contentType := range []string{"application/x-www-form-urlencoded", "application/json; charset=utf-8", "text/plain", "", "nonsense;;"} {
		res, body := f.post(rpc.List, `{"project":"acme","resourceType":"Deployment","outcome":"success","from":"2026-05-01T00:00:00Z","to":"2026-06-01T00:00:00Z"}`, "Content-Type", contentType)
		if res.StatusCode != http.StatusOK || strings.Count(body, `"project":"acme"`) != 1 {
			t.Errorf("%q: %s %s", contentType, res.Status, body)
		}
		if got := res.Header.Get("Content-Type"); got != rpc.TypeJSON {
			t.Errorf("answered as %q", got)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	f := start(t, Options{})
	seen := make(map[string]bool)
	for _, tt := range []struct {
		sent string
		kept bool
	}{
		{"", false}, {"", false}, {"0b7c-41.A_z", true}, {strings.Repeat("a", 64), true}, {strings.Repeat("a", 65), false}, {"a b", false}, {"é", false}, {`"`, false},
	} {
		res, _ := f.do(f.request(http.MethodGet, "/healthz", "", rpc.HeaderRequestID, tt.sent))
		got := res.Header.Get(rpc.HeaderRequestID)
		if tt.kept != (got == tt.sent) || got == "" || seen[got] {
			t.Errorf("sent %q, got %q", tt.sent, got)
		}
		seen[got] = true
	}
}

func TestOneLogLineARequest(t *testing.T) {
	log := newLog()
	f := start(t, Options{Log: zerolog.New(log)})
	f.post(rpc.Record, deployEntry, "Authorization", "Bearer al_secret")
	f.bad(http.StatusBadRequest, rpc.List, `{"project":"ac`)
	f.do(f.request(http.MethodGet, "/"+strings.Repeat("x", 5000), ""))

	m := log.next(t, "/"+rpc.Record)
	for name, want := range map[string]any{
		"level": "info", "method": "POST", "status": 200.0, "principal": "dev@localhost", "project": "acme", "ip": "127.0.0.1", "message": "request", "bytes": 107.0,
	} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	if d, ok := m["duration"].(float64); !ok || d <= 0 {
		t.Errorf("the duration is %v", m["duration"])
	}
	if m := log.next(t, "/"+rpc.List); m["error"] != "the body ends before the JSON is complete" && m["error"] != "project: ends before the JSON is complete" || m["status"] != 400.0 {
		t.Errorf("a refused request is logged as %v", m)
	}
	if m := log.next(t, wire.Logged("/"+strings.Repeat("x", 10_000))); m == nil {
		t.Error("a long path is not cut")
	}
	if all := log.String(); strings.Count(all, "\n") != 3 || strings.Contains(all, "secret") {
		t.Errorf("the log is\n%s", all)
	}
}

func TestPanics(t *testing.T) {
	log := newLog()
	f := start(t, Options{Log: zerolog.New(log), Console: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			io.WriteString(w, strings.Repeat("x", 100_000))
		}
		panic("the secret reason")
	})})
	res, body := f.do(f.request(http.MethodGet, "/early", ""))
	if res.StatusCode != http.StatusInternalServerError || strings.Contains(body, "secret") || !strings.Contains(body, `"code":"internal"`) {
		t.Errorf("answered %s %s", res.Status, body)
	}
	res, err := http.Get(f.url + "/late")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("an answer that was cut off looks whole")
	}
	for _, path := range []string{"/early", "/late"} {
		if m := log.next(t, path); m["level"] != "error" || m["error"] != "panic: the secret reason" {
			t.Errorf("%s is logged as %v", path, m)
		}
	}
	if !strings.Contains(log.String(), "http_test.go") {
		t.Errorf("there is no stack in the log:\n%s", log.String())
	}
	f.ok(rpc.Record, deployEntry, nil)
}

func TestConsoleGetsWhatIsNotTheAPIs(t *testing.T) {
	f := start(t, Options{Console: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		io.WriteString(w, "console "+r.Method+" "+r.URL.Path)
	})})
	for _, path := range []string{"/", "/favicon.ico", "/Logs/acme", "/auditlog.list/x"} {
		res, body := f.do(f.request(http.MethodGet, path, ""))
		if body != "console GET "+path || res.Header.Get("Content-Security-Policy") != "default-src 'self'" {
			t.Errorf("GET %s: %s %s", path, res.Status, body)
		}
	}
	if _, body := f.do(f.request(http.MethodPost, "/login", "")); body != "console POST /login" {
		t.Errorf("POST /login: %s", body)
	}
	f.bad(http.StatusNotFound, "audit.nothing", "{}")
}

// A log without tokens must not be reached by pages from elsewhere.
func TestDevelopmentModeIsLocal(t *testing.T) {
	f := start(t, Options{})
	tests := []struct {
		name, host string
		headers    []string
		status     int
	}{
		{"a program", "", nil, 200},
		{"localhost", "localhost:7070", nil, 200},
		{"IPv6", "[::1]:7070", nil, 200},
		{"its own page", "localhost:7070", []string{"Origin", "http://localhost:7070", "Sec-Fetch-Site", "same-origin"}, 200},
		{"a name that resolves to this machine", "evil.example:7070", nil, 403},
		{"localhost in name only", "localhost.evil.example", nil, 403},
		{"a page from elsewhere", "localhost:7070", []string{"Origin", "https://evil.example"}, 403},
		{"a page from elsewhere, new browser", "localhost:7070", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a page from another port", "localhost:7070", []string{"Origin", "http://localhost:8080", "Sec-Fetch-Site", "same-site"}, 403},
	}
	for _, tt := range tests {
		r := f.request(http.MethodPost, "/"+rpc.List, `{"project":"acme"}`, tt.headers...)
		if tt.host != "" {
			r.Host = tt.host
		}
		if res, body := f.do(r); res.StatusCode != tt.status {
			t.Errorf("%s: %s %s", tt.name, res.Status, body)
		}
	}
	keeper, err := auth.Open(f.store, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Store: f.store, Auth: keeper}).request(http.MethodGet, "/healthz", "")
	r.Host = "log.example.com"
	if res, body := f.do(r); res.StatusCode != http.StatusOK {
		t.Errorf("with tokens, a name of one's own is answered %s %s", res.Status, body)
	}
}

func TestHealthFollowsTheStore(t *testing.T) {
	st, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	behind := audit.IndexStatus{Behind: 7}
	f := start(t, Options{Store: st, Version: "1.2.3", Index: func() audit.IndexStatus { return behind }})
	if res, body := f.do(f.request(http.MethodGet, "/readyz", "")); res.StatusCode != 200 || body != `{"ok":true,"result":{"version":"1.2.3","index":{"ok":true,"behind":7},"sinks":{"ok":true,"failing":0,"behind":0}}}`+"\n" {
		t.Errorf("ready: %s %s", res.Status, body)
	}
	behind.Err = io.ErrUnexpectedEOF
	if _, body := f.do(f.request(http.MethodGet, "/readyz", "")); !strings.Contains(body, `"index":{"ok":false`) {
		t.Errorf("with a broken index: %s", body)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if res, body := f.do(f.request(http.MethodGet, "/readyz", "")); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.Contains(body, "must be started again") {
		t.Errorf("closed: %s %s", res.Status, body)
	}
	if res, _ := f.do(f.request(http.MethodGet, "/healthz", "")); res.StatusCode != 200 {
		t.Errorf("the process lives, but health is %s", res.Status)
	}
	f.bad(http.StatusServiceUnavailable, rpc.Record, deployEntry)
}

func TestMetrics(t *testing.T) {
	f := start(t, Options{Version: "1.2.3", Index: func() audit.IndexStatus { return audit.IndexStatus{Behind: 7} }})
	f.ok(rpc.Record, batchOf(added(`"key":"k"`), added(`"key":"k"`), edited("deployment.deploy", "deployment.list")), nil)
	f.bad(http.StatusNotFound, "no.method", "{}")
	res, body := f.do(f.request(http.MethodGet, "/metrics", ""))
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("the type is %s", res.Header.Get("Content-Type"))
	}
	lines := make(map[string]bool)
	for s := bufio.NewScanner(strings.NewReader(body)); s.Scan(); {
		lines[s.Text()] = true
	}
	for _, want := range []string{
		`auditlog_requests_total{method="auditLog.record",status="200"} 1`, `auditlog_requests_total{method="other",status="404"} 1`,
		`auditlog_request_duration_seconds_count{method="auditLog.record"} 1`, `auditlog_commit_duration_seconds_count 1`,
		`auditlog_entries_total{result="recorded"} 1`, `auditlog_entries_total{result="duplicate"} 1`, `auditlog_entries_total{result="skipped"} 1`,
		`auditlog_projects{state="active"} 1`, `auditlog_projects{state="purging"} 0`, `auditlog_entries 1`, `auditlog_tail_entries 1`, `auditlog_writable 1`,
		`auditlog_index_behind 7`, `auditlog_index_working 1`, `auditlog_build_info{version="1.2.3"} 1`, `auditlog_requests_in_flight 1`,
	} {
		if !lines[want] {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	if strings.Contains(body, "acme") {
		t.Error("a project is named")
	}
}

// takes reports whether New takes options.
func takes(opts Options) bool {
	_, err := New(opts)
	return err == nil
}

func TestNewRefuses(t *testing.T) {
	whole := start(t, Options{}).api.opts
	for name, drop := range map[string]func(*Options){
		"a store":            func(o *Options) { o.Store = nil },
		"a keeper of tokens": func(o *Options) { o.Auth = nil },
		"retention":          func(o *Options) { o.Retention = nil },
	} {
		opts := whole
		if drop(&opts); takes(opts) {
			t.Errorf("a Server without %s", name)
		}
	}
	for _, pattern := range []string{"", "*", "a*b", "*a*", "**"} {
		opts := whole
		if opts.ReadOnlyActions = []string{pattern}; takes(opts) {
			t.Errorf("the pattern %q is taken", pattern)
		}
	}
	if _, err := New(whole); err != nil {
		t.Errorf("nothing is wrong with these options: %v", err)
	}
}

func TestAnswersAreJSON(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, added(`"detail":"<&>\u2028\"\\","metadata":{"k":"\u0000"}`), nil)
	for _, method := range []string{rpc.List, rpc.Get, rpc.Stats, rpc.ProjectList, rpc.ProjectGet} {
		body := map[string]string{rpc.Get: `{"project":"acme","id":1}`, rpc.ProjectList: `{}`}[method]
		if body == "" {
			body = `{"project":"acme"}`
		}
		if _, answer := f.post(method, body); !json.Valid([]byte(answer)) || !strings.HasSuffix(answer, "}\n") {
			t.Errorf("%s answers %q", method, answer)
		}
	}
}

// However long what a caller writes, answers and log lines stay short.
func TestLongNamesInErrors(t *testing.T) {
	log := newLog()
	f := start(t, Options{Log: zerolog.New(log)})
	long := strings.Repeat("k", 100_000)
	deep := `{"project":` + strings.Repeat(`{"`+strings.Repeat("k", 60)+`":`, 5000) + "x"
	for name, r := range map[string]*http.Request{
		"deep names":       f.request(http.MethodPost, "/"+rpc.List, deep),
		"deep lists":       f.request(http.MethodPost, "/"+rpc.Record, `{"entries":`+strings.Repeat("[", 20_000)),
		"a deep entry":     f.request(http.MethodPost, "/"+rpc.Record, `{"entries":[`+deep),
		"a deep line":      f.request(http.MethodPost, "/"+rpc.Record, deep, "Content-Type", rpc.TypeNDJSON),
		"a token's id":     f.request(http.MethodPost, "/"+rpc.TokenRevoke, `{"id":"`+strings.Repeat(`\u0001`, 10_000)+`"}`),
		"a verb":           f.request(long, "/"+rpc.List, ""),
		"a content coding": f.request(http.MethodPost, "/"+rpc.List, "{}", "Content-Encoding", long),
		"a method":         f.request(http.MethodPost, "/"+long+".x", ""),
	} {
		r.Host = "localhost"
		res, body := f.do(r)
		if res.StatusCode < 400 || len(body) > 1500 || !json.Valid([]byte(body)) {
			t.Errorf("%s: answered %s in %d bytes: %.200s", name, res.Status, len(body), body)
		}
	}
	r := f.request(http.MethodPost, "/"+rpc.List, "{}")
	r.Host = long
	if res, body := f.do(r); res.StatusCode != http.StatusForbidden || len(body) > 1500 {
		t.Errorf("a host: answered %s in %d bytes", res.Status, len(body))
	}
	for line := range strings.Lines(log.String()) {
		if len(line) > 1500 {
			t.Errorf("a log line of %d bytes: %.200s", len(line), line)
		}
	}
}

// What is in a path cannot steer the terminal that shows the log.
func TestLogLinesArePlain(t *testing.T) {
	log := newLog()
	f := start(t, Options{Log: zerolog.New(log)})
	f.do(f.request(http.MethodGet, "/%1b%5b31m%c2%9b31m%e2%80%ae%0a", ""))
	if m := log.next(t, "/%1b%5b31m%c2%9b31m%e2%80%ae%0a"); m == nil {
		t.Errorf("the log is %q", log.String())
	}
}

// A page is no place to hide from deadlines: who asks again and again and does not
// read is let go of, and nobody is asked for a token before.
func TestPageToWhoDoesNotRead(t *testing.T) {
	log := newLog()
	f := start(t, Options{Patience: 100 * time.Millisecond, Log: zerolog.New(log), Console: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 1000 {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				panic(err)
			}
		}
	})})
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if m := log.next(t, "/page"); !strings.Contains(fmt.Sprint(m["error"]), "i/o timeout") {
		t.Errorf("logged as %v", m)
	}
}
