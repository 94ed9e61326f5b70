package loki_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

// loki answers as Loki does. What it has, by time and text, it keeps once.
func loki(t *testing.T, w *sinktest.Web) {
	last := make(map[string]int64)
	there := make(map[string]bool)
	w.Answer = func(rw http.ResponseWriter, r *http.Request, body []byte) {
		if r.URL.Path != "/loki/api/v1/push" || r.Header.Get("X-Scope-OrgID") != "ops" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s, %v", r.URL, r.Header)
		}
		var push struct {
			Streams []struct {
				Stream map[string]string
				Values [][2]string
			}
		}
		if err := json.Unmarshal(body, &push); err != nil {
			t.Fatal(err)
		}
		var entries []*audit.Entry
		for _, s := range push.Streams {
			for _, v := range s.Values {
				e := new(audit.Entry)
				if err := json.Unmarshal([]byte(v[1]), e); err != nil {
					t.Fatal(err)
				}
				if s.Stream["project"] != e.Project || s.Stream["job"] != "auditlog" || s.Stream["env"] != "prod" || v[0] != strconv.FormatInt(e.RecordedAt.UnixNano(), 10) {
					t.Errorf("%v: %v", s.Stream, v)
				}
				entries = append(entries, e)
			}
		}
		for _, e := range entries {
			if w.Refuses(e.ID) {
				http.Error(rw, "entry too far behind", http.StatusBadRequest)
				return
			}
		}
		for _, e := range entries {
			if e.ID < last[e.Project] && !there[string(e.AppendJSON(nil))] {
				t.Errorf("id %d comes behind %d", e.ID, last[e.Project])
			}
			last[e.Project] = max(e.ID, last[e.Project])
			there[string(e.AppendJSON(nil))] = true
			w.Take(e.ID)
		}
		rw.WriteHeader(http.StatusNoContent)
	}
}

func TestExam(t *testing.T) {
	w := sinktest.NewWeb(t)
	loki(t, w)
	sinktest.Run(t, sinktest.Exam{
		Open: func(t *testing.T) sink.Destination {
			d, err := kinds.Open(sink.Config{To: "loki+http://" + w.Address(), Settings: map[string]string{"labels": "job=auditlog, env=prod", "tenant": "ops"}}, sinktest.Environment())
			if err != nil {
				t.Fatal(err)
			}
			return d
		},
		// In order within each stream, which the receiver looks at.
		Receiver: w, Faults: sinktest.WebFaults(), Refuses: true, Unordered: true,
	})
}

func TestOneStream(t *testing.T) {
	w := sinktest.NewWeb(t)
	w.Answer = func(_ http.ResponseWriter, _ *http.Request, body []byte) {
		var push struct {
			Streams []struct{ Values [][2]string }
		}
		if err := json.Unmarshal(body, &push); err != nil || len(push.Streams) != 1 || len(push.Streams[0].Values) != 20 {
			t.Errorf("%v in %s", err, body)
		}
	}
	d, err := kinds.Open(sink.Config{To: "loki+http://" + w.Address(), Settings: map[string]string{"by-project": "no"}}, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(20))); err != nil {
		t.Error(err)
	}
}

func TestLabels(t *testing.T) {
	for labels, ok := range map[string]bool{"a=b": true, "a=b,c=d": true, "a": false, "a=": false, "1=b": false, "project=x": false, "a=b,": false} {
		_, err := kinds.Open(sink.Config{To: "loki+https://loki.example.com", Settings: map[string]string{"labels": labels}}, sink.Environment{})
		if (err == nil) != ok {
			t.Error(fmt.Sprint(labels, ": ", err))
		}
	}
}
