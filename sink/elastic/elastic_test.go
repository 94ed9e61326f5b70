package elastic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

func open(t *testing.T, c sink.Config) sink.Destination {
	t.Helper()
	d, err := kinds.Open(c, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// bulk answers as _bulk does: what is there is a conflict, what is refused a parsing error.
func bulk(t *testing.T, w *sinktest.Web) {
	there := make(map[string]bool)
	w.Answer = func(rw http.ResponseWriter, r *http.Request, body []byte) {
		if r.URL.Path != "/es/_bulk" || r.Header.Get("Authorization") != "ApiKey s3cret" {
			t.Errorf("%s, %v", r.URL, r.Header)
		}
		lines := w.Lines(body)
		var items []string
		failed := false
		for i := 0; i+1 < len(lines); i += 2 {
			var op struct {
				Create struct {
					Index string `json:"_index"`
					ID    string `json:"_id"`
				}
			}
			var doc struct {
				At       string `json:"@timestamp"`
				Auditlog struct{ ID int64 }
			}
			if err := errors.Join(json.Unmarshal([]byte(lines[i]), &op), json.Unmarshal([]byte(lines[i+1]), &doc)); err != nil {
				t.Fatal(err)
			}
			id := doc.Auditlog.ID
			if op.Create.Index != "logs-auditlog-default" || op.Create.ID != sinktest.Lineage().Key(id) || doc.At == "" {
				t.Errorf("%s %s", lines[i], lines[i+1])
			}
			status, why := http.StatusCreated, ""
			switch {
			case w.Refuses(id):
				status, why = http.StatusBadRequest, `,"error":{"type":"document_parsing_exception","reason":"failed to parse"}`
			case there[op.Create.ID]:
				status, why = http.StatusConflict, `,"error":{"type":"version_conflict_engine_exception","reason":"already exists"}`
			default:
				there[op.Create.ID] = true
				w.Take(id)
			}
			failed = failed || why != ""
			items = append(items, fmt.Sprintf(`{"create":{"status":%d%s}}`, status, why))
		}
		fmt.Fprintf(rw, `{"errors":%t,"items":[%s]}`, failed, strings.Join(items, ","))
	}
}

func TestExam(t *testing.T) {
	for _, scheme := range []string{"elastic", "opensearch"} {
		t.Run(scheme, func(t *testing.T) {
			w := sinktest.NewWeb(t)
			bulk(t, w)
			sinktest.Run(t, sinktest.Exam{
				Open: func(t *testing.T) sink.Destination {
					return open(t, sink.Config{To: scheme + "+http://" + w.Address() + "/es/logs-auditlog-default", Secrets: map[string]string{"authorization": "ApiKey s3cret"}})
				},
				Receiver: w, Faults: sinktest.WebFaults(), Refuses: true,
			})
			// Twice is once.
			seen := make(map[int64]bool)
			for _, id := range w.Taken() {
				if seen[id] {
					t.Errorf("id %d is there twice", id)
				}
				seen[id] = true
			}
		})
	}
}

// Of a batch of which some entries wait, or the index is missing, nothing is given up.
func TestItems(t *testing.T) {
	const ok, bad, busy, missing = `{"create":{"status":201}}`, `{"create":{"status":400,"error":{"type":"x","reason":"y\n z"}}}`,
		`{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue"}}}`,
		`{"create":{"status":404,"error":{"type":"index_not_found_exception","reason":"no such index"}}}`
	for _, c := range []struct {
		items []string
		want  string
	}{
		{[]string{ok, ok}, ""},
		{[]string{ok, bad}, "1 entries refused: answered 400: x: y z"},
		{[]string{bad, busy}, "answered 429: es_rejected_execution_exception: queue"},
		{[]string{busy, missing}, "answered 404: index_not_found_exception: no such index"},
		{[]string{ok}, "the answer to _bulk tells of 1 entries, not of 2"},
	} {
		w := sinktest.NewWeb(t)
		w.Answer = func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
			fmt.Fprintf(rw, `{"errors":true,"items":[%s]}`, strings.Join(c.items, ","))
		}
		d := open(t, sink.Config{To: "elastic+http://" + w.Address() + "/a"})
		defer d.Close()
		err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(2)))
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%v: %v", c.items, err)
		}
		if later := new(sink.Later); errors.As(err, &later) != strings.HasPrefix(c.want, "answered 429") {
			t.Errorf("%v: %#v", c.items, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, to := range []string{"elastic+https://es.example.com", "elastic+https://es.example.com/", "elastic+https://es.example.com/_bulk", "elastic+https://es.example.com/a,b"} {
		if _, err := kinds.Open(sink.Config{To: to}, sinktest.Environment()); err == nil || !strings.HasPrefix(err.Error(), "to: must end in the name of an index") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// What is asked for is the newest document with a checkpoint, in the fields of each format.
func TestNewest(t *testing.T) {
	for format, want := range map[string]string{
		"json": `{"query":{"match":{"action":"log.checkpoint"}},"size":20,"sort":[{"createdAt":{"order":"desc","unmapped_type":"date"}}]}`,
		"ecs":  `{"query":{"match":{"event.action":"log.checkpoint"}},"size":20,"sort":[{"@timestamp":{"order":"desc","unmapped_type":"date"}}]}`,
		"ocsf": `{"query":{"match":{"metadata.event_code":"log.checkpoint"}},"size":20,"sort":[{"time":{"order":"desc","unmapped_type":"long"}}]}`,
	} {
		w := sinktest.NewWeb(t)
		answer, status := "", http.StatusOK
		w.Answer = func(rw http.ResponseWriter, r *http.Request, body []byte) {
			if r.URL.Path != "/logs-auditlog-default/_search" || string(body) != want {
				t.Errorf("%s: %s %s", format, r.URL, body)
			}
			rw.WriteHeader(status)
			fmt.Fprint(rw, answer)
		}
		d := open(t, sink.Config{To: "elastic+http://" + w.Address() + "/logs-auditlog-default", Format: format})
		defer d.Close()
		own := func(mark []byte) bool { return strings.HasPrefix(string(mark), "own") }
		hit := func(mark string) string {
			return fmt.Sprintf(`{"_source":{"labels":{"mark":%q}}}`, sink.Mark([]byte(mark)))
		}
		for _, c := range []struct {
			status       int
			answer, want string
			fails        bool
		}{
			{status: 404, answer: `{"error":"index_not_found_exception"}`},
			{status: 200, answer: `{}`},
			{status: 200, answer: `{"hits":{"hits":[` + hit("other 3") + "," + hit("own 2") + "," + hit("own 1") + `]}}`, want: "own 2"},
			{status: 403, answer: `{"error":"security_exception"}`, fails: true},
			{status: 200, answer: `<html>`, fails: true},
		} {
			answer, status = c.answer, c.status
			mark, err := d.(sink.Asker).Newest(t.Context(), own)
			if string(mark) != c.want || (err != nil) != c.fails {
				t.Errorf("%s: %s: %q, %v", format, c.answer, mark, err)
			}
		}
	}
}
