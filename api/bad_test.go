package api

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"auditlog/api/intake"
	"auditlog/audit"
	"auditlog/rpc"
)

var update = flag.Bool("update", false, "write the golden files anew")

// edited returns deployEntry with one part replaced.
func edited(old, new string) string {
	if !strings.Contains(deployEntry, old) {
		panic("no " + old)
	}
	return strings.Replace(deployEntry, old, new, 1)
}

// added returns deployEntry with more members.
func added(members string) string {
	return strings.TrimSuffix(deployEntry, "}") + "," + members + "}"
}

func batchOf(entries ...string) string { return `{"entries":[` + strings.Join(entries, ",") + `]}` }

// badRequests are requests that must be refused, by the method.
var badRequests = []struct {
	method string
	bodies []string
}{
	{rpc.Record, []string{
		"", " ", "{", "[7]", "[", "null", "7", `"x"`, "{}", `{"project"}`, deployEntry + "x", deployEntry + "{}", "[" + deployEntry + "]" + deployEntry,
		batchOf(deployEntry, "{}"), batchOf(deployEntry, "7"), batchOf(deployEntry, "null"), batchOf(deployEntry, ""), `{"entries":{}}`, `{"entries":null}`,
		`{"entries":[` + deployEntry, `{"entries":[` + deployEntry + `}`, batchOf(deployEntry) + `{}`, `{"entries":[],"entries":[]}`, `{"entries":[],"project":"acme"}`,
		`{"project":"acme","entries":[` + deployEntry + `]}`,
		batchOf(deployEntry, edited(`"success"`, `"maybe"`)), batchOf(deployEntry, deployEntry, edited(`"outcome":"success"`, `"outcome":true`)),
		edited(`"project":"acme"`, `"project":""`), edited(`"acme"`, `"_auditlog"`), edited(`"acme"`, `"_mine"`), edited(`"acme"`, `"ac\nme"`), edited(`"acme"`, `"ac\u0000me"`),
		edited(`"acme"`, `"`+strings.Repeat("a", 129)+`"`), batchOf(deployEntry, edited(`"acme"`, `"_auditlog"`)),
		edited(`"email":"ada@example.com"`, `"type":"User"`), edited(`"email":"ada@example.com"`, `"email":"a","type":"Robot"`),
		edited(`{"email":"ada@example.com"}`, `"ada@example.com"`), edited(`{"email":"ada@example.com"}`, `null`),
		edited(`"action"`, `"Action"`), edited(`"action"`, `"acton"`), edited(`"type":"Deployment"`, `"typ":"Deployment"`), edited(`"deployment.deploy"`, `["deployment.deploy"]`),
		edited(`"name":"web"`, `"locationID":"x"`), added(`"whatever":1`), added(`"":1`), added(`"\u0000\u202e":1`), added(`"` + strings.Repeat("é", 100) + `":1`),
		added(`"detail":"a","detail":"b"`), added(`"metadata":{"a":"1","a":"2"}`), added(`"metadata":{"a":1}`), added(`"metadata":{"7":1}`), added(`"metadata":{"":"x"}`), added(`"metadata":["x"]`),
		added(`"changes":[{"field":"replicas","old":2,"new":"4"}]`), added(`"changes":[{"old":"2"}]`), added(`"changes":{}`),
		added("\"detail\":\"\xff\""), added("\"metadata\":{\"\xff\":\"\"}"), added(`"detail":"\ud800"`), added("\"detail\":\"a\nb\""), added(`"detail":"\x"`),
		added(`"id":7`), added(`"id":"7"`), added(`"recordedAt":"2026-05-04T12:00:00Z"`), added(`"seq":1`), added(`"recordedBy":"auditlog"`), batchOf(deployEntry, added(`"id":0`)),
		added(`"createdAt":"yesterday"`), added(`"createdAt":1777896930`), added(`"createdAt":"2026-05-04"`), added(`"createdAt":"2026-13-04T00:00:00Z"`),
		added(`"createdAt":"10000-01-01T00:00:00Z"`), added(`"createdAt":"-0001-01-01T00:00:00Z"`), added(`"createdAt":"2026-05-04T12:05:01Z"`), added(`"createdAt":"0000-01-01T00:00:00Z"`),
		added(`"channel":"fax"`), added(`"key":"` + strings.Repeat("k", 257) + `"`), added(`"key":7`), added(`"request":{"ip":"::1","port":7}`),
	}},
	{rpc.List, []string{
		"", "[]", `{"order":"first"}`, `{"order":true}`, `{"project":7}`, `{"project":"_x"}`, `{"projekt":"acme"}`, `{"project":"acme","resourcetype":"x"}`,
		`{"project":"acme","limit":-1}`, `{"project":"acme","limit":1001}`, `{"project":"acme","limit":99999999999999999999}`, `{"project":"acme","limit":1.5}`, `{"project":"acme","limit":"7"}`,
		`{"project":"acme","cursor":"x"}`, `{"project":"acme","cursor":7}`, `{"project":"acme","outcome":"odd"}`, `{"project":"acme","outcome":["success",7]}`, `{"project":"acme","outcome":3}`, `{"project":"acme","outcome":{}}`,
		`{"project":"acme","actorType":"Robot"}`, `{"project":"acme","channel":"fax"}`, `{"project":"acme","action":"*.deploy"}`, `{"project":"acme","action":"deployment*"}`,
		`{"project":"acme","from":"someday"}`, `{"project":"acme","from":7}`, `{"project":"acme","to":"2026-05-32"}`, `{"project":"acme","from":"24h","zone":"Mars/Base"}`, `{"project":"acme","after":"99999-01-01T00:00:00Z"}`, `{"project":"acme","from":"2026-05-02T00:00:00Z","to":"2026-05-01T00:00:00Z"}`,
		`{"project":"acme","to":"9999-12-31T23:59:59.9999999Z"}`, `{"project":"acme","before":"9999-12-31T23:59:59.9999999-23:59"}`,
		`{"project":"acme","q":"words"}`, `{"project":"acme","actor":"a\u0007"}`, `{"project":"acme","project":"other"}`,
	}},
	{rpc.Get, []string{`{"project":"acme"}`, `{"project":"acme","id":0}`, `{"project":"acme","id":-1}`, `{"project":"acme","id":1}`, `{"id":1}`, `{"project":"acme","id":"1"}`, `{"project":"acme","id":9223372036854775808}`}},
	{rpc.Stats, []string{`{"project":"acme","buckets":-1}`, `{"project":"acme","buckets":1001}`, `{"project":"acme","interval":"fortnight"}`, `{"project":"acme","zone":"Mars/Base"}`, `{"project":"acme","zone":"Local"}`, `{"project":"acme","interval":"day","buckets":7}`, `{"project":"acme","limit":1}`}},
	{rpc.Export, []string{`{"project":"acme","format":"xlsx"}`, `{"project":"acme","cursor":""}`, `{"format":"xlsx"}`}},
	{rpc.Pull, []string{
		`{"project":"_x"}`, `{"project":"acme","to":"2026-05-04"}`, `{"project":"acme","order":"oldest"}`, `{"project":"acme","after":"2026-05-04T00:00:00Z"}`, `{"project":"acme","outcome":"odd"}`,
		`{"project":"acme","limit":-1}`, `{"project":"acme","limit":1001}`, `{"project":"acme","waitSeconds":-1}`, `{"project":"acme","waitSeconds":61}`, `{"project":"acme","waitSeconds":"7"}`,
		`{"project":"acme","cursor":"x"}`, `{"project":"acme","cursor":7}`, `{"project":"acme","from":0}`, `{"project":"acme","from":-7}`, `{"project":"acme","from":2}`, `{"project":"acme","from":1e3}`, `{"project":"acme","from":99999999999999999999}`,
		`{"project":"acme","from":"soon"}`, `{"project":"acme","from":true}`, `{"project":"acme","from":"-7"}`, `{"project":"acme","from":"99999-01-01T00:00:00Z"}`, `{"from":"5"}`,
	}},
	{rpc.Follow, []string{`{"project":"acme","limit":7}`, `{"project":"acme","waitSeconds":7}`, `{"project":"acme","cursor":"x"}`, `{"project":"acme","from":"soon"}`, `{"project":"_x"}`, `{"project":"acme","format":"csv"}`}},
	{rpc.ProjectList, []string{`[]`, `{"project":"acme"}`}},
	{rpc.ProjectGet, []string{`{}`, `{"project":"acme"}`}},
	{"auditLog.delete", []string{`{}`}},
	{"auditLog.rec\u202e\nord", []string{`{}`}},
}

func TestBadRequests(t *testing.T) {
	f := start(t, Options{})
	var got bytes.Buffer
	for _, group := range badRequests {
		fmt.Fprintf(&got, "# %q\n", group.method)
		for _, body := range group.bodies {
			r := f.request(http.MethodPost, "/", body)
			r.URL.Path = "/" + group.method
			res, answer := f.do(r)
			var e fault
			decodeAnswer(t, answer, &e)
			short := strings.ReplaceAll(body, deployEntry, "ENTRY")
			if len(short) > 400 {
				short = short[:100] + "…" + short[len(short)-100:]
			}
			fmt.Fprintf(&got, "%q\n\t%d %s: %s\n", short, res.StatusCode, e.Error.Code, e.Error.Message)
			if res.StatusCode < 400 || e.Error.Path != "" && !strings.HasPrefix(e.Error.Message, e.Error.Path+": ") {
				t.Errorf("%s %q: %s %s", group.method, short, res.Status, answer)
			}
		}
	}
	compareGolden(t, "testdata/bad.golden", got.Bytes())
	if projects := f.store.Projects(); len(projects) != 0 {
		t.Errorf("something was stored: %+v", projects)
	}
	f.ok(rpc.Record, deployEntry, nil)
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s", path, got)
	}
}

// Each of these is too much of something: the answer is 413, and nothing is stored.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	huge := added(`"detail":"` + strings.Repeat("a", audit.MaxStored) + `"`)
	tests := map[string]struct{ method, body, want string }{
		"an entry":             {rpc.Record, huge, "the body must be at most 65535 bytes as stored"},
		"one of a batch":       {rpc.Record, batchOf(deployEntry, huge), "entries[1]: must be at most 65535 bytes as stored"},
		"an entry's JSON":      {rpc.Record, batchOf(added(`"detail":"` + strings.Repeat("a", intake.MaxEntryJSON) + `"`)), "entries[0]: must be at most 65535 bytes as stored"},
		"many changes":         {rpc.Record, batchOf(added(`"changes":[` + strings.Repeat("{},", intake.MaxEntryJSON/3) + `{}]`)), "entries[0]: must be at most 65535 bytes as stored"},
		"a batch":              {rpc.Record, batchOf(strings.Repeat(deployEntry+",", audit.MaxBatch) + deployEntry), "entries: must be at most 10000 at once"},
		"a batch of nothing":   {rpc.Record, batchOf(strings.Repeat("{},", 1<<20) + "{}"), "entries: must be at most 10000 at once"},
		"a body":               {rpc.Record, batchOf(strings.Repeat(" ", audit.MaxBatchSize)), "the body must be at most 32 MiB"},
		"a query":              {rpc.List, `{"project":"acme","q":"` + strings.Repeat("a", maxRequest) + `"}`, "the body must be at most 1 MiB"},
		"deep nesting":         {rpc.Record, added(`"metadata":` + strings.Repeat("[", 1<<20)), "the body must be at most 65535 bytes as stored"},
		"an entry, as escapes": {rpc.Record, added(`"detail":"` + strings.Repeat(`\u0061`, audit.MaxStored) + `"`), "the body must be at most 65535 bytes as stored"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := f.bad(http.StatusRequestEntityTooLarge, tt.method, tt.body)
			if !strings.HasPrefix(e.Error.Message, tt.want) {
				t.Errorf("the answer is %q, want %q", e.Error.Message, tt.want)
			}
		})
	}
	if projects := f.store.Projects(); len(projects) != 0 {
		t.Errorf("something was stored: %+v", projects)
	}
	f.ok(rpc.Record, batchOf(strings.Repeat(deployEntry+",", audit.MaxBatch-1)+deployEntry), nil)
	if n := f.count("acme"); n != audit.MaxBatch {
		t.Errorf("of the largest batch, %d entries are there", n)
	}
}
