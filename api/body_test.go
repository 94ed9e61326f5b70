package api

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/rs/zerolog"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// dial opens a connection and sends the head of a request to record.
func (f *fixture) dial(headers string) net.Conn {
	f.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /auditLog.record HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", headers)
	return conn
}

// answerOf reads an answer from a connection.
func answerOf(t *testing.T, conn net.Conn) (int, string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestBodyThatDoesNotCome(t *testing.T) {
	log := newLog()
	f := start(t, Options{Patience: 50 * time.Millisecond, Log: zerolog.New(log)})
	for name, headers := range map[string]string{
		"JSON":       "Content-Length: 1000",
		"NDJSON":     "Content-Length: 1000\r\nContent-Type: application/x-ndjson",
		"in chunks":  "Transfer-Encoding: chunked",
		"compressed": "Content-Length: 1000\r\nContent-Encoding: gzip",
	} {
		t.Run(name, func(t *testing.T) {
			conn := f.dial(headers)
			status, body := answerOf(t, conn)
			if status != http.StatusBadRequest || !strings.Contains(body, "the body arrives too slowly") {
				t.Errorf("answered %d %s", status, body)
			}
		})
	}
	f.ok(rpc.Record, deployEntry, nil)
}

// A body of a byte at a time, each sent in good time, must end even so.
func TestBodyThatTrickles(t *testing.T) {
	f := start(t, Options{Patience: 100 * time.Millisecond})
	conn := f.dial("Content-Length: 100000")
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if _, err := conn.Write([]byte(" ")); err != nil {
					return
				}
			}
		}
	}()
	status, body := answerOf(t, conn)
	close(stop)
	<-ended
	if status != http.StatusBadRequest || !strings.Contains(body, "too slowly") {
		t.Errorf("answered %d %s", status, body)
	}
}

// A stream that keeps coming may take much longer than the patience.
func TestStreamThatKeepsComing(t *testing.T) {
	const patience, parts = 400 * time.Millisecond, 9
	f := start(t, Options{Patience: patience})
	part := strings.Repeat(deployEntry+"\n", 100)
	r, w := io.Pipe()
	go func() {
		tick := time.NewTicker(patience / 4)
		defer tick.Stop()
		for range parts {
			<-tick.C
			if _, err := io.WriteString(w, part); err != nil {
				return
			}
		}
		w.Close()
	}()
	started := time.Now()
	res, err := http.Post(f.url+"/"+rpc.Record, rpc.TypeNDJSON, r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s %s, %v", res.Status, body, err)
	}
	if took := time.Since(started); took < 2*patience {
		t.Errorf("the stream took %v, which shows nothing", took)
	}
	if n := f.count("acme"); n != 100*parts {
		t.Errorf("%d entries are there", n)
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	log := newLog()
	f := start(t, Options{Log: zerolog.New(log)})
	conn := f.dial("Content-Length: 1000")
	fmt.Fprint(conn, deployEntry)
	conn.Close()
	if m := log.next(t, "/"+rpc.Record); m["level"] != "info" || !strings.Contains(m["error"].(string), "the body ends too early") {
		t.Errorf("logged as %v", m)
	}
	if len(f.store.Projects()) != 0 {
		t.Error("something was stored")
	}
}

// Who is refused before the body is read need not send it, and cannot hold the
// answer up by not sending it.
func TestRefusedBeforeTheBody(t *testing.T) {
	f, _ := withTokens(t, Options{})
	for _, headers := range []string{"Content-Length: 1000", "Content-Length: 1000000", "Transfer-Encoding: chunked"} {
		if status, body := answerOf(t, f.dial(headers)); status != http.StatusUnauthorized {
			t.Errorf("%s: answered %d %s", headers, status, body)
		}
	}
	dev := start(t, Options{})
	if status, body := answerOf(t, dev.dial(fmt.Sprintf("Content-Length: %d", audit.MaxBatchSize+1))); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that says it is too large: %d %s", status, body)
	}
}

func zipped(t testing.TB, write func(io.Writer)) string {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	write(z)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// repeat writes s until n bytes are written.
func repeat(s string, n int) func(io.Writer) {
	return func(w io.Writer) {
		block := []byte(strings.Repeat(s, 1+(1<<16)/len(s)))
		for n > 0 {
			w.Write(block)
			n -= len(block)
		}
	}
}

func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	whole := zipped(t, repeat(deployEntry+"\n", 1))
	tests := map[string]struct {
		encoding, contentType, body string
		status                      int
		want                        string
	}{
		"an entry":      {"gzip", rpc.TypeJSON, zipped(t, func(w io.Writer) { io.WriteString(w, deployEntry) }), 200, `"recorded":1`},
		"a stream":      {"x-gzip", rpc.TypeNDJSON, whole, 200, `"recorded":`},
		"identity":      {"identity", rpc.TypeJSON, deployEntry, 200, `"recorded":1`},
		"not gzip":      {"gzip", rpc.TypeJSON, deployEntry, 400, "the body is not the gzip that Content-Encoding says"},
		"cut off":       {"gzip", rpc.TypeNDJSON, whole[:len(whole)-9], 400, "the body ends too early"},
		"damaged":       {"gzip", rpc.TypeNDJSON, whole[:len(whole)-8] + "xxxxxxxx", 400, "the body is not the gzip"},
		"damaged early": {"gzip", rpc.TypeJSON, whole[:12] + "\xff\xff\xff\xff" + whole[16:], 400, "the body"},
		"brotli":        {"br", rpc.TypeJSON, deployEntry, 400, `Content-Encoding: must be gzip or identity, not \"br\"`},
		"a bomb":        {"gzip", rpc.TypeJSON, zipped(t, repeat(" ", audit.MaxBatchSize+1)), 413, "the body has 2 MiB in which no entry ends"},
		"bomb of lines": {"gzip", rpc.TypeNDJSON, zipped(t, repeat("\n", 4<<20)), 400, "too many empty lines"},
		"bomb in line":  {"gzip", rpc.TypeNDJSON, zipped(t, repeat("a", 4<<20)), 413, "line 1: must be at most 65535 bytes as stored"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := start(t, Options{})
			res, body := f.post(rpc.Record, tt.body, "Content-Encoding", tt.encoding, "Content-Type", tt.contentType)
			if res.StatusCode != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("answered %s %s", res.Status, body)
			}
			if tt.contentType == rpc.TypeJSON && tt.status != 200 && len(f.store.Projects()) != 0 {
				t.Error("something was stored")
			}
		})
	}
}

// largeBatch returns a batch of some bytes, about, of entries that are large but ordinary.
func largeBatch(size int) string {
	entry := strings.Replace(deployEntry, `"outcome"`, `"detail":"`+strings.Repeat("x", 20<<10)+`","outcome"`, 1)
	return batchOf(strings.Repeat(entry+",", size/len(entry)) + entry)
}

// What large bodies hold comes out of what all calls may hold together, and is given back.
func TestManyLargeBodies(t *testing.T) {
	door := admit.New(admit.Options{Memory: 24 << 20, Patience: 50 * time.Millisecond})
	f := start(t, Options{Door: door})
	if used := door.State().Used; used != 0 {
		t.Fatalf("%d bytes are held before there was anything", used)
	}
	large := largeBatch(3 << 20)
	other, err := door.Enter(t.Context(), admit.Administration, "somebody else")
	if err != nil || other.Take(t.Context(), 18<<20) != nil {
		t.Fatal(err)
	}
	res, _ := f.post(rpc.Record, large)
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("without memory a large body is answered %s, Retry-After %q", res.Status, res.Header.Get("Retry-After"))
	}
	f.ok(rpc.Record, deployEntry, nil)
	other.Leave()
	for range 10 {
		f.ok(rpc.Record, large, nil)
	}
	if state := door.State(); state.Used != 0 || state.Refused[admit.Record] != 1 {
		t.Errorf("%d bytes are still held, %d calls were refused", state.Used, state.Refused[admit.Record])
	}
}

// What can never be let in is told so, however little there is to do.
func TestBodyThatCanNeverBeHeld(t *testing.T) {
	f := start(t, Options{Door: admit.New(admit.Options{Memory: 8 << 20})})
	if e := f.bad(http.StatusRequestEntityTooLarge, rpc.Record, largeBatch(8<<20)); !strings.Contains(e.Error.Message, "several smaller ones") {
		t.Errorf("answered %+v", e.Error)
	}
}

// A large batch is decoded as it arrives, and means the same in all its forms.
func TestLargeBatchForms(t *testing.T) {
	f := start(t, Options{})
	batch := largeBatch(2 << 20)
	list := batch[strings.Index(batch, "[") : strings.LastIndex(batch, "]")+1]
	lines := strings.ReplaceAll(list[1:len(list)-1], "},{", "}\n{")
	n := int64(strings.Count(batch, `"outcome"`))
	for name, body := range map[string]string{"object": batch, "list": list, "sequence": lines} {
		var res rpc.RecordResult
		f.ok(rpc.Record, body, &res)
		if res.Recorded != n || int64(len(res.Entries)) != n {
			t.Errorf("%s: %d of %d entries are recorded", name, res.Recorded, n)
		}
	}
	last := strings.LastIndex(batch, `"success"`)
	for name, tt := range map[string]struct {
		body, want string
		status     int
	}{
		"outcome":  {batch[:last] + `"often"  ` + batch[last+9:], fmt.Sprintf("entries[%d].outcome", n-1), 400},
		"syntax":   {batch[:last] + `'success'` + batch[last+9:], fmt.Sprintf("entries[%d]", n-1), 400},
		"cut":      {batch[:last], "", 400},
		"trailing": {batch + "x", "not valid JSON", 400},
		"beside":   {strings.TrimSuffix(batch, "}") + `,"more":1}`, "more: unknown field beside entries", 400},
		"blank":    {`{"entries":[` + strings.Repeat(" ", 3<<20) + `]}`, "no entry ends", 413},
		"endless":  {`{"entries":[{"detail":"` + strings.Repeat("x", 4<<20), "no entry ends", 413},
		"several":  {batchOf(strings.Repeat(deployEntry+",", audit.MaxBatch) + deployEntry), "entries: must be at most 10000 at once", 413},
	} {
		if e := f.bad(tt.status, rpc.Record, tt.body); !strings.Contains(e.Error.Message, tt.want) {
			t.Errorf("%s: answered %+v", name, e.Error)
		}
	}
}

// Who may not record at all is not read on for.
func TestLargeBodyOfAViewer(t *testing.T) {
	g := startGuarded(t, "acme")
	viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
	status, answer := g.call(viewer, rpc.Record, largeBatch(3<<20))
	if status != http.StatusForbidden || !strings.Contains(answer, "missing permission auditLog.record") {
		t.Errorf("answered %d %s", status, answer)
	}
}

// What inflates to nothing counts, and so does the time that nothing comes of it.
func TestEmptyBlocks(t *testing.T) {
	empty := strings.Repeat("\x00\x00\x00\xff\xff", (2<<20)/5+1)
	head := zipped(t, func(w io.Writer) {})[:10]
	f := start(t, Options{})
	for _, contentType := range []string{rpc.TypeJSON, rpc.TypeNDJSON} {
		body := head + empty
		if contentType == rpc.TypeJSON {
			body += strings.Repeat(empty, 16)
		}
		res, answer := f.post(rpc.Record, body, "Content-Encoding", "gzip", "Content-Type", contentType)
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: answered %s %s", contentType, res.Status, answer)
		}
	}
}
