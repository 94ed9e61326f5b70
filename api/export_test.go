package api

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/export"
	"auditlog/fulltext"
	"auditlog/rpc"
)

func TestExportAsCSV(t *testing.T) {
	f := start(t, Options{})
	values := []string{"=cmd|'/C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "  =1", "'=1", "two\nlines, \"quoted\"", "plain"}
	for _, v := range values {
		e := audit.Entry{Project: "acme", Actor: audit.Actor{Email: "a"}, Action: "a.b", Resource: audit.Resource{Type: "T"}, Outcome: audit.Success, Detail: v}
		f.ok(rpc.Record, string(e.AppendInput(nil)), nil)
	}
	res, body := f.post(rpc.Export, `{"project":"acme","format":"CSV"}`)
	if res.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("the type is %s", res.Header.Get("Content-Type"))
	}
	if _, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err != nil || params["filename"] != "acme-audit-log.csv" {
		t.Errorf("the disposition is %s: %v", res.Header.Get("Content-Disposition"), err)
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != len(values)+1 || !slices.Equal(rows[0], export.Columns()) {
		t.Fatalf("%v: %s", err, body)
	}
	detail := slices.Index(rows[0], "detail")
	for i, v := range values {
		// The reader of the test makes \r\n to \n; there is none.
		if got := rows[len(values)-i][detail]; got != export.Defuse(v) || strings.IndexAny(got, "=+-@\t\r") == 0 {
			t.Errorf("%q is exported as %q", v, got)
		}
	}
}

func TestExportOfNothing(t *testing.T) {
	f := start(t, Options{})
	if res, body := f.post(rpc.Export, `{"project":"acme"}`); res.StatusCode != 200 || body != "" || res.Header.Get("Content-Type") != rpc.TypeNDJSON {
		t.Errorf("NDJSON: %s %q", res.Status, body)
	}
	if _, body := f.post(rpc.Export, `{"project":"acme","format":"csv"}`); strings.Count(body, "\r\n") != 1 {
		t.Errorf("CSV: %q", body)
	}
	res, _ := f.post(rpc.Export, `{"project":"a \"ü\"/x"}`)
	if _, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err != nil || params["filename"] != `a "ü"/x-audit-log.ndjson` {
		t.Errorf("the disposition is %s: %v", res.Header.Get("Content-Disposition"), err)
	}
}

// fill records n entries with details of a size.
func (f *fixture) fill(n, size int, headers ...string) {
	f.t.Helper()
	var body []byte
	for i := range n {
		e := audit.Entry{Project: "acme", Actor: audit.Actor{Email: "a"}, Action: "a.b", Resource: audit.Resource{Type: "T"}, Outcome: audit.Success,
			Detail: fmt.Sprint(i, strings.Repeat("x", size))}
		body = append(e.AppendInput(body), '\n')
	}
	if res, answer := f.post(rpc.Record, string(body), append(headers, "Content-Type", rpc.TypeNDJSON)...); res.StatusCode != http.StatusOK {
		f.t.Fatal(answer)
	}
}

func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	f := startGuarded(t) // development mode answers no proxy
	admin := "Bearer " + f.root
	f.fill(3000, 10, "Authorization", admin)
	for _, method := range []string{rpc.List, rpc.Export} {
		// What was exported before is in the log as well.
		const query = `{"project":"acme","action":"a.b"}`
		_, want := f.post(method, query, "Authorization", admin)
		for accept, compressed := range map[string]bool{"gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "br": false, "": false} {
			res, body := f.post(method, query, "Authorization", admin, "Accept-Encoding", accept, "Via", "1.1 proxy")
			if (res.Header.Get("Content-Encoding") == "gzip") != compressed || res.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s, accepting %q: %v", method, accept, res.Header)
			}
			if compressed {
				z, err := gzip.NewReader(strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				plain, err := io.ReadAll(z)
				if err != nil {
					t.Fatal(err)
				}
				body = string(plain)
			}
			if body != want {
				t.Errorf("%s, accepting %q: another answer", method, accept)
			}
		}
		if res, _ := f.post(method, `{"project":"acme"}`, "Authorization", admin, "Accept-Encoding", "gzip"); res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed from this machine to itself", method)
		}
	}
	if res, _ := f.post(rpc.Get, `{"project":"acme","id":1}`, "Authorization", admin, "Accept-Encoding", "gzip", "Via", "1.1 proxy"); res.Header.Get("Content-Encoding") != "" {
		t.Error("a small answer is compressed")
	}
}

// breaking is a search that fails after a number of entries.
type breaking struct {
	fulltext.Query
	left int
}

func (b *breaking) Terms(string) uint64 { return 1 }
func (b *breaking) Whole(string) uint64 { return 0 }

func (b *breaking) Clues() *fulltext.Clues { return nil }

func (b *breaking) Match(uint64) bool {
	if b.left--; b.left < 0 {
		panic("the search broke")
	}
	return true
}

// What goes wrong late must not leave a file that looks whole.
func TestExportThatBreaks(t *testing.T) {
	t.Parallel()
	log := newLog()
	var limit int
	f := startSearching(t, Options{Log: zerolog.New(log)}, func(string) (fulltext.Query, error) { return &breaking{left: limit}, nil })
	f.fill(5000, 100)
	for _, tt := range []struct {
		entries int
		whole   bool
	}{{10, true}, {3000, false}} {
		limit = tt.entries
		res, err := http.Post(f.url+"/"+rpc.Export, rpc.TypeJSON, strings.NewReader(`{"project":"acme","q":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if tt.whole && (err != nil || res.StatusCode != 500 || !strings.Contains(string(body), `"code":"internal"`) || res.Header.Get("Content-Disposition") != "") {
			t.Errorf("broken before the first byte: %s %s, %v", res.Status, body, err)
		}
		if !tt.whole && (err == nil || res.StatusCode != 200) {
			t.Errorf("broken on the way: %s, %d bytes, and no error", res.Status, len(body))
		}
		if m := log.next(t, "/"+rpc.Export); m["level"] != "error" || m["error"] != "panic: the search broke" || (m["aborted"] == true) == tt.whole {
			t.Errorf("logged as %v", m)
		}
	}
}

// A client that stops reading is let go of.
func TestExportToWhoDoesNotRead(t *testing.T) {
	log := newLog()
	f := start(t, Options{Patience: 500 * time.Millisecond, Log: zerolog.New(log)})
	f.fill(2000, 8<<10)
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"project":"acme"}`
	fmt.Fprintf(conn, "POST /auditLog.export HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if m := log.next(t, "/"+rpc.Export); m["aborted"] != true || m["level"] != "info" || !strings.Contains(fmt.Sprint(m["error"]), "i/o timeout") {
		t.Errorf("logged as %v", m)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	const writers, batches, size = 8, 8, 25
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for b := range batches {
				var body []byte
				for i := range size {
					e := audittest.Plain(i)
					e.CreatedAt, e.Key = time.Time{}, fmt.Sprint(w, b, i)
					e.Project = "acme"
					body = append(e.AppendInput(body), '\n')
				}
				for range 2 { // the second time as a retry
					res, err := http.Post(f.url+"/"+rpc.Record, rpc.TypeNDJSON, bytes.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					res.Body.Close()
				}
			}
		})
	}
	for range 4 {
		work.Go(func() {
			for range 8 {
				for _, method := range []string{rpc.List, rpc.Stats, rpc.Export, rpc.ProjectGet} {
					res, err := http.Post(f.url+"/"+method, rpc.TypeJSON, strings.NewReader(`{"project":"acme"}`))
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := io.Copy(io.Discard, res.Body); err != nil {
						t.Error(err)
					}
					res.Body.Close()
				}
				if res, err := http.Get(f.url + "/metrics"); err == nil {
					res.Body.Close()
				}
			}
		})
	}
	work.Wait()
	if n := f.count("acme"); n != writers*batches*size {
		t.Errorf("%d entries are there, want %d", n, writers*batches*size)
	}
	ids := f.listAll(map[string]any{"project": "acme"}, 1000)
	slices.Sort(ids)
	if len(ids) != writers*batches*size || ids[0] != 1 || ids[len(ids)-1] != int64(len(ids)) {
		t.Errorf("%d ids, from %d to %d", len(ids), ids[0], ids[len(ids)-1])
	}
}
