package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// collecting is for the tests of docs/siem.md: the requests that collectors send, as far as their
// sources tell, against a log in which half of the entries claim to be old.
type collecting struct {
	*guarded
	token string
	n     int // recorded
}

func startCollecting(t *testing.T) *collecting {
	t.Helper()
	c := &collecting{guarded: startGuarded(t, "acme")}
	c.token, _ = c.create(rights.Viewer, time.Time{}, "acme", "beta")
	c.n = 1
	return c
}

func (c *collecting) record(n int) {
	c.t.Helper()
	var b strings.Builder
	for range n {
		c.n++
		at := ""
		if c.n%2 == 0 {
			at = fmt.Sprintf(`,"createdAt":"2026-05-04T11:59:%02d.8Z"`, c.n%60)
		}
		b.WriteString(strings.TrimSuffix(deployEntry, "}") + at + "}\n")
	}
	c.mustCall(c.root, rpc.Record, b.String(), "Content-Type", rpc.TypeNDJSON)
}

// want compares the seqs that a collector has with all that there are, each once.
func (c *collecting) want(who string, seqs []int64) {
	c.t.Helper()
	for i, seq := range seqs {
		if seq != int64(i)+1 {
			c.t.Fatalf("%s has %d in the place of %d", who, seq, i+1)
		}
	}
	if len(seqs) != c.n {
		c.t.Fatalf("%s has %d of %d entries", who, len(seqs), c.n)
	}
}

// ask sends a request and returns the answer, which must be good.
func (c *collecting) ask(verb, path string, header map[string]string, body string) (http.Header, []byte) {
	c.t.Helper()
	r, err := http.NewRequest(verb, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s %s: %s %s %v", verb, path, body, res.Status, text, err)
	}
	return res.Header, text
}

// Filebeat's httpjson posts its body as JSON, with what its templates have set as strings, and
// leaves out what they find nothing for. Numbers of an answer are floats to it.
func TestFilebeat(t *testing.T) {
	c := startCollecting(t)
	var seqs []int64
	cursor := "" // of the registry
	page := func(at string) (next string, more bool) {
		body := map[string]any{"project": "acme", "limit": 1000}
		if at != "" {
			body["cursor"] = at
		}
		sent, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		_, text := c.ask(http.MethodPost, "/auditLog.pull", map[string]string{
			"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "Elastic-Filebeat/9.2.0",
		}, string(sent)+"\n")
		var answer map[string]map[string]any
		decodeAnswer(t, strings.Replace(string(text), `"ok":true,`, "", 1), &answer)
		result := answer["result"]
		for _, item := range result["items"].([]any) {
			seqs = append(seqs, int64(item.(map[string]any)["seq"].(float64)))
		}
		next = result["nextCursor"].(string)
		return next, result["covered"].(map[string]any)["to"].(float64) < result["newest"].(float64)
	}
	for range 4 {
		c.record(1100)
		for at := cursor; ; at = cursor {
			more := false
			if cursor, more = page(at); !more {
				break
			}
		}
		c.want("Filebeat", seqs)
	}
	if next, more := page(cursor); next != cursor || more {
		t.Error("a round without anything new moves the cursor")
	}
	c.want("Filebeat", seqs)
}

// Vector's http_client sends GET with its query's parameters in any order, and asks for the content
// type of its decoding; the entries that it had go by their ids.
func TestVector(t *testing.T) {
	c := startCollecting(t)
	seen := make(map[int64]bool)
	var seqs []int64
	for range 5 {
		c.record(90)
		params := url.Values{"project": {"acme"}, "from": {"10m"}, "limit": {"1000"}}
		header, text := c.ask(http.MethodGet, "/auditLog.pull?"+params.Encode(), map[string]string{"Accept": "application/x-ndjson"}, "")
		if header.Get("Content-Type") != rpc.TypeNDJSON {
			t.Fatal(header)
		}
		for line := range bytes.Lines(text) {
			var e audit.Entry
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			if !seen[e.ID] {
				seen[e.ID] = true
				seqs = append(seqs, e.Seq)
			}
		}
		c.want("Vector", seqs)
		c.later.Add(int64(time.Minute))
	}
}

// Logstash's http_poller sends the body of its configuration as it is, with the lower-case name
// of its codec's user agent; its events are split, and stored by their ids.
func TestLogstash(t *testing.T) {
	c := startCollecting(t)
	stored := make(map[int64]int64)
	for range 5 {
		c.record(90)
		_, text := c.ask(http.MethodPost, "/auditLog.pull", map[string]string{
			"Content-Type": "application/json", "User-Agent": "Manticore 0.9.1", "Connection": "Keep-Alive",
		}, `{"project":"acme","from":"10m","limit":1000}`)
		var answer rpc.Answer[rpc.PullResult]
		decodeAnswer(t, string(text), &answer)
		for _, e := range answer.Result.Items {
			stored[e.ID] = e.Seq
		}
		c.later.Add(int64(time.Minute))
	}
	var seqs []int64
	for _, seq := range stored {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	c.want("Logstash", seqs)
}

// A script with curl goes by headers alone.
func TestCurl(t *testing.T) {
	c := startCollecting(t)
	c.record(2200)
	var seqs []int64
	cursor := ""
	for range 10 {
		params := url.Values{"project": {"acme"}, "limit": {"1000"}, "cursor": {cursor}}
		header, text := c.ask(http.MethodGet, "/auditLog.pull?"+params.Encode(), map[string]string{"Accept": "application/x-ndjson", "User-Agent": "curl/8.14.1"}, "")
		for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
			var e audit.Entry
			if err := json.Unmarshal(s.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, e.Seq)
		}
		cursor = header.Get(rpc.HeaderNextCursor)
		if _, to, _ := strings.Cut(header.Get(rpc.HeaderCovered), "-"); to == header.Get(rpc.HeaderNewest) {
			break
		}
	}
	c.want("curl", seqs)
}
